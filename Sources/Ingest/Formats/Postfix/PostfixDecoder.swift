public import Core

/// Postfix's log: what became of the mails that it sent.
///
/// A delivery is an event, a bounce and a deferral are bounces; everything else is `filtered{other}`.
/// Lines of a mail come one by one, joined by its queue id: the sender and the headers that
/// `header_checks` has logged are remembered until the mail leaves the queue.
///
/// - Source: Postfix's own sources and manual pages: qmgr(8), cleanup(8), smtp(8), header_checks(5).
public final class PostfixDecoder: LineDecoder, CalendarDecoder, RememberingDecoder {
    /// The zone of times that state none.
    public var zone = FixedZone.utc
    /// No line is taken to be written after this.
    public var latest = Instant(0)

    private var queue = MailQueue()
    private var scratch = ByteScratch()

    /// A decoder that remembers nothing yet.
    public init() {}

    /// Decodes one line; a carriage return at its end is dropped.
    public func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        let line = line.trimmed
        guard !line.isEmpty else { return .blank }
        let parsed: SyslogLine
        do throws(SyslogProblem) {
            parsed = try SyslogLine(line, zone: zone, latest: latest)
        } catch {
            return error.verdict
        }
        guard let daemon = Self.daemon(parsed.program), let colon = parsed.message.first(0x3A),
            Self.isQueueID(parsed.message[0..<colon])
        else { return .otherLine }
        let id = parsed.message[0..<colon]
        let text = parsed.message[(colon + 1)..<parsed.message.count].trimmed
        if let delivery = Delivery(text) {
            return take(delivery, of: id, by: daemon, at: parsed.at, into: &event)
        }
        learn(text, of: id, by: daemon, at: parsed.at)
        return .otherLine
    }

    /// What changed in the queue since the last call.
    public func takeRemembered() -> [RememberedText] { queue.takeChanges() }

    /// Takes back a queue.
    public func restore(_ texts: [RememberedText]) { queue.restore(texts) }

    // MARK: What became of a mail

    private func take(
        _ delivery: Delivery, of id: ByteSlice, by daemon: ByteSlice, at: Instant,
        into event: inout Event
    ) -> Verdict? {
        event.clear()
        switch delivery.status {
        case .sent:
            // Handed to a filter on this machine, which hands it back under another queue id.
            if daemon.equals("smtp"), delivery.isLoopback { return .otherLine }
            event.type = Event.literal("delivered")
        case .bounced:
            event.type = Event.literal("bounce")
            event.bounce = Bounce(code: delivery.code, text: delivery.text).word
        case .deferred:
            event.type = Event.literal("bounce")
            let isPolicy = Bounce(status: delivery.code) == .block
            event.bounce = (isPolicy ? Bounce.block : .soft).word
        case .other: return .otherLine
        }
        let mail = queue[id]
        // A message about a message: not ours to a contact.
        if let sender = mail?.sender, sender.isEmpty { return .otherLine }
        event.at = at
        if let verdict = event.take(delivery.recipient, as: .email) { return verdict }
        if let verdict = event.take(delivery.code, as: .status) { return verdict }
        scratch.begin(id.count + (mail?.bytes ?? 0))
        event.id = copy(id.array)
        if let mail {
            event.campaign = copy(mail.campaign.isEmpty ? mail.sender ?? [] : mail.campaign)
            event.message = copy(mail.message)
        }
        return nil
    }

    private func copy(_ bytes: [UInt8]) -> ByteSlice {
        unsafe scratch.write(bytes.count) { to in
            for place in bytes.indices { unsafe to[place] = bytes[place] }
            return bytes.count
        }
    }

    // MARK: What is said of a mail on its way

    private func learn(_ text: ByteSlice, of id: ByteSlice, by daemon: ByteSlice, at: Instant) {
        // What is no text would spoil the event that it is remembered for.
        guard text.isUTF8, text.first(0) == nil else { return }
        if daemon.equals("qmgr") {
            if text.equals("removed") { return queue.forget(id) }
            guard let sender = Self.bracketed(text, after: "from=<") else { return }
            queue.note(id, at: at) { $0.sender = sender.array }
        } else if daemon.equals("cleanup") {
            if let message = Self.bracketed(text, after: "message-id=<"), !message.isEmpty {
                queue.note(id, at: at) { mail in
                    if mail.message.isEmpty { mail.message = message.array }
                }
            } else if let header = LoggedHeader(text) {
                queue.note(id, at: at) { mail in
                    switch header.meaning {
                    case .campaign: mail.campaign = header.value.array
                    case .feedback where mail.campaign.isEmpty: mail.campaign = header.value.array
                    case .feedback: break
                    case .mailing: mail.message = header.value.array
                    }
                }
            }
        }
    }

    // MARK: Words

    /// `smtp` of `postfix/smtp` and `postfix-out/submission/smtpd`; nil for other programs.
    private static func daemon(_ program: ByteSlice) -> ByteSlice? {
        guard program.count > 8, program[0..<7].equals("postfix") else { return nil }
        var slash: Int? = nil
        var place = 7
        while let found = program.first(0x2F, from: place) {
            slash = found
            place = found + 1
        }
        return slash.map { program[($0 + 1)..<program.count] }
    }

    /// Hexadecimal digits, or since Postfix 2.9 digits and letters without vowels; never a word of
    /// small letters such as `warning`, and not `NOQUEUE`.
    private static func isQueueID(_ text: ByteSlice) -> Bool {
        guard (5...32).contains(text.count), !text.equals("NOQUEUE") else { return false }
        var hasOther = false
        for place in 0..<text.count {
            switch text[place] {
            case 0x30...0x39, 0x41...0x5A: hasOther = true
            case 0x61...0x7A: continue
            default: return false
            }
        }
        return hasOther
    }

    /// What stands between the word and the next `>`, if the text begins with the word.
    private static func bracketed(_ text: ByteSlice, after word: StaticString) -> ByteSlice? {
        let start = word.utf8CodeUnitCount
        guard text.count > start, text[0..<start].equals(word),
            let end = text.first(0x3E, from: start)
        else { return nil }
        return text[start..<end]
    }
}
