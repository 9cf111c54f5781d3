/// A word of a condition that `ConditionParser` may know.
enum ConditionToken: Equatable {
    /// A name or a keyword, in lower case.
    case name(String)
    /// What stands in single quotes.
    case text([UInt8])
    /// Digits, with or without a point.
    case number(String)
    /// An operator, a bracket, a comma.
    case mark(String)

    private static let marks = [
        "->>", "<=", ">=", "<>", "!=", "==", "||", "<", ">", "=", "(", ")", ",", "+", "-",
    ].map { (text: $0, bytes: Array($0.utf8)) }

    /// The words of a condition; nil if there is anything else in it.
    static func tokens(of sql: String) -> [ConditionToken]? {
        let bytes = Array(sql.utf8)
        var tokens: [ConditionToken] = []
        var place = 0
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            case 0x27:
                guard let text = quoted(bytes, &place) else { return nil }
                tokens.append(.text(text))
            case 0x30...0x39:
                guard let number = number(bytes, &place) else { return nil }
                tokens.append(.number(number))
            case 0x41...0x5A, 0x61...0x7A, 0x5F:
                let start = place
                while place < bytes.count, isPartOfName(bytes[place]) { place += 1 }
                tokens.append(
                    .name(String(decoding: bytes[start..<place], as: UTF8.self).lowercased()))
            default:
                let rest = bytes[place...]
                guard let mark = marks.first(where: { rest.starts(with: $0.bytes) }),
                    !rest.starts(with: [0x2D, 0x2D])  // a comment
                else { return nil }
                tokens.append(.mark(mark.text))
                place += mark.bytes.count
            }
        }
        return tokens
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x24, 0x80...: true
        default: false
        }
    }

    private static func quoted(_ bytes: [UInt8], _ place: inout Int) -> [UInt8]? {
        var text: [UInt8] = []
        place += 1
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == 0 { return nil }
            guard byte == 0x27 else {
                text.append(byte)
                continue
            }
            guard place < bytes.count, bytes[place] == 0x27 else { return text }
            text.append(byte)
            place += 1
        }
        return nil
    }

    private static func number(_ bytes: [UInt8], _ place: inout Int) -> String? {
        let start = place
        var points = 0
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) || bytes[place] == 0x2E {
            if bytes[place] == 0x2E { points += 1 }
            place += 1
        }
        // More digits than a double has, an exponent, a hexadecimal number.
        guard points <= 1, place - start <= 15, place == bytes.count || !isPartOfName(bytes[place])
        else { return nil }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }
}
