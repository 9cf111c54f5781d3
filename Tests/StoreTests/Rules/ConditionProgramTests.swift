import Core
import TestKit
import Testing

@testable import Store

@Suite struct ConditionProgramTests {
    /// What a program says of a contact.
    private static func truths(
        _ program: ConditionProgram, _ contacts: [PublishedContact], _ text: ByteSlice
    ) throws -> [[ConditionValue.Truth]] {
        var result: [[ConditionValue.Truth]] = []
        let day = contacts[0].day
        let values = try program.values(
            for: text[Int(day.start)..<Int(day.start + day.count)], in: RuleDatabase())
        program.evaluate(
            contacts, order: Array(contacts.indices), in: text, beforeFit: false, on: values
        ) { _, values in
            result.append(program.roots.map { values[$0].truth })
        }
        return result
    }

    @Test(arguments: 1...40)
    func `what is told without SQLite is what SQLite says`(seed: UInt64) throws {
        var random = RandomConditions(seed: seed)
        var text = TextArena()
        let contacts = (0..<60).map { random.contact(Int64($0 + 1), &text) }
        let check = try ConditionCheck(.segment)
        var program = ConditionProgram()
        var conditions: [RuleTable.Condition] = []
        while conditions.count < 120 {
            let sql = random.condition(depth: 3)
            guard let next = ConditionParser.add(sql, to: program),
                let needs = try? check.needs(of: sql)
            else { continue }
            program = next
            conditions.append(.init(sql: sql, asksForTime: needs.asksForTime))
        }
        let table = try RuleTable(
            conditions, reading: LeadColumn.allCases, beforeFit: false, asksAlways: true)
        var told = 0
        try unsafe text.bytes.withUnsafeBufferPointer { bytes in
            let text = unsafe ByteSlice(bytes)
            let truths = try Self.truths(program, contacts, text)
            let verdicts = try table.evaluate(
                contacts, order: Array(contacts.indices), text: text)
            for row in contacts.indices {
                for (number, truth) in truths[row].enumerated() where truth != .unknown {
                    told += 1
                    #expect(
                        verdicts[row * conditions.count + number]
                            == (truth == .holds ? .holds : .fails),
                        "seed \(seed): \(conditions[number].sql) for contact \(row + 1)")
                }
            }
        }
        // Otherwise nothing was compared.
        #expect(told > contacts.count * conditions.count / 4, "seed \(seed)")
    }

    @Test(arguments: 1...10)
    func `a table says the same with and without`(seed: UInt64) throws {
        var random = RandomConditions(seed: seed &+ 1000)
        var text = TextArena()
        var contacts = (0..<30).map { random.contact(Int64($0 + 1), &text) }
        contacts[4].day = text.piece(of: "2026-09-15")
        contacts[5].day = .none
        contacts[6].day = text.piece(of: "")
        let check = try ConditionCheck(.segment)
        var conditions: [RuleTable.Condition] = []
        while conditions.count < 8 {
            let sql = random.condition(depth: 2)
            guard ConditionParser.add(sql, to: ConditionProgram()) != nil,
                let needs = try? check.needs(of: sql)
            else { continue }
            conditions.append(.init(sql: sql, asksForTime: needs.asksForTime))
        }
        let tables = try [false, true].map {
            try RuleTable(
                conditions, reading: LeadColumn.allCases, beforeFit: true, asksAlways: $0)
        }
        let order = contacts.indices.filter { $0 % 7 != 3 }
        try unsafe text.bytes.withUnsafeBufferPointer { bytes in
            let text = unsafe ByteSlice(bytes)
            let verdicts = try tables.map {
                try $0.evaluate(contacts, order: order, text: text)
            }
            #expect(verdicts[0] == verdicts[1], "seed \(seed): \(conditions.map(\.sql))")
        }
    }

    @Test(arguments: [
        "lower(owner) = 'a'", "owner COLLATE NOCASE = 'A'", "\"owner\" = 'a'", "leads.owner = 'a'",
        "engagement > 1e3", "engagement / 2 > 3", "traits->>'$.a' = 1", "traits->>'a.b' = 1",
        "traits->>'0' = 1", "engagement IS TRUE", "owner LIKE 'a' ESCAPE 'b'", "owner GLOB 'a'",
        "x'61' = owner", "owner IN (email)", "engagement > 0x10", "rowid = 1", "events - 1 = 0",
        "/* a */ events", "events -- a", "julianday(as_of_day) > 1", "date(owner) = '2026-01-01'",
        "CASE WHEN events THEN 1 END", "events BETWEEN 1 = 1 AND 3", "1234567890123456 = events",
    ])
    func `what it does not know is left to SQLite`(sql: String) {
        #expect(ConditionParser.add(sql, to: ConditionProgram()) == nil)
    }

    @Test func `patterns match as in SQLite`() throws {
        let texts = ["", "a", "A", "ab", "aab", "abab", "b%", "a_b", "xAbY", "aaaa", "%", "é"]
        var text = TextArena()
        var random = RandomConditions(seed: 1)
        let contacts = texts.enumerated().map { place, value in
            var contact = random.contact(Int64(place + 1), &text)
            contact.owner = text.piece(of: value)
            return contact
        }
        let patterns = [
            "", "%", "_", "a", "a%", "%a", "%a%", "a%b", "%ab", "%b%b", "__", "%_%", "_%b", "aA%",
            "a%a%a", "%%", "a_b", "é", "%é",
        ]
        let conditions = patterns.map { RuleTable.Condition(sql: "owner LIKE '\($0)'") }
        let tables = try [false, true].map {
            try RuleTable(conditions, reading: [.owner], beforeFit: false, asksAlways: $0)
        }
        try unsafe text.bytes.withUnsafeBufferPointer { bytes in
            let text = unsafe ByteSlice(bytes)
            let verdicts = try tables.map {
                try $0.evaluate(contacts, order: Array(contacts.indices), text: text)
            }
            #expect(verdicts[0] == verdicts[1])
        }
    }
}

