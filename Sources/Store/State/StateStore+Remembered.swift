public import Core

/// What formats remember of earlier lines, kept beside the positions of those lines.
extension StateStore {
    /// What was remembered of a source, by key.
    public func remembered(of source: String) throws(StoreError) -> [RememberedText] {
        let read = try connection.prepare(
            "SELECT key, text, at FROM remembered WHERE source = ? ORDER BY key")
        read.bind(1, source)
        var texts: [RememberedText] = []
        while try read.step() {
            texts.append(
                RememberedText(key: read.bytes(0).array, text: read.bytes(1).array, at: read.int(2))
            )
        }
        return texts
    }

    func write(
        remembered: [(source: String, text: RememberedText)]
    ) throws(StoreError) {
        for (source, entry) in remembered {
            guard let text = entry.text else {
                statements.forget.bind(1, source)
                statements.forget.bind(blob: entry.key, 2)
                try statements.forget.run()
                continue
            }
            statements.remember.bind(1, source)
            statements.remember.bind(blob: entry.key, 2)
            statements.remember.bind(blob: text, 3)
            statements.remember.bind(4, entry.at)
            try statements.remember.run()
        }
    }
}
