import Core

extension Event {
    /// Takes the text of a field, as a log that knows no types has it; empty means that it is absent.
    ///
    /// - Returns: the reason if the text is unusable.
    @inline(__always)
    mutating func take(_ text: ByteSlice, as field: EventField) -> Verdict? {
        if text.isEmpty { return nil }
        if let verdict = Self.flaw(of: text, as: field) { return verdict }
        switch field {
        case .customerID: customerID = text
        case .email: email = text
        case .cookie: cookie = text
        case .id: id = text
        case .url: url = text
        case .campaign: campaign = text
        case .message: message = text
        case .search: search = text
        case .currency: currency = text
        case .status: status = text
        case .bounce: bounce = text
        case .ua: userAgent = text
        case .ip: ip = text
        case .stage: stage = text
        case .owner: owner = text
        case .type: type = text
        case .origin:
            origin = text.equals("machine") ? .machine : text.equals("human") ? .human : .unknown
        case .value:
            guard let money = Money(decimal: text.trimmed) else { return .value }
            value = money
        case .ts: return .time
        }
        return nil
    }

    /// What makes a text no text. A url and a user agent are compared and never kept: they may hold
    /// anything.
    private static func flaw(of text: ByteSlice, as field: EventField) -> Verdict? {
        if field == .url || field == .ua { return nil }
        var bits: UInt8 = 0
        for place in 0..<text.count {
            let byte = text[place]
            if byte == 0 { return .nul }
            bits |= byte
        }
        return bits < 0x80 || text.isUTF8 ? nil : .utf8
    }

    /// Whether `text` is a type: `[a-z0-9_.-]{1,64}`.
    static func isType(_ text: ByteSlice) -> Bool {
        guard text.count >= 1, text.count <= Bounds.typeBytes else { return false }
        for place in 0..<text.count {
            switch text[place] {
            case 0x61...0x7A, 0x30...0x39, 0x5F, 0x2E, 0x2D: continue
            default: return false
            }
        }
        return true
    }
}

extension ByteSlice {
    /// Whether it is nothing but blanks, tabs and carriage returns.
    var isBlank: Bool {
        for place in 0..<count {
            let byte = self[place]
            if byte != 0x20, byte != 0x09, byte != 0x0D { return false }
        }
        return true
    }

    /// Whether it is valid UTF-8.
    ///
    /// - Source: the Unicode standard, table 3-7.
    var isUTF8: Bool {
        var place = 0
        while place < count {
            let lead = self[place]
            place += 1
            if lead < 0x80 { continue }
            let more: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch lead {
            case 0xC2...0xDF: more = 1
            case 0xE0: (more, low) = (2, 0xA0)
            case 0xED: (more, high) = (2, 0x9F)
            case 0xE1...0xEF: more = 2
            case 0xF0: (more, low) = (3, 0x90)
            case 0xF1...0xF3: more = 3
            case 0xF4: (more, high) = (3, 0x8F)
            default: return false
            }
            guard place + more <= count, self[place] >= low, self[place] <= high else {
                return false
            }
            for next in (place + 1)..<max(place + more, place + 1)
            where self[next] & 0xC0 != 0x80 {
                return false
            }
            place += more
        }
        return true
    }
}
