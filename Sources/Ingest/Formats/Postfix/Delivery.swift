import Core

/// `to=<ann@example.com>, relay=..., delay=..., dsn=2.0.0, status=sent (250 ok)`.
struct Delivery {
    /// What became of it.
    enum Status {
        case sent
        case bounced
        case deferred
        case other
    }

    /// The address as it was written to: before aliases, where the log tells both.
    var recipient: ByteSlice
    /// The RFC 3463 code.
    var code: ByteSlice
    /// What became of it.
    var status: Status
    /// Why, between the brackets.
    var text: ByteSlice
    /// Whether it went to this machine itself.
    var isLoopback: Bool

    /// Takes the text behind the queue id apart; nil if it tells of no delivery.
    init?(_ line: ByteSlice) {
        guard line.count > 4, line[0..<4].equals("to=<"),
            let end = Self.find(">, ", in: line, from: 4)
        else { return nil }
        recipient = line[4..<end]
        if let original = Self.value("orig_to=<", in: line, from: end, until: ">"),
            original.first(0x40) != nil
        {
            recipient = original
        }
        guard let code = Self.value("dsn=", in: line, from: end, until: ","),
            let start = Self.find("status=", in: line, from: end)
        else { return nil }
        self.code = code
        let rest = line[(start + 7)..<line.count]
        let word = rest[0..<(rest.first(0x20) ?? rest.count)]
        status =
            word.equals("sent")
            ? .sent
            : word.equals("bounced") ? .bounced : word.equals("deferred") ? .deferred : .other
        text = rest.first(0x28).map { rest[($0 + 1)..<rest.count] } ?? .empty
        let relay = Self.value("relay=", in: line, from: end, until: ",") ?? .empty
        isLoopback = ["127.0.0.1[", "localhost[", "::1["].contains { (word: StaticString) in
            relay.count > word.utf8CodeUnitCount && relay[0..<word.utf8CodeUnitCount].equals(word)
        }
    }

    private static func value(
        _ key: StaticString, in line: ByteSlice, from start: Int, until end: StaticString
    ) -> ByteSlice? {
        guard let place = find(key, in: line, from: start) else { return nil }
        let begin = place + key.utf8CodeUnitCount
        return find(end, in: line, from: begin).map { line[begin..<$0] }
    }

    /// Where a word stands in the line at or after a place.
    private static func find(_ word: StaticString, in line: ByteSlice, from start: Int) -> Int? {
        let count = word.utf8CodeUnitCount
        let head = unsafe word.utf8Start[0]
        var place = start
        while let found = line.first(head, from: place), found + count <= line.count {
            if line[found..<(found + count)].equals(word) { return found }
            place = found + 1
        }
        return nil
    }
}

/// A header that `header_checks` has logged:
/// `info: header X-Campaign: spring from localhost[127.0.0.1]; from=<...> to=<...> ...`.
struct LoggedHeader {
    /// What the header tells of.
    enum Meaning {
        /// The campaign.
        case campaign
        /// The first part of Feedback-ID, which is the campaign.
        case feedback
        /// The mailing.
        case mailing
    }

    /// What it tells of.
    var meaning: Meaning
    /// The value, not empty.
    var value: ByteSlice

    /// Takes what cleanup logged apart; nil if it is no header of a known name.
    init?(_ text: ByteSlice) {
        guard let blank = text.first(0x20), blank + 8 < text.count,
            text[(blank + 1)..<(blank + 8)].equals("header "),
            let colon = text.first(0x3A, from: blank + 8)
        else { return nil }
        let name = String(decoding: text[(blank + 8)..<colon].array, as: UTF8.self).lowercased()
        if name.hasPrefix("x-campaign") {
            meaning = .campaign
        } else if name == "feedback-id" {
            meaning = .feedback
        } else if name.hasPrefix("x-mailing") {
            meaning = .mailing
        } else {
            return nil
        }
        var value = Self.untilClient(text[(colon + 1)..<text.count]).trimmed
        if meaning == .feedback, let end = value.first(0x3A) { value = value[0..<end] }
        guard !value.isEmpty, value.count <= 1024 else { return nil }
        self.value = value
    }

    /// Up to the last ` from HOST[ADDRESS];` or ` from local;`, which Postfix adds.
    private static func untilClient(_ text: ByteSlice) -> ByteSlice {
        var end = text.count
        var place = 0
        while let blank = text.first(0x20, from: place) {
            if blank + 6 <= text.count, text[blank..<(blank + 6)].equals(" from ") { end = blank }
            place = blank + 1
        }
        return text[0..<end]
    }
}
