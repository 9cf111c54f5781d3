import Core

/// When 64 identifiers were first and last seen: a row of `sighting`.
///
/// Twelve bytes each, of either time 6, little-endian milliseconds; zeros where there is no identifier.
/// A checkpoint names many that lie close to each other, and widens all of a row at once.
struct SightingRow {
    /// When an identifier was seen, in milliseconds.
    typealias Times = (first: Int64, last: Int64)

    private static let identifiers = 64
    private static let timeBytes = 6

    /// The row as it is stored.
    private(set) var bytes: [UInt8]

    /// The key of the row of an identifier.
    static func key(of id: Int64) -> Int64 { id / Int64(identifiers) }

    /// Nobody was seen.
    init() { bytes = [UInt8](repeating: 0, count: Self.identifiers * 2 * Self.timeBytes) }

    /// A stored row; nil if it is none.
    init?(_ stored: ByteSlice) {
        guard stored.count == Self.identifiers * 2 * Self.timeBytes else { return nil }
        bytes = stored.array
    }

    /// Whether nobody was seen.
    var isEmpty: Bool { bytes.allSatisfy { $0 == 0 } }

    /// When an identifier was seen; nil if it was not.
    func times(of id: Int64) -> Times? {
        let place = Self.place(of: id)
        let last = time(at: place + Self.timeBytes)
        return last == 0 ? nil : (time(at: place), last)
    }

    /// Widens the times of an identifier to include others.
    ///
    /// - Returns: whether that changed them.
    mutating func widen(_ id: Int64, to times: Times) -> Bool {
        let known = self.times(of: id)
        if let known, known.first <= times.first, known.last >= times.last { return false }
        let place = Self.place(of: id)
        set(min(times.first, known?.first ?? .max), at: place)
        set(max(times.last, known?.last ?? 0), at: place + Self.timeBytes)
        return true
    }

    /// Forgets an identifier.
    mutating func forget(_ id: Int64) {
        let place = Self.place(of: id)
        set(0, at: place)
        set(0, at: place + Self.timeBytes)
    }

    private static func place(of id: Int64) -> Int {
        Int(id % Int64(identifiers)) * 2 * timeBytes
    }

    private func time(at place: Int) -> Int64 {
        bytes[place..<(place + Self.timeBytes)].reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    private mutating func set(_ time: Int64, at place: Int) {
        for byte in 0..<Self.timeBytes {
            bytes[place + byte] = UInt8(truncatingIfNeeded: time >> Int64(8 * byte))
        }
    }
}

/// Looks up when identifiers were seen, keeping the rows that were read last.
struct SightingReader {
    private static let slots: Int64 = 64

    private let store: StateStore
    private var rows: [(key: Int64, row: SightingRow)?]

    init(_ store: StateStore) {
        self.store = store
        rows = Array(repeating: nil, count: Int(Self.slots))
    }

    /// When an identifier of the state was seen.
    mutating func times(of id: Int64) throws(StoreError) -> SightingRow.Times {
        let key = SightingRow.key(of: id)
        let slot = Int(key % Self.slots)
        if rows[slot]?.key != key { rows[slot] = (key, try store.sightings(key)) }
        guard let times = rows[slot]?.row.times(of: id) else {
            throw .damaged(path: store.path, detail: "identifier \(id) was never seen")
        }
        return times
    }
}

extension StateStore {
    /// A row of `sighting`; one of nobody if there is none.
    func sightings(_ key: Int64) throws(StoreError) -> SightingRow {
        let read = statements.readSighting
        read.bind(1, key)
        guard try read.step() else { return SightingRow() }
        defer { read.reset() }
        guard let row = SightingRow(read.bytes(0)) else {
            throw .damaged(path: path, detail: "row \(key) of sighting has the wrong length")
        }
        return row
    }

    /// Forgets when an identifier was seen, within a transaction.
    func forgetSightings(of id: Int64) throws(StoreError) {
        let key = SightingRow.key(of: id)
        var row = try sightings(key)
        row.forget(id)
        if row.isEmpty { return try statements.removeSighting.run(key) }
        statements.writeSighting.bind(1, key)
        try statements.writeSighting.run(binding: row.bytes, 2)
    }

    /// Widens the times of the identifiers of a delta, in the order in which they lie.
    func widen(
        _ resolved: [ResolvedIdentifier], _ rows: [IdentifierTable.Row]
    ) throws(StoreError) {
        let order = RadixOrder.indices(of: resolved.map { UInt64($0.id) })
        // Those that are erased have no number, and come first.
        var place = order.firstIndex { !resolved[Int($0)].isErased } ?? order.count
        while place < order.count {
            let key = SightingRow.key(of: resolved[Int(order[place])].id)
            var row = try sightings(key)
            var isWider = false
            while place < order.count {
                let number = Int(order[place])
                let id = resolved[number].id
                guard SightingRow.key(of: id) == key else { break }
                if row.widen(id, to: (rows[number].first, rows[number].last)) { isWider = true }
                place += 1
            }
            guard isWider else { continue }
            statements.writeSighting.bind(1, key)
            try statements.writeSighting.run(binding: row.bytes, 2)
        }
    }
}
