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

/// The cells of one delta, as a log: what each event adds, not yet added up.
///
/// An event appends eight bytes and looks at no memory but the end of the log; equal keys meet when
/// the log is sorted, once, by whoever writes it down. Most events count once and bring no money,
/// so that their key says it all; the others stand in a list of their own.
public struct CellLog: Sendable {
    /// What one event of the second kind adds.
    package struct Entry: Sendable {
        package var key: UInt64
        package var tally: Tally
    }

    /// The keys of events that count once and bring no money, in the order in which they came.
    package private(set) var once: [UInt64] = []
    /// What all others add, in the order in which they came.
    package private(set) var others: [Entry] = []

    /// An empty log.
    public init() {}

    /// An empty log with room for about as much as another one holds.
    init(roomAs other: borrowing CellLog) {
        once.reserveCapacity(other.once.count)
        others.reserveCapacity(other.others.count)
    }

    /// Bytes held, for bounding memory.
    public var footprint: Int { once.count * 8 + others.count * MemoryLayout<Entry>.stride }

    /// Adds to a cell.
    @inline(__always)
    public mutating func add(_ tally: Tally, to key: CellKey) {
        if tally.n == 1, tally.value == 0 {
            once.append(key.packed)
        } else {
            others.append(Entry(key: key.packed, tally: tally))
        }
    }

    /// All additions, in no order; a key may come more than once.
    public func forEachAddition(_ body: (CellKey, Tally) -> Void) {
        for key in once { body(CellKey(packed: key), Tally(n: 1, value: 0)) }
        for entry in others { body(CellKey(packed: entry.key), entry.tally) }
    }

    /// The cells, each once, ascending by key.
    ///
    /// - Complexity: O(n log n) in the additions.
    public func sums() -> [(key: CellKey, tally: Tally)] {
        var sums: [UInt64: Tally] = [:]
        forEachAddition { sums[$0.packed, default: Tally(n: 0, value: 0)].add($1) }
        return sums.sorted { $0.key < $1.key }.map { (CellKey(packed: $0.key), $0.value) }
    }
}
