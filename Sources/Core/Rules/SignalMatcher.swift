/// The number under which a signal's name is kept in a state; names get theirs once and keep it.
public typealias SignalID = UInt16

/// Finds the signal of an event: the list is tried in order, the first match wins.
///
/// Compiled once for a configuration. The conditions on `type` are decided once for each type that
/// occurs, so that an event only tries the few rules that its type can match.
public struct SignalMatcher: Sendable {
    private let signals: [Rule]
    private let topics: [Rule]
    /// By `OriginRule.rawValue`: the number under which it is noted that the rule applied.
    private let originRules: [SignalID?]
    private var known: [TypeRules] = []
    private let honeypots: [Glob]
    /// Never set aside: what somebody bought is told by a shop.
    private let purchase: SignalID
    /// The twin of every signal that has one.
    private let twins: [SignalID: SignalID]

    /// Types beyond this many are looked up in the whole list; no sane log has as many.
    private static let knownTypes = 64

    /// The matcher of a model.
    ///
    /// - Parameters:
    ///   - signalID: The number of a name; asked for every signal of the model.
    ///   - topicID: The same for every topic.
    ///   - twinID: The number of a signal's machine twin; nil: machines are counted for no signal
    ///     that does not ask for them.
    ///   - originID: The number of a rule that tells machines from people; nil: it is not noted.
    public init(
        model: Model, signalID: (String) -> SignalID, topicID: (String) -> SignalID,
        twinID: (String) -> SignalID? = { _ in nil },
        originID: (OriginRule) -> SignalID? = { _ in nil }
    ) {
        signals = model.signals.flatMap { signal -> [Rule] in
            let builtIn = BuiltInSignal(rawValue: signal.name)?.conditions
            let sets = signal.when ?? (builtIn.map { [$0] } ?? [])
            let id = signalID(signal.name)
            let twin = twinID(signal.name)
            return sets.map {
                Rule(signal: id, twin: $0.origins.isEmpty ? twin : nil, conditions: $0)
            }
        }
        topics = model.topics.flatMap { topic -> [Rule] in
            let id = topicID(topic.name)
            return topic.when.map { Rule(signal: id, twin: nil, conditions: $0) }
        }
        originRules = OriginRule.allCases.map { originID($0) }
        honeypots = model.machines.honeypots
        purchase = signalID(model.purchaseSignal)
        var twins: [SignalID: SignalID] = [:]
        for signal in model.signals { twins[signalID(signal.name)] = twinID(signal.name) }
        self.twins = twins
    }

    /// The signal that the event counts for; nil if none takes it.
    ///
    /// What a machine did counts for the first signal that asks for machines, or else for the machine
    /// twin of the first that would have taken it from a person.
    ///
    /// - Returns: the signal, and whether it is one that people do not get.
    /// - Complexity: O(r) in the rules of the event's type.
    public mutating func signal(
        for event: borrowing Event, by origin: Origin
    ) -> (id: SignalID, isSetAside: Bool)? {
        let place = place(of: event.type)
        if let certain = known[place].certain[origin] { return certain }
        let rules = known[place].signals
        if let found = rules.first(for: event, by: origin) { return found }
        guard origin == .machine, let twin = rules.firstTwin(for: event) else { return nil }
        return (twin, true)
    }

    /// The number under which it is noted that a rule made an event a machine's.
    public func number(of rule: OriginRule) -> SignalID? { originRules[Int(rule.rawValue)] }

    /// Calls `body` with each topic that the event tells of, each once.
    public mutating func forEachTopic(
        of event: borrowing Event, by origin: Origin, _ body: (SignalID) -> Void
    ) {
        guard !topics.isEmpty else { return }
        known[place(of: event.type)].topics.forEach(of: event, by: origin, body)
    }

    // MARK: What may turn out to be a machine's

    /// Whether it is to be kept in mind that the event happened.
    func isTraced(_ event: borrowing Event) -> Bool {
        if !honeypots.isEmpty { return true }
        return event.isMessageClick
    }

    /// Whether the event followed a link that nobody sees.
    func isHoneypot(_ event: borrowing Event) -> Bool {
        guard !honeypots.isEmpty, !event.url.isEmpty else { return false }
        let path = event.path
        return honeypots.contains { $0.matches(event.url) || $0.matches(path) }
    }

