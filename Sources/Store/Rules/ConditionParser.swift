import Core

/// Reads conditions of the plain kind: columns, members of JSON columns, literals, comparisons, `IN`,
/// `BETWEEN`, `IS`, `AND`, `OR`, `NOT`, `coalesce`, sums, and functions of time of nothing but
/// `as_of_day`.
///
/// SQLite has judged the condition before, so that this decides only whether it is one of those.
///
/// - Source: the order of operators is that of <https://www.sqlite.org/lang_expr.html>.
struct ConditionParser {
    private var tokens: [ConditionToken]
    private var next = 0
    private(set) var program: ConditionProgram

    /// Adds a condition to a program.
    ///
    /// - Returns: the program with it; nil if the condition is of another kind.
    static func add(_ sql: String, to program: ConditionProgram) -> ConditionProgram? {
        guard let tokens = ConditionToken.tokens(of: sql) else { return nil }
        var parser = ConditionParser(tokens: tokens, program: program)
        guard let root = parser.either(), parser.next == tokens.count else { return nil }
        parser.program.roots.append(root)
        return parser.program
    }

    private init(tokens: [ConditionToken], program: ConditionProgram) {
        self.tokens = tokens
        self.program = program
    }

    private mutating func take(_ token: ConditionToken) -> Bool {
        guard next < tokens.count, tokens[next] == token else { return false }
        next += 1
        return true
    }

    private mutating func take(_ keyword: String) -> Bool { take(.name(keyword)) }

    private mutating func takeMark(_ mark: String) -> Bool { take(.mark(mark)) }

    // MARK: From the loosest to the tightest

    private mutating func either() -> Int? {
        guard var left = both() else { return nil }
        while take("or") {
            guard let right = both() else { return nil }
            left = program.add(.or(left, right))
        }
        return left
    }

    private mutating func both() -> Int? {
        guard var left = negation() else { return nil }
        while take("and") {
            guard let right = negation() else { return nil }
            left = program.add(.and(left, right))
        }
        return left
    }

    private mutating func negation() -> Int? {
        if take("not") { return negation().map { program.add(.not($0)) } }
        return equality()
    }

    private mutating func equality() -> Int? {
        guard var left = relation() else { return nil }
        while next < tokens.count {
            if takeMark("=") || takeMark("==") {
                guard let right = relation() else { return nil }
                left = program.add(.compare(.equal, left, right))
            } else if takeMark("<>") || takeMark("!=") {
                guard let right = relation() else { return nil }
                left = program.add(.not(program.add(.compare(.equal, left, right))))
            } else if take("isnull") {
                left = program.add(.isSame(left, program.add(.null)))
            } else if take("notnull") {
                left = program.add(.not(program.add(.isSame(left, program.add(.null)))))
            } else if take("is") {
                guard let found = sameness(left) else { return nil }
                left = found
            } else {
                let isNegated = take("not")
                guard let found = oneOf(left) else { return isNegated ? nil : left }
                left = isNegated ? program.add(.not(found)) : found
            }
        }
        return left
    }

    private mutating func sameness(_ left: Int) -> Int? {
        let isNegated = take("not")
        let start = next
        guard let right = relation() else { return nil }
        // `IS TRUE` asks for truth, not for sameness, in brackets too.
        let isTruth = tokens[start..<next].contains { $0 == .name("true") || $0 == .name("false") }
        if isTruth { return nil }
        let same = program.add(.isSame(left, right))
        return isNegated ? program.add(.not(same)) : same
    }

    /// `IN (...)`, `BETWEEN ... AND ...`, `LIKE '...'`; nil without having taken
    /// anything where it is none of them.
    private mutating func oneOf(_ left: Int) -> Int? {
        if take("in") {
            guard takeMark("("), let list = list(of: { $0.literal() }) else { return nil }
            return program.add(.among(left, list))
        }
        if take("between") {
            guard let low = relation(), take("and"), let high = relation() else { return nil }
            return program.add(
                .and(
                    program.add(.compare(.atLeast, left, low)),
                    program.add(.compare(.atMost, left, high))))
        }
        if take("like") {
            guard let pattern = relation(), case .text(_, let count) = program.terms[pattern],
                count <= 1000
            else { return nil }
            return program.add(.isLike(left, pattern))
        }
        return nil
    }

    private mutating func relation() -> Int? {
        guard var left = sum() else { return nil }
        while true {
            let comparison: ConditionProgram.Comparison
            if takeMark("<") {
                comparison = .below
            } else if takeMark("<=") {
                comparison = .atMost
            } else if takeMark(">") {
                comparison = .above
            } else if takeMark(">=") {
                comparison = .atLeast
            } else {
                return left
            }
            guard let right = sum() else { return nil }
            left = program.add(.compare(comparison, left, right))
        }
    }

