/// The number under which a signal's name is kept in a state; names get theirs once and keep it.
public typealias SignalID = UInt16

/// Finds the signal of an event: the list is tried in order, the first match wins.
///
/// Compiled once for a configuration. The conditions on `type` are decided once for each type that
/// occurs, so that an event only tries the few rules that its type can match.
public struct SignalMatcher: Sendable {
    /// One way to match a signal.
    private struct Rule: Sendable {
        let signal: SignalID
        /// What it counts for if a machine does what it asks of people.
        let twin: SignalID?
        let conditions: Conditions
    }

    /// The rules that one type can match, in order.
    private struct Candidates: Sendable {
        let type: [UInt8]
        let rules: [Rule]
        let topics: [Rule]

        /// Whether any of them looks at the path, which is then found once.
        let wantsPath: Bool

        init(type: ByteSlice, rules: [Rule], topics: [Rule]) {
            self.type = type.array
            self.rules = rules
            self.topics = topics
            wantsPath = (rules + topics).contains { $0.conditions.wantsPath }
        }
    }

    private let rules: [Rule]
    private let topics: [Rule]
    /// By `OriginRule.rawValue`: the number under which it is noted that the rule applied.
    private let originRules: [SignalID?]
    private var known: [Candidates] = []

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
        rules = model.signals.flatMap { signal -> [Rule] in
            let builtIn = BuiltInSignal(rawValue: signal.name)?.conditions
            let sets = signal.when ?? (builtIn.map { [$0] } ?? [])
            let id = signalID(signal.name)
            let twin = twinID(signal.name)
            return sets.map { set in
                Rule(
                    signal: id, twin: set.origins.isEmpty ? twin : nil, conditions: Conditions(set))
            }
        }
        topics = model.topics.flatMap { topic -> [Rule] in
            let id = topicID(topic.name)
            return topic.when.map { Rule(signal: id, twin: nil, conditions: Conditions($0)) }
        }
        originRules = OriginRule.allCases.map { originID($0) }
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
        let candidates = self.candidates(for: event.type)
        let path = known[candidates].wantsPath ? event.path : .empty
        for place in known[candidates].rules.indices
        where known[candidates].rules[place].conditions.hold(for: event, by: origin, path: path) {
            let rule = known[candidates].rules[place]
            return (rule.signal, origin == .machine && !rule.conditions.takesPeople)
        }
        guard origin == .machine else { return nil }
        for place in known[candidates].rules.indices {
            guard let twin = known[candidates].rules[place].twin,
                known[candidates].rules[place].conditions.hold(for: event, by: .human, path: path)
            else { continue }
            return (twin, true)
        }
        return nil
    }

    /// The number under which it is noted that a rule made an event a machine's.
    public func number(of rule: OriginRule) -> SignalID? { originRules[Int(rule.rawValue)] }

    /// Calls `body` with each topic that the event tells of, each once.
    public mutating func forEachTopic(
        of event: borrowing Event, by origin: Origin, _ body: (SignalID) -> Void
    ) {
        guard !topics.isEmpty else { return }
        let candidates = self.candidates(for: event.type)
        let path = known[candidates].wantsPath ? event.path : .empty
        var last: SignalID? = nil
        for rule in known[candidates].topics
        where rule.signal != last && rule.conditions.hold(for: event, by: origin, path: path) {
            last = rule.signal
            body(rule.signal)
        }
    }

    private mutating func candidates(for type: ByteSlice) -> Int {
        for (place, candidates) in known.enumerated()
        where Self.equal(candidates.type, type) {
            return place
        }
        if known.count >= Self.knownTypes { known.removeLast() }
        known.append(
            Candidates(
                type: type,
                rules: rules.filter { $0.conditions.canHold(forType: type) },
                topics: topics.filter { $0.conditions.canHold(forType: type) }))
        return known.count - 1
    }

    private static func equal(_ known: [UInt8], _ type: ByteSlice) -> Bool {
        unsafe known.withUnsafeBufferPointer { unsafe ByteSlice($0).equals(type) }
    }
}

/// A condition set as it is evaluated: the type is decided beforehand, origins are a bit mask.
private struct Conditions: Sendable {
    private let types: [Glob]?
    private let others: [(key: ConditionKey, globs: [Glob])]
    private let origins: UInt8

    init(_ set: ConditionSet) {
        types = set.globs[.type]
        others = ConditionKey.allCases.compactMap { key in
            key == .type ? nil : set.globs[key].map { (key: key, globs: $0) }
        }
        let wanted = set.origins.isEmpty ? [.human, .unknown] : set.origins
        origins = wanted.reduce(0) { $0 | 1 << $1.rawValue }
    }

    /// Whether it is open to people, known as such or not.
    var takesPeople: Bool {
        origins & (1 << Origin.human.rawValue | 1 << Origin.unknown.rawValue) != 0
    }

    var wantsPath: Bool { others.contains { $0.key == .path } }

    func canHold(forType type: ByteSlice) -> Bool {
        guard let types else { return true }
        return types.contains { $0.matches(type) }
    }

    /// Whether the rest of the set holds, given that the type does.
    func hold(for event: borrowing Event, by origin: Origin, path: ByteSlice) -> Bool {
        guard origins & (1 << origin.rawValue) != 0 else { return false }
        for (key, globs) in others {
            guard let field = field(key, of: event, path: path),
                globs.contains(where: { $0.matches(field) })
            else { return false }
        }
        return true
    }

    /// The field, nil if the event does not have it.
    private func field(
        _ key: ConditionKey, of event: borrowing Event, path: ByteSlice
    ) -> ByteSlice? {
        let field: ByteSlice
        switch key {
        case .type: field = event.type
        case .path: field = path
        case .url: field = event.url
        case .campaign: field = event.campaign
        case .message: field = event.message
        case .search: field = event.search
        case .bounce: field = event.bounceClass
        case .ua: field = event.userAgent
        }
        return field.isEmpty ? nil : field
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

    /// The class of a bounce, as the log states it or its code says.
    var bounceClass: ByteSlice { Bounce(stated: bounce, status: status).word }

    private static var root: ByteSlice { literal("/") }

    /// The bytes of a word of the program.
    static func literal(_ text: StaticString) -> ByteSlice {
        // SAFETY: the bytes of a static string live as long as the program.
        unsafe ByteSlice(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
