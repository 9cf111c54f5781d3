/// Tells machines from people by the user agent.
///
/// The rules are of three kinds: who it says it is (a word such as `bot`, the name of a library, an
/// address for complaints), what every browser of a person says (what it runs on, or its name) and
/// none does (`compatible`, but for the oldest), and a few exact strings of programs that fetch
/// mails.
public enum UserAgent {
    /// The rule that applies; `.none` if nothing can be said.
    ///
    /// - Complexity: O(n) in its length.
    public static func rule(for text: ByteSlice) -> OriginRule {
        let text = text.trimmed
        guard text.count > 1 else { return .none }
        // Apple's Mail Privacy Protection says this and not a byte more.
        if text.equals("Mozilla/5.0") { return .prefetch }
        let found = UserAgentPhrases.matcher.groups(in: text)
        for (bit, rule) in UserAgentPhrases.rules.enumerated() where found & 1 << bit != 0 {
            return rule
        }
        let isCompatible = found & UserAgentPhrases.compatibleBit != 0
        let isOldBrowser = found & UserAgentPhrases.oldBrowserBit != 0
        if isCompatible, !isOldBrowser { return .crawler }
        return isOldBrowser || found & UserAgentPhrases.systemBit != 0 ? .browser : .nameless
    }
}

extension Event {
    /// Whether a person or a machine did it, and which rule says so.
    public var judged: (origin: Origin, rule: OriginRule) {
        stated ?? judged(by: UserAgent.rule(for: userAgent))
    }

    /// What the rule that holds for its user agent says of this event.
    ///
    /// Of a program that names no browser only that is a machine's which is done with a browser or a
    /// mail program: an app of one's own is used by people, and calls itself what it likes.
    func judged(by rule: OriginRule) -> (origin: Origin, rule: OriginRule) {
        rule == .nameless && !isBrowsing ? (.unknown, .none) : (rule.origin, rule)
    }

    private var isBrowsing: Bool {
        type.equals("visit") || type.equals("click") || type.equals("open")
            || type.equals("download") || type.equals("search")
    }

    /// What the decoder knows of it; nil where the user agent has to tell.
    var stated: (origin: Origin, rule: OriginRule)? {
        if origin != .unknown { return (origin, originRule == .none ? .stated : originRule) }
        return originRule == .none ? nil : (originRule.origin, originRule)
    }
}