    private mutating func sum() -> Int? {
        guard var left = joint() else { return nil }
        while takeMark("+") {
            guard let right = joint() else { return nil }
            left = program.add(.sum(left, right))
        }
        return left
    }

    /// `||` and `->>`.
    private mutating func joint() -> Int? {
        guard var left = primary() else { return nil }
        while true {
            if takeMark("||") {
                guard let right = primary() else { return nil }
                left = program.add(.strict(left, right))
            } else if takeMark("->>") {
                guard case .column(let column) = program.terms[left], column.kind == .object,
                    next < tokens.count, case .text(let key) = tokens[next], Self.isPlain(key)
                else { return nil }
                next += 1
                let (start, count) = program.keep(key)
                left = program.add(.member(left, start, count))
            } else {
                return left
            }
        }
    }

    /// Whether a key is a name to `->>`, and neither a path nor a place in a list.
    private static func isPlain(_ key: [UInt8]) -> Bool {
        guard let first = key.first, !(0x30...0x39).contains(first) else { return false }
        return key.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x3A: true
            default: false
            }
        }
    }

    private mutating func primary() -> Int? {
        if takeMark("(") {
            guard let inner = either(), takeMark(")") else { return nil }
            return inner
        }
        if let literal = literal() { return literal }
        guard next < tokens.count, case .name(let name) = tokens[next] else { return nil }
        if let column = LeadColumn(rawValue: name) {
            next += 1
            return program.add(.column(column))
        }
        if Self.textsOfTime.contains(name) { return timeFunction() }
        next += 1
        guard takeMark("(") else { return nil }
        switch name {
        case "coalesce", "ifnull":
            return list(of: { $0.either() }).map { program.add(.firstKnown($0)) }
        case "cast":
            guard let inner = either(), take("as"), next < tokens.count,
                case .name = tokens[next]
            else { return nil }
            next += 1
            return takeMark(")") ? program.add(.strict(inner, inner)) : nil
        default: return nil
        }
    }

    private mutating func literal() -> Int? {
        guard next < tokens.count else { return nil }
        let start = next
        let isNegative = takeMark("-")
        guard next < tokens.count else { return nil }
        next += 1
        switch tokens[next - 1] {
        case .number(let number): return self.number(number, isNegative).map { program.add($0) }
        case .text(let text) where !isNegative:
            let (start, count) = program.keep(text)
            return program.add(.text(start, count))
        case .name("null") where !isNegative: return program.add(.null)
        case .name("true") where !isNegative: return program.add(.integer(1))
        case .name("false") where !isNegative: return program.add(.integer(0))
        default:
            next = start
            return nil
        }
    }

    private func number(_ number: String, _ isNegative: Bool) -> ConditionProgram.Term? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard let digits = Int64(parts.joined()) else { return nil }
        let value = isNegative ? -digits : digits
        if parts.count == 1 { return .integer(value) }
        return switch ConditionValue.decimal(value, places: parts[1].utf8.count) {
        case .real(let exact): .real(exact)
        case .rounded(let near): .rounded(near)
        default: nil
        }
    }

    /// What stands between an opening bracket and its closing one.
    private mutating func list(of one: (inout Self) -> Int?) -> Range<Int>? {
        var items: [Int] = []
        repeat {
            guard let item = one(&self) else { return nil }
            items.append(item)
        } while takeMark(",")
        guard takeMark(")") else { return nil }
        let start = program.lists.count
        program.lists += items
        return start..<program.lists.count
    }

    /// Functions of time that give a text, or null.
    private static let textsOfTime: Set<String> = ["date", "datetime", "strftime", "time"]

    /// `date(as_of_day, '-30 days')` and its like.
    private mutating func timeFunction() -> Int? {
        guard case .name(var sql) = tokens[next], next + 1 < tokens.count,
            tokens[next + 1] == .mark("(")
        else { return nil }
        next += 2
        sql += "("
        while next < tokens.count {
            switch tokens[next] {
            case .name(LeadColumn.asOfDay.rawValue): sql += "?1"
            case .text(let text):
                let quoted = String(decoding: text, as: UTF8.self)
                sql += "'" + quoted.replacing("'", with: "''") + "'"
            case .mark(","): sql += ","
            case .mark(")"):
                next += 1
                program.timeFunctions.append(sql + ")")
                return program.add(.ofDay(program.timeFunctions.count - 1))
            default: return nil
            }
            next += 1
        }
        return nil
    }
}
