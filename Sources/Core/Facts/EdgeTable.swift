/// How often two identifiers were seen together.
public struct EdgeTally: Hashable, Sendable {
    /// Milliseconds of the first time.
    public var first: Int64
    /// Milliseconds of the last time.
    public var last: Int64
    /// How often.
    public var n: Int64

    /// Adds what another delta knows of the same edge.
    mutating func add(_ other: EdgeTally) {
        first = min(first, other.first)
        last = max(last, other.last)
        n = n.addingSaturating(other.n)
    }
}

/// The edges of one delta, by the numbers of their ends.
///
/// Open addressing with linear probing over rows in the order in which they first occurred.
/// Invariants: `slots.count` is a power of two, at most half of the slots are taken; a slot holds a
/// row's number plus one, 0 if it is free.
public struct EdgeTable: Sendable {
    /// One edge.
    public struct Row: Sendable {
        /// The number of the identifier of the lower rank.
        public var lower: UInt32
        /// The number of the identifier of the higher rank.
        public var higher: UInt32
        /// How often, and when.
        public var tally: EdgeTally
    }

    /// The edges in the order in which they first occurred.
    public private(set) var rows: [Row] = []
    private var slots: [UInt32] = []

    /// No edges.
    public init() {}

    /// How many edges there are.
    public var count: Int { rows.count }
    /// Bytes held, for bounding memory.
    public var footprint: Int { rows.count * MemoryLayout<Row>.stride + slots.count * 4 }

    /// Adds to an edge.
    public mutating func add(_ tally: EdgeTally, lower: Int, higher: Int) {
        if rows.count * 2 >= slots.count { grow() }
        var slot = Self.place(UInt32(lower), UInt32(higher), slots.count)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if rows[number].lower == UInt32(lower), rows[number].higher == UInt32(higher) {
                rows[number].tally.add(tally)
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        rows.append(Row(lower: UInt32(lower), higher: UInt32(higher), tally: tally))
        slots[slot] = UInt32(rows.count)
    }

    /// Asks memory for the place of an edge.
    func prefetch(lower: Int, higher: Int) {
        guard !slots.isEmpty else { return }
        slots.prefetch(Self.place(UInt32(lower), UInt32(higher), slots.count))
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: max(64, slots.count * 2))
        for (number, row) in rows.enumerated() {
            var slot = Self.place(row.lower, row.higher, slots.count)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number + 1)
        }
    }

    /// The ends are dense numbers that nobody outside chooses: multiplying by the golden ratio
    /// spreads them well enough (Knuth, The Art of Computer Programming, vol. 3, 6.4).
    private static func place(_ lower: UInt32, _ higher: UInt32, _ capacity: Int) -> Int {
        let key = (UInt64(lower) << 32 | UInt64(higher)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: (key ^ key >> 32) >> 8) & (capacity - 1)
    }
}
