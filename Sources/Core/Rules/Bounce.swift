/// Why a mail came back.
public enum Bounce: String, Sendable, CaseIterable {
    /// The address does not exist.
    case hard
    /// It may work another time.
    case soft
    /// The receiver objects to the sender; not the contact's fault.
    case block
    /// Somebody is on holiday: a sign of life.
    case autoReply = "auto_reply"

    /// The word for it, as it stands in an event.
    public var word: ByteSlice {
        switch self {
        case .hard: Event.literal("hard")
        case .soft: Event.literal("soft")
        case .block: Event.literal("block")
        case .autoReply: Event.literal("auto_reply")
        }
    }

    /// What a log says of a bounce: the class that it states, or else a code with or without the
    /// words of the server.
    ///
    /// The words of our own events stand against everything. Those of mail providers are less
    /// exact than a code, so that a code which says something goes first.
    ///
    /// - Returns: soft where nothing else is said.
    public init(stated: ByteSlice, status: ByteSlice) {
        if let own = Self.own(stated) {
            self = own
        } else if let said = Self(saying: status) {
            self = said
        } else {
            self = BouncePhrases.meaning(of: stated) ?? .soft
        }
    }

    /// The class of an enhanced status code, which may stand amid other words: `5.1.1` is hard,
    /// `4.2.2` soft, `550 5.7.1 blocked` a block.
    ///
    /// - Returns: soft where nothing else is said.
    public init(status: ByteSlice) { self = Self(saying: status) ?? .soft }

    /// The class of a code with the words that a server said with it.
    ///
    /// A code that names its subject decides. The words decide where it names none (x.0.0, x.5.0 and
    /// the like, or no code at all), and where some widespread servers use it for another thing.
    ///
    /// - Returns: soft where neither says anything else.
    public init(code: ByteSlice, text: ByteSlice) {
        let status = EnhancedStatus(in: code) ?? EnhancedStatus(in: text)
        self = Self(status, text) ?? .soft
    }

    private init?(saying text: ByteSlice) {
        self.init(EnhancedStatus(in: text), text)
    }

    /// Permanent failures of the address (x.1.0 to x.1.3, x.1.6, x.1.10) and of the mailbox (x.2.0,
    /// x.2.1) are hard, policy (x.7.x) is never the contact's fault, and what is only for now (4.x.x)
    /// may pass; a full mailbox too.
    ///
    /// - Source: RFC 3463, section 3.
    private init?(_ status: EnhancedStatus?, _ text: ByteSlice) {
        guard let status else {
            guard let said = BouncePhrases.meaning(of: text) else { return nil }
            self = Self.isTransient(text) && said == .hard ? .soft : said
            return
        }
        switch (status.kind, status.subject, status.detail) {
        case (4...5, 7, _): self = .block
        case (4, _, _): self = .soft
        case (5, 2, 0...1):
            self = BouncePhrases.meaning(of: text) == .soft ? .soft : .hard
        case (5, 1, 0...3), (5, 1, 6), (5, 1, 10): self = .hard
        case (5, 0, _), (5, 3, 0), (5, 5, _), (5, 6, 0), (5, 4, 1):
            guard let said = BouncePhrases.meaning(of: text) else { return nil }
            self = said
        case (5, _, _): self = .soft
        default: return nil
        }
    }

    private static func own(_ word: ByteSlice) -> Bounce? {
        if word.isEmpty { return nil }
        if word.equals("hard") { return .hard }
        if word.equals("soft") { return .soft }
        if word.equals("block") { return .block }
        return word.equals("auto_reply") ? .autoReply : nil
    }

    /// Whether the text begins with a reply code of 4xx.
    private static func isTransient(_ text: ByteSlice) -> Bool {
        text.count >= 3 && text[0] == 0x34 && text[1] &- 0x30 <= 9 && text[2] &- 0x30 <= 9
    }
}
