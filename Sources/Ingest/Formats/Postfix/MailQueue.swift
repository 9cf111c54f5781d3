import Core

/// What earlier lines said of the mails that are under way, by queue id.
///
/// Kept for `days` by the log's own clock, and across restarts: what changed is committed with the
/// positions of the lines that said it (`takeChanges`). Invariant: `isKept` tells whether the state
/// knows of a mail, or will with the changes that were taken.
struct MailQueue {
    /// A mail.
    struct Mail: Equatable {
        /// The envelope's sender; nil: not said yet. Empty: a message about a message.
        var sender: [UInt8]?
        /// What the header says that it belongs to; empty if it says nothing.
        var campaign: [UInt8] = []
        /// The mailing, or else the message's id.
        var message: [UInt8] = []
        /// When it was last spoken of, milliseconds since 1970.
        var at: Int64 = 0
        fileprivate var isKept = false

        /// How long its texts are together.
        var bytes: Int { (sender?.count ?? 0) + campaign.count + message.count }
    }

    /// How long what was said is kept.
    static let days = 7
    /// Mails remembered at most; beyond that the older half goes.
    static let limit = 200_000
    private static let pruneEvery: Int64 = 3_600_000

    private var mails: [[UInt8]: Mail] = [:]
    private var changes: [[UInt8]: RememberedText] = [:]
    private var newest = Int64.min
    private var pruned = Int64.min

    /// What is known of a mail.
    subscript(id: ByteSlice) -> Mail? { mails[id.array] }

    /// Takes up what a line said of a mail.
    mutating func note(_ id: ByteSlice, at: Instant, _ change: (inout Mail) -> Void) {
        let key = id.array
        // A queue id that is used again before its end was committed is still known to the state.
        var mail = mails[key] ?? Mail(isKept: changes[key].map { $0.text == nil } ?? false)
        let before = mail
        change(&mail)
        mail.at = max(mail.at, at.milliseconds)
        guard mail != before else { return }
        mails[key] = mail
        changes[key] = RememberedText(key: key, text: Self.text(of: mail), at: mail.at)
        prune(at: at.milliseconds)
    }

    /// Forgets a mail that has left the queue.
    mutating func forget(_ id: ByteSlice) { forget(id.array) }

    private mutating func forget(_ key: [UInt8]) {
        guard let mail = mails.removeValue(forKey: key) else { return }
        changes[key] = mail.isKept ? RememberedText(key: key, text: nil, at: mail.at) : nil
    }

    /// What changed since the last call, by queue id.
    mutating func takeChanges() -> [RememberedText] {
        defer { changes.removeAll(keepingCapacity: true) }
        for key in changes.keys { mails[key]?.isKept = true }
        return changes.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// Takes back what was kept.
    mutating func restore(_ texts: [RememberedText]) {
        for entry in texts {
            guard let text = entry.text, var mail = Self.mail(of: text) else { continue }
            mail.at = entry.at
            mail.isKept = true
            mails[entry.key] = mail
            newest = max(newest, entry.at)
        }
    }

    private mutating func prune(at now: Int64) {
        newest = max(newest, now)
        var oldest = newest - Int64(Self.days) * 86_400_000
        if mails.count > Self.limit {
            oldest = max(oldest, mails.values.map(\.at).sorted()[mails.count / 2])
        } else if pruned > newest - Self.pruneEvery {
            return
        }
        pruned = newest
        for key in mails.filter({ $0.value.at < oldest }).keys { forget(key) }
    }

    // MARK: As it is kept: sender, campaign and message, each ended by a byte that no line has.

    private static let end: UInt8 = 0x0A
    /// Stands for a sender that was not said yet.
    private static let unsaid: [UInt8] = [0x3F]

    private static func text(of mail: Mail) -> [UInt8] {
        let sender = mail.sender.map { [0x3C] + $0 } ?? unsaid
        return sender + [end] + mail.campaign + [end] + mail.message
    }

    private static func mail(of text: [UInt8]) -> Mail? {
        let parts = text.split(separator: end, omittingEmptySubsequences: false).map(Array.init)
        guard parts.count == 3, let mark = parts[0].first else { return nil }
        let sender = mark == 0x3C ? Array(parts[0].dropFirst()) : nil
        return Mail(sender: sender, campaign: parts[1], message: parts[2])
    }
}
