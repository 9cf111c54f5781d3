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
    private var known: [Candidates] = []

    /// Types beyond this many are looked up in the whole list; no sane log has as many.
    private static let knownTypes = 64

    /// The matcher of a model.
    ///
    /// - Parameter signalID: The number of a name; asked for every signal and topic of the model.
    public init(
        model: Model, signalID: (String) -> SignalID, topicID: (String) -> SignalID
    ) {
        rules = model.signals.flatMap { signal -> [Rule] in
            let builtIn = BuiltInSignal(rawValue: signal.name)?.conditions
            let sets = signal.when ?? (builtIn.map { [$0] } ?? [])
            let id = signalID(signal.name)
            return sets.map { Rule(signal: id, conditions: Conditions($0)) }
        }
        topics = model.topics.flatMap { topic -> [Rule] in
            let id = topicID(topic.name)
            return topic.when.map { Rule(signal: id, conditions: Conditions($0)) }
        }
    }

    /// The signal that the event counts for; nil if none takes it.
    ///
    /// - Complexity: O(r) in the rules of the event's type.
    public mutating func signal(for event: borrowing Event) -> SignalID? {
        let candidates = self.candidates(for: event.type)
        let path = known[candidates].wantsPath ? event.path : .empty
        for place in known[candidates].rules.indices
        where known[candidates].rules[place].conditions.hold(for: event, path: path) {
            return known[candidates].rules[place].signal
        }
        return nil
    }

    /// Calls `body` with each topic that the event tells of, each once.
    public mutating func forEachTopic(of event: borrowing Event, _ body: (SignalID) -> Void) {
        guard !topics.isEmpty else { return }
        let candidates = self.candidates(for: event.type)
        let path = known[candidates].wantsPath ? event.path : .empty
        var last: SignalID? = nil
        for rule in known[candidates].topics
        where rule.signal != last && rule.conditions.hold(for: event, path: path) {
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

    var wantsPath: Bool { others.contains { $0.key == .path } }

    func canHold(forType type: ByteSlice) -> Bool {
        guard let types else { return true }
        return types.contains { $0.matches(type) }
    }

    /// Whether the rest of the set holds, given that the type does.
    func hold(for event: borrowing Event, path: ByteSlice) -> Bool {
        guard origins & (1 << event.origin.rawValue) != 0 else { return false }
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
