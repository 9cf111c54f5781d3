import Core
import Foundation
import GRDB
import TestKit
import Testing

@testable import Store

@Suite struct LeadsReaderTests {
    @Test func `the columns of a row are those of the table, in its order`() throws {
        let fixture = try LeadsFixture()
        let columns = try LeadsReader.read(path: fixture.path) {
            try $0.db.columns(in: "leads").map(\.name)
        }
        #expect(columns == LeadColumn.allCases.map(\.rawValue))
    }

    @Test func `the top is by score, then by number, the cold ones last`() throws {
        #expect(try top(3) == [2, 1, 3])
        #expect(try top(20) == [2, 1, 3, 4, 5])
        #expect(try top(4, segment: "quiet") == [4, 5])
        #expect(try top(1, segment: "hot") == [2])
        #expect(try top(4, segment: "nobody's") == [])
    }

    @Test func `the top does not sort what the index has in order`() throws {
        let fixture = try LeadsFixture()
        let plan = try LeadsReader.read(path: fixture.path) { leads in
            let sql = "EXPLAIN QUERY PLAN " + leads.warmSQL(nil)
            return try Row.fetchAll(leads.db, sql: sql, arguments: [20])
                .map { row -> String in row["detail"] }.joined(separator: "\n")
        }
        #expect(plan.contains("lead_score"))
        #expect(!plan.contains("TEMP B-TREE"))
    }

    @Test(arguments: ["contact_id = 1", "identifier_id = 1", "value = 'x'"])
    func `identifiers are found without reading those of others`(condition: String) throws {
        let fixture = try LeadsFixture()
        let plan = try LeadsReader.read(path: fixture.path) { leads in
            let sql = "EXPLAIN QUERY PLAN SELECT * FROM identifiers WHERE " + condition
            return try Row.fetchAll(leads.db, sql: sql).map { row -> String in row["detail"] }
        }
        #expect(plan.count == 1)
        #expect(plan.allSatisfy { $0.hasPrefix("SEARCH identifiers USING") })
    }

    @Test func `values come with the type of their column`() throws {
        let fixture = try LeadsFixture()
        let lead = try #require(try LeadsReader.read(path: fixture.path) { try $0.lead(1) })
        #expect(lead[.engagement] == .real(35))
        #expect(lead[.events] == .integer(7))
        #expect(lead[.anonymous] == .flag(false))
        #expect(lead[.hotUntil] == .text("2026-09-17"))
        #expect(lead[.owner] == .null)
        #expect(lead[.traits] == .object(#"{"job_title":"Director"}"#))
    }

    @Test(arguments: [
        ("email: ANN@Example.com ", 1), ("ann@example.com", 1), ("customer:K-7", 1),
        ("K-7", 1), ("cookie:c00c1e", 1), ("contact:1", 1), ("contact:6", 1), ("1001", 2),
        ("cookie:twin", 3), ("customer:twin", 4), (" f81d4fae", 3),
    ])
    func `somebody is found by any name, also an old number`(who: String, contact: Int64) throws {
        guard case .contact(let lead) = try find(who) else {
            Issue.record("\(who) is not found")
            return
        }
        #expect(lead.contactID == contact)
    }

    @Test func `a bare value that names two people finds neither`() throws {
        guard case .several(let rows) = try find("twin") else {
            Issue.record("twin is not ambiguous")
            return
        }
        #expect(rows.map(\.kind) == ["customer_id", "cookie"])
    }

    @Test(arguments: ["nobody", "contact:77", "email:f81d4fae", "k-7", "3", "%", "'", "null"])
    func `who is not there is nobody`(who: String) throws {
        #expect(try find(who) == .nobody)
    }

    @Test(arguments: ["", "  ", "contact:", "contact:ann", "contact:-1", "contact:0", "email: "])
    func `what names nobody is no Who`(text: String) {
        #expect(Who(text) == nil)
    }

    @Test func `a cookie that is no lead yet is known`() throws {
        guard case .unpublished(let rows) = try find("once") else {
            Issue.record("once is not unpublished")
            return
        }
        #expect(rows.map(\.id) == [10])
    }

    private func top(_ count: Int, segment: String? = nil) throws -> [Int64] {
        let fixture = try LeadsFixture()
        return try LeadsReader.read(path: fixture.path) {
            try $0.top(count, segment: segment).map(\.contactID)
        }
    }

    private func find(_ text: String) throws -> Found {
        let fixture = try LeadsFixture()
        let who = try #require(Who(text))
        return try LeadsReader.read(path: fixture.path) { try $0.find(who) }
    }
}
