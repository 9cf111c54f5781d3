/// Which seconds of an identifier are a machine's: a pure function of what it did in them and around
/// them, and of how many links its messages have.
public struct MachineVerdict: Sendable {
    /// The rules.
    public var rules: MachineRules

    /// A verdict by some rules.
    public init(_ rules: MachineRules) { self.rules = rules }

    /// More links of a message than this are not counted, and no share of them is taken.
    public static let messageLinksAtMost = 32

    /// The rule that makes the clicks of each second, and everything else in it, a machine's; nil:
    /// none does.
    ///
    /// - Parameters:
    ///   - seconds: Of one identifier, ascending.
    ///   - links: How many links a message is known to have, up to `messageLinksAtMost`.
    /// - Complexity: O(s) in the seconds, with at most `reachSeconds` around each and
    ///   `TracedSecond.linksAtMost` links in each.
    public func rules(
        of seconds: [TracedSecond], links: (UInt32) -> Int
    ) -> [(clicks: OriginRule?, others: OriginRule?)] {
        var verdict = [(clicks: OriginRule?, others: OriginRule?)](
            repeating: (nil, nil), count: seconds.count)
        for place in seconds.indices where !seconds[place].links.isEmpty {
            judge(from: place, seconds, links) { verdict[$0].clicks = .sweep }
        }
        for place in seconds.indices where seconds[place].isHoneypot {
            for near in seconds.indices.prefix(place + 1).reversed() {
                guard seconds[place].second - seconds[near].second <= MachineRules.honeypotSeconds
                else { break }
                verdict[near] = (.honeypot, .honeypot)
            }
            for near in seconds.indices.suffix(from: place) {
                guard seconds[near].second - seconds[place].second <= MachineRules.honeypotSeconds
                else { break }
                verdict[near] = (.honeypot, .honeypot)
            }
        }
        return verdict
    }

    /// The messages of which so many links were followed within the span of a share, beginning at a
    /// second, that their number of links decides; with the seconds in which they were.
    public static func shares(of seconds: [TracedSecond]) -> [(message: UInt32, place: Int)] {
        var found: [(message: UInt32, place: Int)] = []
        for place in seconds.indices {
            for message in messages(of: seconds[place]) {
                let window = span(from: place, MachineRules.shareSeconds, seconds)
                guard distinct(message, seconds[window]) >= MachineRules.shareLinks else {
                    continue
                }
                for near in window where has(seconds[near], message) {
                    found.append((message, near))
                }
            }
        }
        return found
    }

    /// Calls `mark` with the seconds of the sweeps that begin at one.
    private func judge(
        from place: Int, _ seconds: [TracedSecond], _ links: (UInt32) -> Int, mark: (Int) -> Void
    ) {
        if seconds[place].links.count >= TracedSecond.linksAtMost { mark(place) }
        for message in Self.messages(of: seconds[place]) {
            for width in [0, 1, MachineRules.shareSeconds] {
                let window = Self.span(from: place, width, seconds)
                let followed = Self.distinct(message, seconds[window])
                guard isSweep(followed, within: width, of: links(message)) else { continue }
                for near in window where Self.has(seconds[near], message) { mark(near) }
            }
        }
    }

    private func isSweep(_ followed: Int, within width: Int64, of known: Int) -> Bool {
        switch width {
        case 0: return rules.sameSecond.map { followed >= $0 } ?? false
        case 1: return rules.sweepLinks.map { followed >= $0 } ?? false
        default:
            guard let share = rules.sweepShare, followed >= MachineRules.shareLinks,
                known < Self.messageLinksAtMost
            else { return false }
            return followed * 100 >= share * known
        }
    }

    /// The seconds from one on that are at most `width` later.
    private static func span(
        from place: Int, _ width: Int64, _ seconds: [TracedSecond]
    ) -> Range<Int> {
        var end = place + 1
        while end < seconds.count, seconds[end].second - seconds[place].second <= width { end += 1 }
        return place..<end
    }

    /// Links ascend, so those of one message stand together.
    private static func messages(of second: TracedSecond) -> [UInt32] {
        var messages: [UInt32] = []
        for link in second.links where messages.last != TraceLog.message(of: link) {
            messages.append(TraceLog.message(of: link))
        }
        return messages
    }

    private static func has(_ second: TracedSecond, _ message: UInt32) -> Bool {
        second.links.contains { TraceLog.message(of: $0) == message }
    }

    private static func distinct(_ message: UInt32, _ seconds: ArraySlice<TracedSecond>) -> Int {
        if seconds.count == 1, let only = seconds.first {
            return only.links.count { TraceLog.message(of: $0) == message }
        }
        var links: Set<UInt64> = []
        for second in seconds {
            for link in second.links where TraceLog.message(of: link) == message {
                links.insert(link)
            }
        }
        return links.count
    }
}
