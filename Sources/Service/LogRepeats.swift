internal import Logging

/// Lets so many lines of a message through in a second and counts the others.
///
/// A message is its static text: what varies belongs into metadata. Invariant: at most `messages`
/// entries, each of a window that may still be open.
struct LogRepeats {
    /// Lines of one message in one window.
    static let lines = 10
    /// The length of a window in milliseconds.
    static let window: Int64 = 1000
    /// How many different messages are told apart; the others share one entry.
    static let messages = 256
    /// What the others are called.
    static let others = "other messages"

    /// A message that was held back, with how often.
    struct Repeated: Equatable {
        var message: String
        var level: Logger.Level
        var count: Int
    }

    private struct Entry {
        var end: Int64
        var written = 0
        var held = 0
        var level: Logger.Level
    }

    private var entries: [String: Entry] = [:]
    private var earliestEnd = Int64.max

    /// Whether a line of this message may be written now.
    mutating func admits(_ message: String, _ level: Logger.Level, at now: Int64) -> Bool {
        let isKnown = entries[message] != nil || entries.count < Self.messages - 1
        let key = isKnown ? message : Self.others
        var entry = entries[key] ?? Entry(end: now + Self.window, level: level)
        entry.level = max(entry.level, level)
        let isAdmitted = entry.written < Self.lines
        if isAdmitted { entry.written += 1 } else { entry.held += 1 }
        entries[key] = entry
        earliestEnd = min(earliestEnd, entry.end)
        return isAdmitted
    }

    /// Forgets the windows that are over, and says what they held back, in the order of messages.
    mutating func takeEnded(at now: Int64) -> [Repeated] {
        guard now >= earliestEnd else { return [] }
        var ended: [Repeated] = []
        earliestEnd = .max
        for (message, entry) in entries {
            if entry.end > now {
                earliestEnd = min(earliestEnd, entry.end)
                continue
            }
            entries[message] = nil
            guard entry.held > 0 else { continue }
            ended.append(Repeated(message: message, level: entry.level, count: entry.held))
        }
        return ended.sorted { $0.message < $1.message }
    }
}
