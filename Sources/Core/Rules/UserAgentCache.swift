/// What was found out about user agents before: a log has a few thousand of them, again and again.
///
/// A place for each of some hashes, a new one puts an old one out. The hash is keyed by a secret, so
/// nobody can make one user agent pass for another.
struct UserAgentCache: Sendable {
    private struct Entry: Sendable {
        var hash: UInt64
        var rule: OriginRule
    }

    private static let places = 4096
    private var entries = [Entry](
        repeating: Entry(hash: 0, rule: .none), count: UserAgentCache.places)

    /// The rule that applies to a user agent.
    mutating func rule(for text: ByteSlice, hash: UInt64) -> OriginRule {
        let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
        let entry = entries[place]
        if entry.hash == hash { return entry.rule }
        let rule = UserAgent.rule(for: text)
        entries[place] = Entry(hash: hash, rule: rule)
        return rule
    }
}
