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
        after key: Int64, before retention: Retention, limit: Int = 2000
    ) throws(StoreError) -> Int64? {
        let look = try connection.prepare(
            "SELECT key, packed FROM cell WHERE key > ? AND key < ? ORDER BY key LIMIT ?")
        defer { look.reset() }
        look.bind(1, key)
        look.bind(2, CellEntries.key(period: retention.firstPeriod, identifier: 0))
        look.bind(3, Int64(limit))
        var rows: [(key: Int64, cells: [DailyCell])] = []
        while try look.step() {
            var cells: [DailyCell] = []
            let key = look.int(0)
            guard CellCodec.decode(look.bytes(1), period: Int32(clamping: key >> 40), into: &cells)
            else {
                throw .damaged(path: path, detail: "row \(key) of cell cannot be read")
            }
            rows.append((key, cells))
        }
        let last = rows.count < limit ? nil : rows.last?.key
        rows.removeAll { row in
            row.cells.allSatisfy { !retention.isOver($0.day, $0.signal) }
        }
        guard !rows.isEmpty else { return last }
        try connection.transaction { () throws(StoreError) in
            for row in rows { try addUp(row.cells, of: row.key, before: retention) }
        }
        return last
    }

    private func addUp(
        _ cells: [DailyCell], of key: Int64, before retention: Retention
    ) throws(StoreError) {
        var kept = cells
        try addUp(&kept, of: key & 0xFF_FFFF_FFFF, before: retention)
        guard !kept.isEmpty else { return try statements.removeCell.run(key) }
        var packed: [UInt8] = []
        CellCodec.encode(kept[...], into: &packed)
        statements.writeCell.bind(1, key)
        try statements.writeCell.run(binding: packed, 2)
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
