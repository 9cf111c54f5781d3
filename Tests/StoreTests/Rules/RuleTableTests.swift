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
        _ conditions: [String], _ contacts: [PublishedContact]
    ) throws -> ([RuleTable.Verdict], [Int: String]) {
        let table = try RuleTable(conditions, reading: [.engagement], beforeFit: false)
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

    @Test func `a condition that overflows spoils nothing else`() throws {
        let overflow = "abs(-9223372036854775807 - (engagement > 60)) > 0"
        let contacts = Self.contacts([5_000_000, 70_000_000])
        let (verdicts, faults) = try Self.verdicts([overflow, "engagement > 1"], contacts)
        #expect(verdicts == [.holds, .holds, .unknown, .holds])
        #expect(faults.keys.sorted() == [0])
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
