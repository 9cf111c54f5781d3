import Core

/// The order in which signals are tried, and what goes wrong with it.
enum SignalOrder {
    /// The configured signals with conditions where they stand, then the built-in ones.
    ///
    /// A built-in signal that is named without `when` keeps its place at the end and takes what is
    /// said about it. One that is named with `when` stands where it is written, and its own
    /// conditions are gone: a name has one place and one meaning.
    static func complete(_ configured: [SignalRule]) -> [SignalRule] {
        let placed = configured.filter { $0.when != nil }
        let builtIn = SignalRule.builtIns.compactMap { rule -> SignalRule? in
            guard !placed.contains(where: { $0.name == rule.name }) else { return nil }
            return configured.first { $0.name == rule.name } ?? rule
        }
        return placed + builtIn
    }

    /// What deliverability is made of; these signals are used whether or not they are named.
    private static let alwaysUsed: Set<BuiltInSignal> = [
        .delivered, .hardBounce, .softBounce, .unsubscribe, .complaint,
    ]

    /// Warns of signals that never count because earlier ones take all of their events.
    static func warn(_ signals: [Placed<SignalRule>], usesPurchase: Bool, findings: Findings) {
        var earlier: [(signal: Placed<SignalRule>, set: ConditionSet)] = []
        for signal in signals {
            guard let sets = signal.rule.when else { continue }
            let takers = sets.map { set in earlier.first { $0.set.covers(set) }?.signal }
            if let taker = takers.first ?? nil, !takers.contains(where: { $0 == nil }) {
                findings.warning(
                    signal.place,
                    "signal '\(signal.name)' never counts: '\(taker.name)' at "
                        + "\(findings.text(taker.place)) takes its events first",
                    "move '\(signal.name)' before '\(taker.name)'")
            }
            earlier += sets.map { (signal, $0) }
        }
        let named = Dictionary(
            signals.map { ($0.name, $0.rule.when != nil) }, uniquingKeysWith: { $1 })
        for builtIn in BuiltInSignal.allCases {
            let name = builtIn.rawValue
            let isUsed =
                named[name] != nil || alwaysUsed.contains(builtIn)
                || (builtIn == .purchase && usesPurchase)
            // Of what people do, which nearly all of these events are: nobody asks for machines here.
            var conditions = builtIn.conditions
            conditions.origins = []
            guard isUsed, named[name] != true,
                let taker = earlier.first(where: { $0.set.covers(conditions) })?.signal
            else { continue }
            findings.warning(
                taker.place,
                "signal '\(taker.name)' takes every event of the built-in signal '\(name)', "
                    + "which then never counts",
                "narrow its 'when', or name it '\(name)'")
        }
    }
}

extension ConditionSet {
    /// Whether this set surely holds for every event for which `other` holds.
    ///
    /// A pattern matches whatever another one matches if it matches that one read as text, because
    /// only a star can take a star. False where that simple check does not tell.
    func covers(_ other: ConditionSet) -> Bool {
        let standard: [Origin] = [.human, .unknown]
        let mine = origins.isEmpty ? standard : origins
        let theirs = other.origins.isEmpty ? standard : other.origins
        guard theirs.allSatisfy(mine.contains) else { return false }
        return globs.allSatisfy { key, patterns in
            guard let wanted = other.globs[key] else { return false }
            return wanted.allSatisfy { inner in
                patterns.contains { $0.matches(text: inner.pattern) }
            }
        }
    }
}

extension Glob {
    /// Whether it matches the bytes of `text`.
    func matches(text: String) -> Bool {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBufferPointer { unsafe matches(ByteSlice($0)) }
    }
}
