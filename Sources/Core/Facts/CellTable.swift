/// How often and for how much: the content of a cell.
public struct Tally: Hashable, Sendable {
    /// Events, signed so that a verdict can take them back.
    public var n: Int64
    /// Money in 1/10000 units.
    public var value: Int64

    /// So many events and so much money.
    public init(n: Int64, value: Int64) {
        self.n = n
        self.value = value
    }

    /// Adds another cell's content; sums stop at the ends of Int64.
    public mutating func add(_ other: Tally) {
        n = n.addingSaturating(other.n)
        value = value.addingSaturating(other.value)
    }
}

extension Int64 {
    /// The sum, stopping at the ends of the range.
    @inlinable
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

/// The address of a cell within a delta, packed: identifier number, day, signal.
public struct CellKey: Hashable, Comparable, Sendable {
    /// 32 bits of identifier number, 16 of day, 16 of signal; sorts in that order.
    public let packed: UInt64

    /// The last day that a key can hold, in 2149; an event after it is `future` for every clock.
    public static let lastDay = Day(0xFFFF)

    /// The key of a cell, of a day from 1970 to `lastDay`.
    public init(identifier: Int, day: Day, signal: SignalID) {
        precondition(day.number >= 0 && day <= Self.lastDay)
        packed =
            UInt64(UInt32(identifier)) << 32 | UInt64(UInt16(day.number)) << 16 | UInt64(signal)
    }

    init(packed: UInt64) { self.packed = packed }

    /// The identifier's number in the delta.
    public var identifier: Int { Int(packed >> 32) }
    /// The day.
    public var day: Day { Day(Int32(packed >> 16 & 0xFFFF)) }
    /// The signal.
    public var signal: SignalID { SignalID(truncatingIfNeeded: packed) }

    /// By identifier, day, signal.
    public static func < (left: Self, right: Self) -> Bool { left.packed < right.packed }
}

/// The cells of one delta.
///
/// Open addressing with linear probing, one 24-byte slot a cell, so that an event costs one cache
/// miss here. Invariants: `slots.count` is a power of two, at most 5/8 of the slots are taken.
public struct CellTable: Sendable {
    private struct Slot {
        var key: UInt64
        var tally: Tally
    }

    /// No cell has this key: its day would be 65,535 and its signal beyond `Bounds.signals`.
    private static let free = UInt64.max

    private var slots: [Slot] = []
    /// How many cells there are.
    public private(set) var count = 0

    /// An empty table.
    public init() {}

    /// An empty table with room for so many cells.
    init(roomFor count: Int) {
        var capacity = 256
        while count * 8 >= capacity * 5 { capacity *= 2 }
        slots = [Slot](
            repeating: Slot(key: Self.free, tally: Tally(n: 0, value: 0)), count: capacity)
    }

    /// Bytes held, for bounding memory.
    public var footprint: Int { slots.count * MemoryLayout<Slot>.stride }

    /// Adds to a cell.
    public mutating func add(_ tally: Tally, to key: CellKey) {
        if count * 8 >= slots.count * 5 { grow() }
        let mask = slots.count - 1
        var slot = Self.spread(key.packed) & mask
        while slots[slot].key != key.packed {
            if slots[slot].key == Self.free {
                slots[slot] = Slot(key: key.packed, tally: tally)
                count += 1
                return
            }
            slot = (slot + 1) & mask
        }
        slots[slot].tally.add(tally)
    }

    /// Asks memory for a cell.
    func prefetch(_ key: CellKey) {
        guard !slots.isEmpty else { return }
        slots.prefetch(Self.spread(key.packed) & (slots.count - 1))
    }

    /// All cells, in no order.
    public func forEach(_ body: (CellKey, Tally) -> Void) {
        for slot in slots where slot.key != Self.free {
            body(CellKey(packed: slot.key), slot.tally)
        }
    }

    private mutating func grow() {
        let old = slots
        let capacity = max(256, old.count * 2)
        slots = [Slot](
            repeating: Slot(key: Self.free, tally: Tally(n: 0, value: 0)), count: capacity)
        for taken in old where taken.key != Self.free {
            var slot = Self.spread(taken.key) & (capacity - 1)
            while slots[slot].key != Self.free { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = taken
        }
    }

    /// The keys are dense numbers that nobody outside chooses, so a fixed mixer is enough.
    ///
    /// - Source: the finaliser of MurmurHash3 (Austin Appleby, public domain).
    private static func spread(_ key: UInt64) -> Int {
        var mixed = key
        mixed ^= mixed >> 33
        mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
        mixed ^= mixed >> 33
        return Int(truncatingIfNeeded: mixed)
    }
}
