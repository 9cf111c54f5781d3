import Core

/// What identifiers of neighbouring numbers did within one period: a row of `cell` in the making.
///
/// A row is a run of parts, one for each identifier that did anything, ascending:
///
///     place     1 byte: the identifier's number modulo 16
///     length    3 bytes, little-endian, not 0
///     cells     so many bytes, see CellCodec
///
/// A checkpoint names many identifiers that lie close to each other, so that a row is read and written once
/// for several of them.
struct CellRow {
    /// Identifiers that share a row.
    static let identifiers: Int64 = 16
    fileprivate static let headBytes = 4
    /// A part's cells are shorter than this.
    static let partLimit = 1 << 24

    /// Its key in table `cell`.
    private(set) var key: Int64
    /// The row as it is stored; empty if nobody did anything.
    private(set) var bytes: [UInt8] = []
    private let path: String

    /// The key of the row in which an identifier stands.
    static func key(period: Int32, identifier: Int64) -> Int64 {
        Int64(period) << 40 | identifier / identifiers
    }

    /// The period of a row.
    static func period(of key: Int64) -> Int32 { Int32(clamping: key >> 40) }

    /// A row of nobody in a state at a path.
    init(_ key: Int64 = 0, path: String) {
        self.key = key
        self.path = path
    }

    /// Begins another row, in the memory of this one.
    mutating func begin(_ key: Int64) {
        self.key = key
        bytes.removeAll(keepingCapacity: true)
    }

    /// Appends a part as it is stored.
    mutating func append(_ part: CellParts.Part) {
        unsafe bytes.append(contentsOf: part.bytes.buffer)
    }

    /// Appends a part: what is stored of an identifier, and cells that are added to it. Without any there
    /// is none.
    mutating func append(
        _ identifier: Int64, _ stored: ByteSlice = .empty, adding cells: ArraySlice<DailyCell>
    ) throws(StoreError) {
        let start = bytes.count
        bytes.append(UInt8(truncatingIfNeeded: identifier % Self.identifiers))
        for _ in 1..<Self.headBytes { bytes.append(0) }
        guard CellCodec.add(cells, to: stored, into: &bytes) else {
            throw .damagedCells(key, path: path)
        }
        let length = bytes.count - start - Self.headBytes
        guard length < Self.partLimit else {
            throw .sqlite(
                path: path, code: 18,  // SQLITE_TOOBIG
                message: "identifier \(identifier) has too many counts in a period",
                doing: "packing row \(key) of cell")
        }
        guard length > 0 else { return bytes.removeLast(Self.headBytes) }
        for byte in 0..<3 {
            bytes[start + 1 + byte] = UInt8(truncatingIfNeeded: length >> (8 * byte))
        }
    }
}

/// Walks over the parts of a stored row.
///
/// SAFETY: it lives no longer than the bytes of the row, which end with the next step of the statement.
struct CellParts {
    /// What one identifier did within the period.
    struct Part {
        var identifier: Int64
        /// All of the part.
        var bytes: ByteSlice
        /// See CellCodec.
        var cells: ByteSlice { bytes[CellRow.headBytes..<bytes.count] }
    }

    private let key: Int64
    private let row: ByteSlice
    private let path: String
    private var place = 0
    private var lastNumber: Int64 = -1

    /// The row of a key in a state at a path.
    init(_ key: Int64, _ row: ByteSlice, path: String) {
        self.key = key
        self.row = row
        self.path = path
    }

    /// The next part; nil after the last.
    mutating func next() throws(StoreError) -> Part? {
        guard place < row.count else { return nil }
        let head = place
        let start = head + CellRow.headBytes
        guard start < row.count else { throw .damagedCells(key, path: path) }
        let number = Int64(row[place])
        let length = Int(row[place + 1]) | Int(row[place + 2]) << 8 | Int(row[place + 3]) << 16
        guard number > lastNumber, number < CellRow.identifiers, length > 0,
            length <= row.count - start
        else { throw .damagedCells(key, path: path) }
        lastNumber = number
        place = start + length
        return Part(
            identifier: (key & 0xFF_FFFF_FFFF) * CellRow.identifiers + number,
            bytes: row[head..<place])
    }

    /// Appends the cells of the next part.
    ///
    /// - Returns: its identifier; nil after the last.
    mutating func next(into cells: inout [DailyCell]) throws(StoreError) -> Int64? {
        guard let part = try next() else { return nil }
        try decode(part, into: &cells)
        return part.identifier
    }

    /// Appends the cells of a part of this row.
    func decode(_ part: Part, into cells: inout [DailyCell]) throws(StoreError) {
        let period = CellRow.period(of: key)
        guard CellCodec.decode(part.cells, period: period, into: &cells) else {
            throw .damagedCells(key, path: path)
        }
    }

    /// Appends the cells of one identifier, if there are any.
    mutating func find(
        _ identifier: Int64, into cells: inout [DailyCell]
    ) throws(StoreError) {
        while let part = try next() {
            if part.identifier == identifier { try decode(part, into: &cells) }
        }
    }
}

extension StoreError {
    fileprivate static func damagedCells(_ key: Int64, path: String) -> StoreError {
        .damaged(path: path, detail: "row \(key) of cell is not packed as it should be")
    }
}

extension StateStore {
    /// Appends the cells of an identifier in a period; nothing if there are none.
    func readCells(
        of identifier: Int64, period: Int32, into cells: inout [DailyCell]
    ) throws(StoreError) {
        let key = CellRow.key(period: period, identifier: identifier)
        try withStoredCells(key) { (parts) throws(StoreError) in
            try parts.find(identifier, into: &cells)
        }
    }

    /// Takes cells away from identifiers of a row, within a transaction.
    func reduceCells(
        _ key: Int64, _ reduce: (Int64, inout [DailyCell]) throws(StoreError) -> Void
    ) throws(StoreError) {
        var row = CellRow(key, path: path)
        var isReduced = false
        try withStoredCells(key) { (parts) throws(StoreError) in
            var cells: [DailyCell] = []
            while let identifier = try parts.next(into: &cells) {
                let count = cells.count
                try reduce(identifier, &cells)
                if cells.count < count { isReduced = true }
                try row.append(identifier, adding: cells[...])
                cells.removeAll(keepingCapacity: true)
            }
        }
        if isReduced { try write(row) }
    }

    /// Calls `body` with the row that is stored under a key; with one of nobody if there is none.
    func withStoredCells(
        _ key: Int64, _ body: (inout CellParts) throws(StoreError) -> Void
    ) throws(StoreError) {
        let read = statements.readCell
        read.bind(1, key)
        let stored = try read.step() ? read.bytes(0) : .empty
        defer { read.reset() }
        var parts = CellParts(key, stored, path: path)
        try body(&parts)
    }

    /// Writes a row, within a transaction; one of nobody goes.
    func write(_ row: CellRow) throws(StoreError) {
        if row.bytes.isEmpty { return try statements.removeCell.run(row.key) }
        statements.writeCell.bind(1, row.key)
        try statements.writeCell.run(binding: row.bytes, 2)
    }
}