    /// Appends what would change if an event that counts for a signal were a machine's: it would
    /// count for the signal that machines get, and for the topics that machines tell of.
    mutating func addShifts(
        of event: borrowing Event, by origin: Origin, countedFor signal: SignalID, _ amount: Int64,
        to shifts: inout [Shift]
    ) {
        // Whoever wrote a log that calls somebody human knew better.
        guard origin != .machine, event.origin != .human, signal != purchase,
            let target = self.signal(for: event, by: .machine)?.id ?? twins[signal],
            target != signal
        else { return }
        shifts.append(Shift(signal: signal, tally: Tally(n: -1, value: -amount)))
        shifts.append(Shift(signal: target, tally: Tally(n: 1, value: amount)))
        forEachTopic(of: event, by: origin) {
            shifts.append(Shift(signal: $0, tally: Tally(n: -1, value: 0)))
        }
        forEachTopic(of: event, by: .machine) {
            shifts.append(Shift(signal: $0, tally: Tally(n: 1, value: 0)))
        }
    }

    /// Where the rules of a type stand in `known`.
    private mutating func place(of type: ByteSlice) -> Int {
        let head = type.head
        for place in known.indices where known[place].head == head && known[place].is(type) {
            return place
        }
        if known.count >= Self.knownTypes { known.removeLast() }
        known.append(TypeRules(type: type, signals: signals, topics: topics))
        return known.count - 1
    }
}

/// One way to match a signal or a topic.
private struct Rule: Sendable {
    let signal: SignalID
    /// What it counts for if a machine does what it asks of people.
    let twin: SignalID?
    let conditions: ConditionSet

    func canHold(forType type: ByteSlice) -> Bool {
        guard let types = conditions.globs[.type] else { return true }
        return types.contains { $0.matches(type) }
    }
}

/// The rules that one type can match, in order.
private struct TypeRules: Sendable {
    let head: UInt64
    /// What needs no look at the event.
    let certain: CertainSignals
    let signals: CompiledRules
    let topics: CompiledRules
    private let type: [UInt8]

    init(type: ByteSlice, signals: [Rule], topics: [Rule]) {
        head = type.head
        self.type = type.array
        self.signals = CompiledRules(signals.filter { $0.canHold(forType: type) })
        certain = CertainSignals(of: self.signals)
        self.topics = CompiledRules(topics.filter { $0.canHold(forType: type) })
    }

    func `is`(_ other: ByteSlice) -> Bool {
        guard type.count == other.count else { return false }
        if type.count <= 8 { return true }
        return unsafe type.withUnsafeBufferPointer { unsafe ByteSlice($0).equals(other) }
    }
}

/// The signals of a type that follow from the origin of an event alone: most types count for one.
private struct CertainSignals: Sendable {
    typealias Found = (id: SignalID, isSetAside: Bool)

    private let human: Found?
    private let machine: Found?
    private let unknown: Found?

    init(of rules: CompiledRules) {
        human = rules.certain(by: .human)
        machine = rules.certain(by: .machine)
        unknown = rules.certain(by: .unknown)
    }

    subscript(origin: Origin) -> Found? {
        switch origin {
        case .human: human
        case .machine: machine
        case .unknown: unknown
        }
    }
}

/// Rules as flat rows of numbers, so that trying one follows no pointer and counts no reference.
///
/// Most patterns are passed by after a look at the first eight bytes of the field.
private final class CompiledRules: Sendable {
    private struct Row: Sendable {
        var signal: SignalID
        var twin: SignalID?
        /// A bit for each origin that it takes.
        var origins: UInt8
        /// All of these must pass.
        var tests: Range<Int>
    }

    /// One field that must match one of some patterns.
    private struct Test: Sendable {
        var key: ConditionKey
        var patterns: Range<Int>
    }

    /// What the first bytes of a field must be, where the pattern says.
    private struct Pattern: Sendable {
        var head: UInt64
        var mask: UInt64
    }

    private let rows: [Row]
    private let tests: [Test]
    private let patterns: [Pattern]
    private let globs: [Glob]
    private let wantsPath: Bool

    init(_ rules: [Rule]) {
        var rows: [Row] = []
        var tests: [Test] = []
        var patterns: [Pattern] = []
        var globs: [Glob] = []
        var wantsPath = false
        for rule in rules {
            let firstTest = tests.count
            for key in ConditionKey.allCases where key != .type {
                guard let any = rule.conditions.globs[key] else { continue }
                if key == .path { wantsPath = true }
                let firstPattern = patterns.count
                globs += any
                patterns += any.map { Pattern(head: $0.head.bytes, mask: $0.head.mask) }
                tests.append(Test(key: key, patterns: firstPattern..<patterns.count))
            }
            let origins = rule.conditions.origins
            let wanted = origins.isEmpty ? [.human, .unknown] : origins
            rows.append(
                Row(
                    signal: rule.signal, twin: rule.twin,
                    origins: wanted.reduce(0) { $0 | 1 << $1.rawValue },
                    tests: firstTest..<tests.count))
        }
        (self.rows, self.tests) = (rows, tests)
        (self.patterns, self.globs) = (patterns, globs)
        self.wantsPath = wantsPath
    }

