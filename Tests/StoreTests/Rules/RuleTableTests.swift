import Core
import TestKit
import Testing

@testable import Store

@Suite struct RuleTableTests {
    /// Contacts with a few columns filled in.
    private static func contacts(_ engagements: [Int64]) -> [PublishedContact] {
        engagements.enumerated().map { place, engagement in
            var history = History()
            var person = PersonFacts(contact: Int64(place + 1))
            person.members = []
            let lead = Lead(
                person, on: Day(20_000),
                under: ScoringModel(signals: [:], mql: 60, purchase: nil),
                isSignal: { _ in true }, history: &history)
            var contact = PublishedContact(lead)
            contact.engagement = engagement
            return contact
        }
    }

    private static func verdicts(
        _ conditions: [String], _ contacts: [PublishedContact], asksForTime: Bool = false
    ) throws -> ([RuleTable.Verdict], [Int: String]) {
        let table = try RuleTable(
            conditions.map { .init(sql: $0, asksForTime: asksForTime) }, reading: [.engagement],
            beforeFit: false)
        // Twice, as a table is used again and again.
        _ = try table.evaluate(contacts, order: Array(contacts.indices), text: .empty)
        let verdicts = try table.evaluate(
            contacts, order: Array(contacts.indices), text: .empty)
        return (verdicts, table.faults)
    }

    @Test func `all conditions are answered for all contacts`() throws {
        let contacts = Self.contacts([5_000_000, 70_000_000])
        let (verdicts, faults) = try Self.verdicts(
            ["engagement >= 60", "engagement < 60", "NULL", "'2 apples'", "'apples'"], contacts)
        #expect(
            verdicts == [
                .fails, .holds, .fails, .holds, .fails, .holds, .fails, .fails, .holds, .fails,
            ])
        #expect(faults.isEmpty)
    }

    @Test(arguments: [false, true])
    func `a condition that overflows spoils nothing else`(asksForTime: Bool) throws {
        let overflow = "abs(-9223372036854775807 - (engagement > 60)) > 0"
        let contacts = Self.contacts([5_000_000, 70_000_000, 90_000_000, 6_000_000])
        let (verdicts, faults) = try Self.verdicts(
            [overflow, "engagement > 1"], contacts, asksForTime: asksForTime)
        #expect(
            verdicts == [
                .holds, .holds, .unknown, .holds, .unknown, .holds, .holds, .holds,
            ])
        #expect(faults.keys.sorted() == [0])
    }

    @Test(arguments: [false, true])
    func `a condition that takes too long is left out, and the others are answered`(
        asksForTime: Bool
    ) throws {
        // Looks for a long text in a longer one of which every part is almost it.
        let many = String(repeating: "a", count: 30)
        let more = "replace(replace('\(many)', 'a', '\(many)'), 'a', '\(many)')"
        let text = "replace(\(more), 'a', 'aaaaaaaaaaaa')"
        let look = "instr(\(text) || engagement, '\(String(repeating: "a", count: 500))b')"
        let groups = Array(
            repeating: "max(\(Array(repeating: look, count: 50).joined(separator: ", ")))", count: 4
        ).joined(separator: " OR ")
        let slow = "engagement > 60 AND (\(groups))"
        let contacts = Self.contacts([5_000_000, 70_000_000, 90_000_000, 6_000_000])
        let (verdicts, faults) = try Self.verdicts(
            ["engagement > 80", slow], contacts, asksForTime: asksForTime)
        #expect(
            verdicts == [
                .fails, .unknown, .fails, .unknown, .holds, .unknown, .fails, .unknown,
            ])
        #expect(faults.keys.sorted() == [1])
    }

    @Test func `no text of a contact makes a condition ask for the current time`() throws {
        let check = try ConditionCheck(.fit)
        let needs = try check.needs(of: "date(owner) IS NOT NULL")
        #expect(needs.asksForTime)
        #expect(try !check.needs(of: "owner > 'now'").asksForTime)
        var contacts = Self.contacts([1, 2])
        var text = TextArena()
        contacts[0].owner = text.piece(of: "2026-01-02")
        contacts[1].owner = text.piece(of: "NOW")
        let table = try RuleTable(
            [.init(sql: "date(owner) IS NOT NULL", asksForTime: needs.asksForTime)],
            reading: [.owner], beforeFit: false)
        let verdicts = try unsafe text.bytes.withUnsafeBufferPointer {
            try unsafe table.evaluate(contacts, order: [0, 1], text: ByteSlice($0))
        }
        #expect(verdicts == [.holds, .unknown])
        #expect(table.faults[0]?.contains("non-deterministic") == true)
    }

    @Test func `more conditions than a table has room for are answered too`() throws {
        let conditions = (0..<1_100).map { Condition(sql: "engagement > \($0)", place: "") }
        let set = try #require(try RuleSet(conditions, step: .segment))
        var publication = Publication(sequence: 1, day: Day(20_000))
        publication.contacts = Self.contacts([500_500_000, 0, 1_099_500_000])
        let verdicts = try set.evaluate(publication, order: [0, 1, 2])
        for (row, count) in [501, 0, 1_100].enumerated() {
            #expect((0..<1_100).allSatisfy { (verdicts[row, $0] == .holds) == ($0 < count) })
        }
    }

    @Test func `attributes that conditions ask for are found`() {
        let sql = """
            traits->>'job_title' = 'x' OR traits ->> '$.a' IS NULL OR json_extract(traits,'$.b')
            OR ' ' || (TRAITS->>'job_title') = 'traits' OR traits -> '$."c d"' = 1
            """
        let names = ProfileRules.attributes(in: sql).map { String(decoding: $0, as: UTF8.self) }
        #expect(names == ["job_title", "a", "b", "job_title", "c d"])
    }
}
