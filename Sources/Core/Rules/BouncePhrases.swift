/// What servers and mail providers write of bounces, and what they mean by it.
///
/// The order is the order of belief: where a text has several, the first one counts.
enum BouncePhrases {
    private static let matcher = PhraseMatcher([
        autoReply, full, unknown, policy, passing, permanent,
    ])
    private static let meanings: [Bounce] = [.autoReply, .soft, .hard, .block, .soft, .hard]

    /// What the text means; nil if it has none of the phrases.
    static func meaning(of text: ByteSlice) -> Bounce? {
        let groups = text.isEmpty ? 0 : matcher.groups(in: text)
        return groups == 0 ? nil : meanings[groups.trailingZeroBitCount]
    }

    private static let autoReply = [
        "out of office", "out of the office", "out-of-office", "outofoffice", "auto reply",
        "auto-reply", "auto_reply", "autoreply", "automatic reply", "automatic response",
        "autoresponder", "auto-submitted", "|vacation", "on holiday", "on leave", "abwesen",
        "abwezig", "away from", "absence du bureau", "fuera de la oficina",
    ]

    private static let full = [
        "mailbox full", "mailbox is full", "mailboxfull", "mailbox_full", "inbox is full",
        "inbox full", "|over quota", "over_quota", "overquota", "quota exceeded",
        "exceeded quota", "exceeds quota", "exceeded its quota", "exceed mailbox quota",
        "exceeded storage", "out of storage", "insufficient storage", "insufficient system storage",
        "storage limit", "storage allocation", "mailbox size limit", "quota full",
        "has exceeded the", "not enough space", "disk quota", "disk full",
    ]

    private static let unknown = [
        "user unknown", "unknown user", "user not found", "no such user", "unknown recipient",
        "recipient unknown", "recipient not found", "no such recipient", "no such mailbox",
        "mailbox not found", "unknown mailbox", "mailbox unavailable", "mailbox does not exist",
        "user does not exist", "does not exist", "doesn't exist", "no longer exists",
        "no mailbox here", "no such address", "no such account", "address unknown",
        "unknown address", "unknown account", "invalid recipient", "invalid mailbox",
        "invalid address", "invalid user", "not a valid mailbox", "not a valid recipient",
        "bad destination mailbox", "bad-mailbox", "badmailbox", "bademailaddress", "noemail",
        "account has been disabled", "account is disabled", "account disabled", "mailbox disabled",
        "mailbox is disabled", "user disabled", "account inactive", "account is inactive",
        "mailbox is inactive", "mailbox inactive", "inactive user", "user is inactive",
        "no longer active", "no longer available", "no longer with", "address no longer",
        "not our customer", "domain not found", "unrouteable address",
        "unroutable address", "not listed in domino", "recipient not exist",
        "recipient address rejected: access denied", "recipient address rejected: user",
        "undeliverable address", "host unknown", "user_unknown", "unknown local part",
    ]

    private static let policy = [
        "|spam|", "spamhaus", "spamcop", "barracuda", "sorbs", "blacklist", "black list",
        "blocklist", "block list", "blocked", "|blocking", "denylist", "|rbl|", "dnsbl",
        "reputation", "|policy", "prohibited", "banned", "unsolicited", "|bulk mail",
        "content rejected", "contentrejected", "message content", "rejected for", "senderscore",
        "complaint", "poor reputation", "|spf|", "|dkim|", "dmarc", "ptr record", "reverse dns",
        "not authorized", "not authenticated", "authentication required", "unauthenticated",
        "access denied", "rate limit", "too many", "throttl", "virus", "malware", "phish",
        "suspicious", "abuse", "espblock", "relay access denied", "relaying denied",
        "unable to relay", "we do not relay", "greylist", "graylist",
    ]

    /// Words of mail providers for what may pass, and of servers for what is over soon.
    private static let passing = [
        "|transient|", "|temporary|", "|temporar", "|soft", "|deferred", "|delayed", "try again",
        "try later", "timed out", "timeout", "connection refused", "undetermined",
        "network error", "dnserror",
    ]

    /// Words of mail providers for what will not.
    private static let permanent = [
        "|permanent", "|hard", "hardbounce", "|suppress",
    ]
}