    /// What `first` says of every event of an origin; nil where it looks at the event.
    func certain(by origin: Origin) -> (id: SignalID, isSetAside: Bool)? {
        guard let row = rows.first(where: { $0.origins & (1 << origin.rawValue) != 0 }),
            row.tests.isEmpty
        else { return nil }
        return found(row, by: origin)
    }

    private func found(_ row: Row, by origin: Origin) -> (id: SignalID, isSetAside: Bool) {
        (row.signal, origin == .machine && row.origins & Self.people == 0)
    }

    func first(
        for event: borrowing Event, by origin: Origin
    ) -> (id: SignalID, isSetAside: Bool)? {
        let path = wantsPath ? event.path : .empty
        for row in 0..<rows.count where holds(row, for: event, by: origin, path) {
            return found(rows[row], by: origin)
        }
        return nil
    }

    /// The twin of the first rule that would hold, had a person done it.
    func firstTwin(for event: borrowing Event) -> SignalID? {
        let path = wantsPath ? event.path : .empty
        for row in 0..<rows.count
        where rows[row].twin != nil && holds(row, for: event, by: .human, path) {
            return rows[row].twin
        }
        return nil
    }

    func forEach(of event: borrowing Event, by origin: Origin, _ body: (SignalID) -> Void) {
        let path = wantsPath ? event.path : .empty
        var last: SignalID? = nil
        for row in 0..<rows.count
        where rows[row].signal != last && holds(row, for: event, by: origin, path) {
            last = rows[row].signal
            body(rows[row].signal)
        }
    }

    /// The bits of people, known as such or not.
    private static let people: UInt8 = 1 << Origin.human.rawValue | 1 << Origin.unknown.rawValue

    private func holds(
        _ row: Int, for event: borrowing Event, by origin: Origin, _ path: ByteSlice
    ) -> Bool {
        guard rows[row].origins & (1 << origin.rawValue) != 0 else { return false }
        for test in rows[row].tests where !passes(tests[test], event, path) { return false }
        return true
    }

    private func passes(_ test: Test, _ event: borrowing Event, _ path: ByteSlice) -> Bool {
        let field = Self.field(test.key, of: event, path: path)
        guard !field.isEmpty else { return false }
        let head = field.head
        for place in test.patterns
        where (head ^ patterns[place].head) & patterns[place].mask == 0
            && globs[place].matches(field)
        {
            return true
        }
        return false
    }

    /// The field; empty if the event does not have it.
    private static func field(
        _ key: ConditionKey, of event: borrowing Event, path: ByteSlice
    ) -> ByteSlice {
        switch key {
        case .type: event.type
        case .path: path
        case .url: event.url
        case .campaign: event.campaign
        case .message: event.message
        case .search: event.search
        case .bounce: event.bounceClass
        case .ua: event.userAgent
        }
    }
}

extension Event {
    /// The path of the url: without scheme and host, query and fragment.
    ///
    /// - Source: RFC 3986, section 3.
    public var path: ByteSlice {
        guard !url.isEmpty else { return .empty }
        var start = 0
        if url[0] != 0x2F, let colon = url.first(0x3A), colon + 2 < url.count,
            url[colon + 1] == 0x2F, url[colon + 2] == 0x2F
        {
            start = colon + 3
            while start < url.count, url[start] != 0x2F, url[start] != 0x3F, url[start] != 0x23 {
                start += 1
            }
            if start == url.count || url[start] != 0x2F { return Self.root }
        }
        var end = start
        while end < url.count, url[end] != 0x3F, url[end] != 0x23 { end += 1 }
        return url[start..<end]
    }

    /// Whether it is a click on a link of a message that can be told from others.
    var isMessageClick: Bool {
        !url.isEmpty && !(message.isEmpty && campaign.isEmpty) && type.equals("click")
    }

    /// Whether it is a look at robots.txt, of which browsers know nothing.
    var readsRobots: Bool {
        guard url.count >= 11, url[url.count - 1] == 0x74 else { return false }
        return path.equals("/robots.txt")
    }

    /// The class of a bounce, as the log states it or its code says.
    var bounceClass: ByteSlice { Bounce(stated: bounce, status: status).word }

    private static var root: ByteSlice { literal("/") }

    /// The bytes of a word of the program.
    public static func literal(_ text: StaticString) -> ByteSlice {
        // SAFETY: the bytes of a static string live as long as the program.
        unsafe ByteSlice(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
