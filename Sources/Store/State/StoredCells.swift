import Core

/// The packed rows that the state has of the rows of a batch, copied out before any is written.
struct StoredCells {
    /// Walking goes over at most so many numbers of identifiers for each row that is wanted: a step
    /// costs a quarter of a look-up, and half of the identifiers have no row.
    private static let sparsest: Int64 = 8

    private var bytes: [UInt8] = []
    /// Where the row of each place of the batch lies; empty where there is none.
    private var ranges: [Range<Int>] = []

    /// Whether there is a row at this place of the batch.
    func holdsRow(at place: Int) -> Bool { !ranges[place].isEmpty }

    /// Calls `body` with the row at a place of the batch.
    func withRow<T>(at place: Int, _ body: (ByteSlice) -> T) -> T {
        unsafe bytes.withUnsafeBufferPointer { body(unsafe ByteSlice($0)[ranges[place]]) }
    }

    /// Reads the rows of those that the state may know: in one walk where they lie close, else one by
    /// one.
    mutating func read(
        _ rows: [CellEntries.Row], _ statements: StateStatements
    ) throws(StoreError) {
        bytes.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        for _ in rows { ranges.append(0..<0) }
        func isWanted(_ row: CellEntries.Row) -> Bool {
            !row.identifier.isNew && !row.identifier.isErased
        }
        guard let first = rows.firstIndex(where: isWanted),
            let last = rows.lastIndex(where: isWanted)
        else { return }
        let wanted = rows[first...last].count(where: isWanted)
        guard wanted > 1, rows[last].key - rows[first].key < Self.sparsest * Int64(wanted) else {
            for place in first...last where isWanted(rows[place]) {
                let read = statements.readCell
                read.bind(1, rows[place].key)
                guard try read.step() else { continue }
                take(read.bytes(0), at: place)
                read.reset()
            }
            return
        }
        let walk = statements.readCells
        walk.bind(1, rows[first].key)
        walk.bind(2, rows[last].key)
        var place = first
        while try walk.step() {
            let key = walk.int(0)
            while rows[place].key < key { place += 1 }
            if rows[place].key == key, isWanted(rows[place]) { take(walk.bytes(1), at: place) }
        }
    }

    private mutating func take(_ row: ByteSlice, at place: Int) {
        let start = bytes.count
        unsafe bytes.append(contentsOf: row.buffer)
        ranges[place] = start..<bytes.count
    }
}
