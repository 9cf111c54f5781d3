public import Core

/// What kind of name a number stands for.
public enum NameClass: Int64, Sendable {
    /// A signal.
    case signal = 0
    /// What a signal would have counted, had a person done it.
    case machineTwin = 1
    /// A topic of interest.
    case topic = 2
    /// A rule that tells machines from people: how often it applied, beside what it was applied to.
    case originRule = 3

    /// Names of different classes can be alike; this keeps them apart where they stand together.
    func qualified(_ name: String) -> String {
        switch self {
        case .signal, .topic: name
        case .machineTwin: name + ":machine"
        case .originRule: "machine:" + name
        }
    }
}

/// The names of the numbers under which cells are kept.
public struct NameTable: Sendable {
    /// Names and classes by number; `page_view:machine` is a twin's, `machine:crawler` a rule's.
    public private(set) var names: [SignalID: (name: String, nameClass: NameClass)] = [:]
    private var numbers: [NameClass: [String: SignalID]] = [:]

    mutating func add(_ name: String, _ nameClass: NameClass, _ number: SignalID) {
        names[number] = (nameClass.qualified(name), nameClass)
        numbers[nameClass, default: [:]][name] = number
    }

    /// The number of a name; nil if it never had one.
    public func number(_ name: String, _ nameClass: NameClass = .signal) -> SignalID? {
        numbers[nameClass]?[name]
    }

    /// The name of a number.
    public func name(_ number: SignalID) -> String { names[number]?.name ?? "signal \(number)" }

    /// Whether cells of this number are events: topics and rules are counted beside them.
    public func isSignal(_ number: SignalID) -> Bool {
        switch names[number]?.nameClass {
        case .topic, .originRule: false
        case .signal, .machineTwin, nil: true
        }
    }
}

/// A stream with all that was ever counted of it.
public struct StreamSummary: Sendable {
    /// How far it was read.
    public var position: StreamPosition
    /// Lines read.
    public var lines: Int64
    /// Records read.
    public var records: Int64
    /// Records by outcome name, then reason.
    public var outcomes: [String: [String: Int64]]

    /// Records with an outcome.
    public subscript(outcome: Outcome) -> Int64 {
        (outcomes[outcome.name] ?? [:]).values.reduce(0, +)
    }
}

extension StateStore {
    /// The names that the state knows, after giving numbers to new ones.
    public func intern(signals: [String], topics: [String]) throws(StoreError) -> NameTable {
        try connection.transaction { () throws(StoreError) -> NameTable in
            let add = try connection.prepare(
                "INSERT INTO signal(name, class) VALUES (?, ?) ON CONFLICT DO NOTHING")
            let rules = OriginRule.machines.map(\.name)
            for (names, nameClass) in [
                (signals, NameClass.signal), (topics, .topic), (signals, .machineTwin),
                (rules, .originRule),
            ] {
                for name in names {
                    add.bind(1, name)
                    add.bind(2, nameClass.rawValue)
                    try add.run()
                }
            }
            let table = try names()
            guard table.names.count < Bounds.signals else {
                throw .unlawful(detail: "more than \(Bounds.signals) signals")
            }
            return table
        }
    }

    /// The names that the state knows.
    public func names() throws(StoreError) -> NameTable {
        var table = NameTable()
        let read = try connection.prepare("SELECT id, name, class FROM signal ORDER BY id")
        while try read.step() {
            guard let number = SignalID(exactly: read.int(0)),
                let nameClass = NameClass(rawValue: read.int(2))
            else { throw .damaged(path: path, detail: "a row of signal is out of range") }
            table.add(read.text(1), nameClass, number)
        }
        return table
    }

    /// How far each stream was read; not those that are only sums of others any more.
    public func positions() throws(StoreError) -> [StreamPosition] {
        try streams(whereClause: "WHERE path <> x''").map(\.position)
    }

    /// Streams with their counts, by id; only those named, if any are.
    public func streams(_ ids: Set<Int64>? = nil) throws(StoreError) -> [StreamSummary] {
        guard let ids else { return try streams(whereClause: "") }
        if ids.isEmpty { return [] }
        let list = ids.sorted().map(String.init).joined(separator: ",")
        return try streams(whereClause: "WHERE id IN (\(list))")
    }

    private func streams(whereClause: String) throws(StoreError) -> [StreamSummary] {
        var result: [StreamSummary] = []
        let read = try connection.prepare(
            """
            SELECT id, source, path, device, inode, generation, born, offset, size, head, anchor,
                anchor_length, lost_bytes, retired, lines_read, records_read, anchors, seam,
                packed_size, packed_modified, packed_read
            FROM stream \(whereClause) ORDER BY id
            """)
        let outcomes = try connection.prepare(
            "SELECT outcome, reason, n FROM outcome WHERE stream = ?")
        while try read.step() {
            let packed = read.optionalInt(18).map {
                PackedFile(size: $0, modified: read.int(19), isRead: read.int(20) != 0)
            }
            let position = StreamPosition(
                id: read.int(0), source: read.text(1), path: read.bytes(2).array,
                identity: FileIdentity(
                    device: UInt64(bitPattern: read.int(3)),
                    inode: UInt64(bitPattern: read.int(4)),
                    generation: UInt64(bitPattern: read.int(5)), born: read.int(6)),
                offset: read.int(7), size: read.int(8), head: read.bytes(9).array,
                anchor: UInt64(bitPattern: read.int(10)), anchorLength: Int(read.int(11)),
                lostBytes: read.int(12), retired: read.int(13) != 0, seam: read.int(17),
                anchors: AnchorCodec.decode(read.bytes(16)), packed: packed)
            var summary = StreamSummary(
                position: position, lines: read.int(14), records: read.int(15), outcomes: [:])
            outcomes.bind(1, position.id)
            while try outcomes.step() {
                summary.outcomes[outcomes.text(0), default: [:]][outcomes.text(1)] = outcomes.int(2)
            }
            result.append(summary)
        }
        return result
    }

    /// Gives a deduplicator the keys that were kept.
    public func restoreKeys(into deduplicator: inout Deduplicator) throws(StoreError) {
        let read = try connection.prepare("SELECT day, keys FROM duplicate ORDER BY day, chunk")
        while try read.step() {
            let day = Day(Int32(clamping: read.int(0)))
            let bytes = read.bytes(1)
            for key in 0..<(bytes.count / 8) {
                var value: UInt64 = 0
                for byte in 0..<8 { value |= UInt64(bytes[key * 8 + byte]) << UInt64(byte * 8) }
                deduplicator.restore(value, day: day)
            }
        }
    }
}
