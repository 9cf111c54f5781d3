/// What would change if an event were a machine's: cells that lose by it, and cells that gain.
public struct Shift: Hashable, Sendable {
    /// The cell's signal, topic or machine twin.
    public var signal: SignalID
    /// What is added to it; below zero for what is taken back.
    public var tally: Tally

    /// A change of one cell.
    public init(signal: SignalID, tally: Tally) {
        self.signal = signal
        self.tally = tally
    }
}

/// What the events of one delta say about machines: a trace for each event that may turn out to be a
/// machine's, or shows that others are.
///
/// Traces are only appended here, and added up by whoever commits them: their sums do not depend on
/// the order.
public struct TraceLog: Sendable {
    /// One event.
    public struct Row: Sendable {
        /// When, in seconds since 1970.
        public var second: Int64
        /// The link of a message that was followed, `TraceLog.link`; 0 for none.
        public var link: UInt64
        /// The number of the identifier in the delta.
        public var identifier: UInt32
        /// Whether the link was a honeypot.
        public var isHoneypot: Bool
        /// What would change; none if it is a machine's anyhow.
        var shifts: Range<Int32>
    }

    /// The traces in the order in which they came.
    public private(set) var rows: [Row] = []
    private var shifts: [Shift] = []

    /// No traces.
    public init() {}

    /// Bytes held, for bounding memory.
    public var footprint: Int {
        rows.count * MemoryLayout<Row>.stride + shifts.count * MemoryLayout<Shift>.stride
    }

    /// A link of a message, from the hashes of both.
    public static func link(_ url: UInt64, of message: UInt64) -> UInt64 {
        max(1, (message >> 32) << 32 | url >> 32)
    }

    /// The message of a link.
    public static func message(of link: UInt64) -> UInt32 { UInt32(link >> 32) }

    /// What would change if the event of a trace were a machine's.
    public func shifts(of row: Row) -> ArraySlice<Shift> {
        shifts[Int(row.shifts.lowerBound)..<Int(row.shifts.upperBound)]
    }

    /// Adds a trace.
    mutating func add(_ row: Row, _ changes: some Collection<Shift>) {
        var row = row
        let start = Int32(shifts.count)
        shifts.append(contentsOf: changes)
        row.shifts = start..<Int32(shifts.count)
        rows.append(row)
    }

    /// Adds the traces of another delta, whose identifiers have these numbers here.
    mutating func merge(_ other: TraceLog, _ numbers: [Int]) {
        for row in other.rows {
            var moved = row
            moved.identifier = UInt32(numbers[Int(row.identifier)])
            add(moved, other.shifts(of: row))
        }
    }
}
