import Core
import Store

/// The kinds of scalar that the configuration knows. Each gives nil with a mistake for other text.
extension Value {
    /// The largest weight, number of points or limit.
    static let largest = 1_000_000.0

    /// A name: `[a-z][a-z0-9_]{0,63}`.
    func name() -> String? {
        guard let text = text("a name") else { return nil }
        if Self.isName(text) { return text }
        let rule = "lower-case letters, digits and '_', beginning with a letter, 64 at most"
        let near = String(
            text.lowercased().map { ("a"..."z").contains($0) || Self.isDigit($0) ? $0 : "_" })
        mistake(
            "'\(key)' is \(shown(text)), not a name",
            Self.isName(near) ? "write \(near) (\(rule))" : "write \(rule), such as \(example)")
        return nil
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 64
        else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
        }
    }

    /// A finite decimal number between -`largest` and `largest`.
    func number() -> Double? {
        guard let text = text("a number") else { return nil }
        guard let number = Self.decimal(text) else {
            let repaired = text.replacing(",", with: ".").replacing("_", with: "")
            mistake(
                "'\(key)' is \(shown(text)), not a number",
                Self.decimal(repaired) == nil
                    ? "write a number, such as \(example)" : "write \(repaired)")
            return nil
        }
        guard abs(number) <= Self.largest else {
            mistake(
                "'\(key)' is \(shown(text)), which is too large",
                "write a number between -1000000 and 1000000")
            return nil
        }
        return number
    }

    /// A number above 0; `zero` says what to write instead of 0.
    func positiveNumber(insteadOfZero zero: String) -> Double? {
        guard let number = number() else { return nil }
        if number > 0 { return number }
        mistake(
            "'\(key)' is \(shown(text("a number") ?? "")), not above 0",
            number == 0 ? zero : "write a number above 0, such as \(example)")
        return nil
    }

    /// A whole number in `range`; `zero` says what to write instead of 0, where that is not in it.
    func integer(in range: ClosedRange<Int>, insteadOfZero zero: String? = nil) -> Int? {
        guard let text = text("a whole number") else { return nil }
        guard let number = Self.whole(text) else {
            mistake(
                "'\(key)' is \(shown(text)), not a whole number",
                "write a whole number, \(wholeExample(for: text, in: range))")
            return nil
        }
        guard range.contains(number) else {
            let fault = number < range.lowerBound ? "small" : "large"
            let choice = "write a whole number from \(range.lowerBound) to \(range.upperBound)"
            mistake(
                "'\(key)' is \(shown(text)), which is too \(fault)",
                number == 0 ? zero ?? choice : choice)
            return nil
        }
        return number
    }

    private func wholeExample(for text: String, in range: ClosedRange<Int>) -> String {
        let plain = text.replacing("_", with: "").replacing(",", with: "").replacing(" ", with: "")
        if let near = Self.decimal(plain).flatMap({ Int(exactly: $0.rounded(.down)) }) {
            return "such as \(min(max(near, range.lowerBound), range.upperBound))"
        }
        return "such as \(example)"
    }

    /// The worst values of bands 2 to 5, as a list of four numbers from worse to better.
    func edges(_ order: RFMScale.Order, scale: Double = 1) -> RFMScale? {
        let before = document.findings.mistakes.count
        let numbers = oneOrMore("a list of four numbers").compactMap { $0.number() }
        guard document.findings.mistakes.count == before else { return nil }
        let found = RFMScale(edges: numbers.map { Int64(($0 * scale).rounded()) }, order)
        if found == nil {
            let direction = order == .lowerIsBetter ? "falling" : "rising"
            mistake(
                "'\(key)' is not a list of four \(direction) numbers", "write \(example)")
        }
        return found
    }

    /// One word of a list.
    func word(of words: [String], noun: String) -> String? {
        guard let text = text(noun) else { return nil }
        if words.contains(text) { return text }
        let choice = "write \(enumerated(words, "or"))"
        let near = nearest(to: text, in: words).map { "did you mean '\($0)'?" }
        mistake("'\(key)' is \(shown(text)), not \(noun)", near ?? choice)
        return nil
    }

    /// A SQL condition of a step, judged by SQLite itself.
    func condition(_ step: RuleStep) -> Condition? {
        guard let text = text("a SQL condition") else { return nil }
        let sql = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        guard !sql.isEmpty else {
            mistake("'\(key)' is empty", "write a SQL condition, such as \(example)")
            return nil
        }
        guard sql.last != ";" else {
            mistake("'\(key)' ends with ';'", "remove it; a condition is one expression")
            return nil
        }
        let condition = String(sql)
        do throws(ConditionFault) {
            _ = try document.findings.check(of: step)?.columns(of: condition)
        } catch {
            let here = document.place(ofByte: error.offset, in: condition, of: node)
            document.findings.mistake(here, "'\(key)': \(error.what)", error.remedy)
            return nil
        }
        return Condition(sql: condition, place: document.findings.text(place))
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    /// Digits with an optional sign; nil for everything else, so that no octal surprises.
    static func whole(_ text: String) -> Int? {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        // More digits than an integer holds are out of every range all the same.
        return Int(text) ?? (text.hasPrefix("-") ? Int.min : Int.max)
    }

    /// A decimal number with an optional exponent: no hexadecimal, no infinity, no NaN.
    static func decimal(_ text: String) -> Double? {
        guard text.utf8.count <= 64, text.utf8.contains(where: { (0x30...0x39).contains($0) }),
            text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
            let number = Double(text), number.isFinite
        else { return nil }
        return number
    }
}