/// Conditions and contacts, many of them at the edge of something.
struct RandomConditions {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func one<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

    // MARK: Conditions

    /// A condition; brackets are left out at random, so that the order of operators counts.
    mutating func condition(depth: Int) -> String {
        let (left, right) = (part(depth), part(depth))
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return "\(left) AND \(right)"
        case 1: return "\(left) OR \(right)"
        case 2: return "NOT \(left)"
        case 3: return "\(value(depth)) \(one(["IN", "NOT IN", "in"])) (\(literals()))"
        case 4: return "\(value(depth)) IS \(one(["", "NOT"])) \(value(depth))"
        case 5: return "\(value(depth)) \(one(["ISNULL", "NOTNULL", "IS NULL", "NOT NULL"]))"
        case 6:
            let between = one(["BETWEEN", "NOT BETWEEN"])
            return "\(value(depth)) \(between) \(value(depth)) AND \(value(depth))"
        case 7:
            let pattern = one(["%a%", "prospect", "PRO%", "_", "", "%.example", "2026-%"])
            return "\(value(depth)) \(one(["LIKE", "NOT LIKE"])) '\(pattern)'"
        case 8: return value(depth)
        default:
            let mark = one(["=", "==", "<>", "!=", "<", "<=", ">", ">="])
            return "\(value(depth)) \(mark) \(value(depth))"
        }
    }

    private mutating func part(_ depth: Int) -> String {
        if depth == 0 { return value(0) }
        let inner = condition(depth: depth - 1)
        return chance(2) ? inner : "(\n\(inner)\t)"
    }

    private mutating func value(_ depth: Int) -> String {
        let numbers = [
            "anonymous", "events", "recency_days", "purchases", "r", "soft_streak", "engagement",
            "delta_30d", "p_alive", "completeness", "value", "Engagement",
        ]
        let texts = [
            "owner", "domain", "stage", "audience", "last_activity_day", "as_of_day", "email",
        ]
        let key = one(["click", "a", "b:c", "title", "none", "A"])
        let member = "\(one(["points", "counts", "traits", "interests"]))->>'\(key)'"
        switch Int.random(in: 0..<16, using: &random) {
        case 0...3: return one(numbers)
        case 4, 5: return one(texts)
        case 6, 7: return literal()
        case 8, 9: return member
        case 10: return "coalesce(\(one([member, one(numbers), one(texts)])), \(literal()))"
        case 11:
            return
                "date(as_of_day, '\(one(["-30 days", "+1 month", "nothing", "start of month"]))')"
        case 12 where depth > 0: return "\(value(depth - 1)) + \(value(depth - 1))"
        case 13 where depth > 0: return "\(value(depth - 1)) || \(value(depth - 1))"
        case 14 where depth > 0: return "CAST(\(value(depth - 1)) AS \(one(["REAL", "INTEGER"])))"
        case 15 where depth > 0: return "(\(condition(depth: depth - 1)))"
        default: return one(numbers)
        }
    }

    private mutating func literal() -> String {
        one([
            "0", "1", "-1", "5", "12", "60", "100000000000000", "0.5", "10.1", "12.5", "60.0",
            "0.1",
            "-3.25", "0.30000000000000", "''", "'prospect'", "'60'", "'a''b'", "'2026-09-14'",
            "'Director'", "'x.example'", "NULL", "TRUE", "false",
        ])
    }

    private mutating func literals() -> String {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in literal() }.joined(separator: ", ")
    }

    // MARK: Contacts

    /// A contact with something in each column that conditions above read.
    mutating func contact(_ number: Int64, _ text: inout TextArena) -> PublishedContact {
        var person = PersonFacts(contact: number)
        person.members = []
        var history = History()
        let lead = Lead(
            person, on: Day(20_000), under: ScoringModel(signals: [:], mql: 60, purchase: nil),
            isSignal: { _ in true }, history: &history)
        var contact = PublishedContact(lead)
        func points() -> Micropoints {
            one([0, 100_000, 10_100_000, 12_500_000, 12_000_000, 60_000_000, -3_250_000, 333_333])
        }
        func piece(_ choices: [String?]) -> TextArena.Piece {
            one(choices).map { value in text.piece(of: value) } ?? .none
        }
        (contact.engagement, contact.delta30) = (points(), points())
        contact.isAnonymous = chance(2)
        contact.events = one([0, 1, 5, 60, .max, .min, 1 << 53, (1 << 53) + 1])
        contact.recencyDays = one([nil, 0, 12, 60])
        contact.purchases = one([0, 1, 5])
        contact.r = one([nil, 1, 5])
        contact.softStreak = one([nil, 0, 4])
        contact.pAlive = one([nil, 0.5, 0.1, 1, 0.1 + 0.2, .nan])
        contact.completeness = one([nil, 0, 0.3, 1])
        contact.value = one([0, 5_000, 101_000, -32_500])
        contact.owner = piece([nil, "", "a", "a'b", "Director", "60", "prospect", "é", "a\u{0}b"])
        contact.domain = piece([nil, "x.example", "X.EXAMPLE", ""])
        contact.stage = piece([nil, "prospect", "known"])
        contact.audience = piece([nil, "prospect"])
        contact.lastActivity = piece([nil, "2026-09-14", "2026-08-15", "2026-08-14"])
        contact.email = piece([nil, "a@x.example"])
        contact.day = piece(["2026-09-14"])
        let numbers = [
            "{}", "{\"click\":5}", "{\"click\":10.1,\"a\":-3.25}", "{\"a\":0,\"b:c\":0.1}",
            "{\"a\":60,\"click\":12.5}", "{\"b:c\":0.333333}", "{\"x\":1,\"a\":100000000000000}",
        ]
        (contact.points, contact.counts) = (piece(numbers), piece(numbers))
        contact.interests = piece(numbers + [nil])
        contact.traits = piece(
            numbers + [
                "{\"title\":\"Director\"}", "{\"title\":\"a\\\"b\"}", "{\"a\":5.0}", "{\"a\":true}",
                "{\"a\":[1,2],\"b:c\":\"prospect\"}", "{\"a\":1e1}", "{\"a\":01}", "{\"a\":1",
                "{ \"a\": 1}", "{\"a\":12345678901234567}", "{\"title\":\"é\"}", "{\"a\":null}",
                "{\"a\":1,\"a\":2}", "{\"a\":-0}", "{\"a\":-}", "{\"a\":1.}", "{\"a\":\"60\"}", "",
                "{\"a\":1}x", "{\"a\":{\"a\":1}}", "[1]", "{\"\":\"\",\"A\":\"60\"}", "{\"a\":0.0}",
            ])
        contact.fitTraits = contact.traits
        return contact
    }
}
