public import Core

/// Counts that are older than the retention: added up for each identifier and signal.
extension StateStore {
    /// Adds up the next packed rows of periods that lie before the retention, at most `limit`, in one
    /// transaction. What was added up once is in no row any more, so it can be neither lost nor
    /// counted twice.
    ///
    /// - Returns: the key to go on after; nil after the end.
    /// - Throws: `StoreError`; then nothing has changed.
    /// - Complexity: O(rows * log n).
    public func addUpCells(
        after key: Int64, before retention: Retention, limit: Int = 300
    ) throws(StoreError) -> Int64? {
        let look = try connection.prepare(
            "SELECT key, packed FROM cell WHERE key > ? AND key < ? ORDER BY key LIMIT ?")
        defer { look.reset() }
        look.bind(1, key)
        look.bind(2, CellRow.key(period: retention.firstPeriod, identifier: 0))
        look.bind(3, Int64(limit))
        var looked = 0
        var last: Int64?
        var old: [Int64] = []
        var cells: [DailyCell] = []
        while try look.step() {
            looked += 1
            let key = look.int(0)
            var parts = CellParts(key, look.bytes(1), path: path)
            cells.removeAll(keepingCapacity: true)
            while try parts.next(into: &cells) != nil {}
            if cells.contains(where: { retention.isOver($0.day, $0.signal) }) { old.append(key) }
            last = key
        }
        if !old.isEmpty {
            try connection.transaction { () throws(StoreError) in
                for key in old {
                    try reduceCells(key) { (identifier, cells) throws(StoreError) in
                        try addUp(&cells, of: identifier, before: retention)
                    }
                }
            }
        }
        return looked < limit ? nil : last
    }

    /// Adds counts of one identifier that are too old to its lifetime counts, within a transaction,
    /// and leaves the others.
    func addUp(
        _ cells: inout [DailyCell], of identifier: Int64, before retention: Retention
    ) throws(StoreError) {
        let add = statements.addLifetime
        for cell in cells where retention.isOver(cell.day, cell.signal) {
            add.bind(1, identifier)
            add.bind(2, Int64(cell.signal))
            add.bind(3, cell.tally.n)
            add.bind(4, cell.tally.value)
            try add.run()
        }
        cells.removeAll { retention.isOver($0.day, $0.signal) }
    }
}
