/// Events that were looked at and wait to be added to a delta, some dozens at a time.
///
/// Each table that an event needs is far from the last place that was looked at, so one event alone
/// would wait for memory several times. Here each step is done for all that wait, and asks for what
/// the next step will need of each.
///
/// - Source: group prefetching (Chen et al., Improving Hash Join Performance through Prefetching,
///   ICDE 2004).
struct PendingEvents: Sendable {
    /// What an event will add.
    struct Entry: Sendable {
        var at: Instant
        var day: Day
        var signal: SignalID
        /// Whether its source may claim any edge.
        var isTrusted: Bool
        var amount: Int64 = 0
        /// By which a second copy is known; nil if nobody can tell.
        var key: UInt64? = nil
        /// Its identifiers, the highest-ranked first.
        var names: Range<Int> = 0..<0
        /// All but the highest-ranked one.
        var others: Range<Int> { (names.lowerBound + 1)..<names.upperBound }
        var topics: Range<Int> = 0..<0
        var isDuplicate = false
        /// The place of its trace; nil if it leaves none.
        var trace: Int? = nil

        init(at: Instant, day: Day, signal: SignalID, isTrusted: Bool) {
            self.at = at
            self.day = day
            self.signal = signal
            self.isTrusted = isTrusted
        }
    }

    private struct Name: Sendable {
        var hash: UInt64
        var start: Int
        var count: Int
        var kind: IdentifierKind
        /// Its number in the delta, once it is known.
        var number = 0

        init(hash: UInt64, start: Int, count: Int, kind: IdentifierKind) {
            self.hash = hash
            self.start = start
            self.count = count
            self.kind = kind
        }
    }

    private static let capacity = 64

    /// The events, in the order in which they came.
    private(set) var entries: [Entry] = []
    private var names: [Name] = []
    private var topics: [SignalID] = []
    private var text: [UInt8] = []
    private var traces: [TraceLog.Row] = []
    private var shifts: [Shift] = []

    /// Whether it is time to add them.
    var isFull: Bool { entries.count >= Self.capacity }

    /// Takes up an event; `name` and `tells` speak of this one until the next.
    mutating func begin(_ entry: Entry) {
        var entry = entry
        entry.names = names.count..<names.count
        entry.topics = topics.count..<topics.count
        entries.append(entry)
    }

    /// An identifier of the event, the highest-ranked first.
    mutating func name(_ value: ByteSlice, _ kind: IdentifierKind, hash: UInt64) {
        names.append(Name(hash: hash, start: text.count, count: value.count, kind: kind))
        unsafe text.append(contentsOf: value.buffer)
        let last = entries.count - 1
        entries[last].names = entries[last].names.lowerBound..<names.count
    }

    /// A topic of the event.
    mutating func tells(of topic: SignalID) {
        topics.append(topic)
        let last = entries.count - 1
        entries[last].topics = entries[last].topics.lowerBound..<topics.count
    }

    /// A trace of the event, and what would change if it were a machine's.
    mutating func leaves(_ trace: TraceLog.Row, _ changes: (inout [Shift]) -> Void) {
        var trace = trace
        let start = Int32(shifts.count)
        changes(&shifts)
        trace.shifts = start..<Int32(shifts.count)
        entries[entries.count - 1].trace = traces.count
        traces.append(trace)
    }

    /// Forgets what waits.
    mutating func clear() {
        entries.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        topics.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        traces.removeAll(keepingCapacity: true)
        shifts.removeAll(keepingCapacity: true)
    }

    /// Marks the events that were counted before, and remembers the others.
    ///
    /// - Returns: how many were.
    mutating func findDuplicates(_ deduplicator: inout Deduplicator) -> Int64 {
        var found: Int64 = 0
        for place in entries.indices {
            guard let key = entries[place].key,
                !deduplicator.isFirst(key, day: entries[place].day)
            else { continue }
            entries[place].isDuplicate = true
            found += 1
        }
        return found
    }

    /// Adds all but the duplicates, and forgets them.
    ///
    /// - Returns: the number of the last one's highest-ranked identifier.
    @discardableResult
    mutating func add(to delta: inout FactDelta) -> Int? {
        guard !entries.isEmpty else { return nil }
        for entry in entries where !entry.isDuplicate {
            for name in entry.names { delta.prefetchRow(names[name].hash) }
        }
        for entry in entries where !entry.isDuplicate {
            for name in entry.names { delta.prefetchValue(names[name].hash) }
        }
        number(in: &delta)
        var last: Int? = nil
        for entry in entries where !entry.isDuplicate {
            last = names[entry.names.lowerBound].number
            addCells(of: entry, to: &delta)
        }
        clear()
        return last
    }

    /// Finds the numbers of the identifiers, and asks for the edges.
    private mutating func number(in delta: inout FactDelta) {
        for entry in entries where !entry.isDuplicate {
            for place in entry.names {
                let name = names[place]
                let number = unsafe text.withUnsafeBufferPointer {
                    let value = unsafe ByteSlice($0)[name.start..<(name.start + name.count)]
                    return delta.number(of: value, kind: name.kind, hash: name.hash)
                }
                names[place].number = number
                delta.saw(number, at: entry.at)
            }
            let root = names[entry.names.lowerBound].number
            for lower in entry.others {
                delta.prefetchEdge(lower: names[lower].number, higher: root)
            }
        }
    }

    private func addCells(of entry: Entry, to delta: inout FactDelta) {
        let root = names[entry.names.lowerBound]
        delta.add(
            Tally(n: 1, value: entry.amount),
            to: CellKey(identifier: root.number, day: entry.day, signal: entry.signal))
        for topic in entry.topics {
            delta.add(
                Tally(n: 1, value: 0),
                to: CellKey(identifier: root.number, day: entry.day, signal: topics[topic]))
        }
        if let place = entry.trace {
            var trace = traces[place]
            trace.identifier = UInt32(root.number)
            let changes = shifts[Int(trace.shifts.lowerBound)..<Int(trace.shifts.upperBound)]
            delta.add(trace, changes)
        }
        for place in entry.others {
            let lower = names[place]
            // Anyone can write a link: a source of low trust joins a cookie to an address only.
            guard entry.isTrusted || (root.kind == .email && lower.kind == .cookie) else {
                continue
            }
            delta.addEdge(lower: lower.number, higher: root.number, at: entry.at)
        }
    }
}
