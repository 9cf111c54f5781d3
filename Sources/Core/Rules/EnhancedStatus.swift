/// An enhanced status code, such as 5.1.1.
///
/// - Source: RFC 3463, section 2.
struct EnhancedStatus: Equatable {
    /// 2 done, 4 not now, 5 never.
    var kind: Int
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    var subject: Int
    /// What about it.
    var detail: Int

    /// The first code in the text; nil if there is none.
    ///
    /// Digits and points on either side make it something else, an address such as 5.1.1.9.
    init?(in text: ByteSlice) {
        for place in 0..<text.count {
            switch text[place] {
            case 0x32, 0x34, 0x35:
                if place > 0, Self.isPart(text[place - 1]) { continue }
                if let found = Self(text, at: place) {
                    self = found
                    return
                }
            default: continue
            }
        }
        return nil
    }

    private init?(_ text: ByteSlice, at start: Int) {
        guard start + 1 < text.count, text[start + 1] == 0x2E,
            let (subject, point) = Self.number(text, from: start + 2), point < text.count,
            text[point] == 0x2E, let (detail, end) = Self.number(text, from: point + 1)
        else { return nil }
        if end < text.count, text[end] == 0x2E {
            // A full stop may follow a code, another number may not.
            if end + 1 < text.count, text[end + 1] &- 0x30 <= 9 { return nil }
        }
        kind = Int(text[start] - 0x30)
        self.subject = subject
        self.detail = detail
    }

    /// One to three digits, and where they end.
    private static func number(_ text: ByteSlice, from start: Int) -> (value: Int, end: Int)? {
        var place = start
        var value = 0
        while place < text.count, text[place] &- 0x30 <= 9 {
            if place - start == 3 { return nil }
            value = value * 10 + Int(text[place] - 0x30)
            place += 1
        }
        return place == start ? nil : (value, place)
    }

    private static func isPart(_ byte: UInt8) -> Bool { byte == 0x2E || byte &- 0x30 <= 9 }
}
