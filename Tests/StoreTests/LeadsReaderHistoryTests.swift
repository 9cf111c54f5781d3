import Core
import Foundation
import GRDB
import TestKit
import Testing

@testable import Store

@Suite struct LeadsReaderHistoryTests {
    @Test(arguments: [1, 2, 3, 4, 5])
    func `the score of today that is recomputed is the one that is published`(id: Int64) throws {
        let fixture = try LeadsFixture()
        try LeadsReader.read(path: fixture.path) { leads in
            let lead = try #require(try leads.lead(id))
            let found = try leads.explain(lead, on: try leads.asOfDay())
            #expect(found.explanation.score == micropoints(lead.number(.score) ?? -1))
            let sum = found.explanation.rows.reduce(0) { $0 + $1.points }
            #expect(sum == found.explanation.score)
        }
    }

    @Test func `the top as of today is the published top`() throws {
        let fixture = try LeadsFixture()
        try LeadsReader.read(path: fixture.path) { leads in
            let today = try leads.asOfDay()
            for segment in [nil, "quiet"] {
                var now = try leads.top(9, segment: segment)
                var then = try leads.top(9, segment: segment, asOf: today)
                // The same object, with its keys in another order.
                for place in now.indices { now[place][.points] = .null }
                for place in then.indices { then[place][.points] = .null }
                #expect(then == now)
            }
        }
    }

    @Test func `a daily cap holds for the names of a contact together`() throws {
        // On 2026-08-31 Ann saw the prices once under each of two names; the cap is 2 a day.
        let found = try explain(1, on: "2026-08-31")
        #expect(
            found.explanation.rows.map(\.points) == [20_000_000, 6_909_564, 5_381_913])
        let fixture = try LeadsFixture()
        try fixture.execute("UPDATE signals SET daily_cap = 1 WHERE name = 'pricing_visit'")
        let rows = try explain(1, on: "2026-08-31", in: fixture).explanation.rows
        #expect(
            rows.map { "\($0.kind.rawValue) \($0.name) \($0.points)" } == [
                "signal pricing_visit 20000000", "daily_cap pricing_visit -10000000",
                "signal click 6909564", "fit fit 3381913",
            ])
    }

    @Test func `a past day knows nothing of what came later`() throws {
        let found = try explain(1, on: "2026-08-14")
        #expect(found.explanation.rows.isEmpty)
        #expect(found.explanation.score == 0)
    }

    @Test func `what a past day expected is not what came`() throws {
        let found = try explain(1, on: "2026-08-31")
        let levels = found.outlook.map(\.engagement)
        #expect(levels == levels.sorted(by: >) && levels[2] < levels[0] / 2)
    }

    @Test func `scores that rest on days beyond the retention are called so`() throws {
        let fixture = try LeadsFixture()
        let isExact = {
            try LeadsReader.read(path: fixture.path) { try $0.isExact(on: Day(20_700)) }
        }
        #expect(try isExact())
        // The longest half-life is 30 days, so 201 days before 2026-09-04 count: 211 in all.
        try fixture.execute("INSERT INTO meta VALUES ('retention_days', '211')")
        #expect(try isExact())
        try fixture.execute("UPDATE meta SET value = '210' WHERE key = 'retention_days'")
        #expect(try !isExact())
    }

    @Test func `a day to come only fades`() throws {
        let found = try explain(1, on: "2026-09-28")
        #expect(found.explanation.score < 42_000_000)
        #expect(found.outlook.map(\.days) == [0, 7, 30])
        #expect(found.outlook[1].engagement < found.outlook[0].engagement)
    }

    @Test func `without the line of hot nobody is hot, and nothing else changes`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("DELETE FROM meta WHERE key = 'mql'")
        try LeadsReader.read(path: fixture.path) { leads in
            let first = try leads.top(2, asOf: try leads.asOfDay())[1]
            #expect(first[.hotUntil] == .null)
            #expect(first[.band] == .null)
            #expect(first[.score] == .real(42))
        }
    }

    @Test(
        arguments: [
            "", "{", "[]", "{\"1\":[]", "{1:[]}", "{\"x\":[]}", "{\"1\":[]}x", "{\"1\":[],}",
        ]
            + [
                "[[1,2]]", "[[1,2,3,4]", "[[1,2,3,4],]", "[[1,2,3,99999999999999999999]]",
                "[[1,70000,3,4]]", "[[1,-2,3,4]]", "[[1.5,2,3,4]]", "[[1,2,3,4]]x", "{}", "[[,,,]]",
                "[[64,2,3]]", "[[-1,2,3]]", "[[1,2,3,]]", "[[1,2,3,4,5]]",
            ].map { "{\"1\":\($0)}" }
    )
    func `cells that are none are called damaged`(text: String) throws {
        var cells: [DailyCell] = []
        #expect(!CellText.parse(text, period: 323, into: &cells))
        let fixture = try LeadsFixture()
        try fixture.execute("UPDATE cell_period SET cells = '\(text)'")
        #expect(throws: LeadsError.self) {
            try LeadsReader.read(path: fixture.path) { leads in
                _ = try leads.top(3, asOf: Day(20_710))
            }
        }
    }

    @Test func `cells read back as they are`() {
        var cells: [DailyCell] = []
        let text = """
            {"7":[[38,1,-3,-9223372036854775808]],"10":[[0,65535,9223372036854775807]]}
            """
        #expect(CellText.parse(text, period: 323, into: &cells))
        #expect(CellText.parse("{}", period: 1, into: &cells))
        #expect(CellText.parse("{\"7\":[]}", period: 1, into: &cells))
        #expect(cells.map(\.tally.n) == [-3, .max])
        #expect(cells.map(\.tally.value) == [.min, 0])
        #expect(cells.map(\.day.number) == [20_710, 20_672])
    }

    @Test(arguments: ["contact_id", "identifier_id"])
    func `activity of one is found without reading that of others`(column: String) throws {
        let fixture = try LeadsFixture()
        let steps = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN SELECT * FROM activity WHERE \(column) = 1"
            ).map { $0["detail"] as String }
        }
        #expect(steps.contains { $0.hasPrefix("SEARCH p USING INTEGER PRIMARY KEY") })
        #expect(steps.allSatisfy { !$0.hasPrefix("SCAN") || $0.hasPrefix("SCAN c VIRTUAL") })
    }

    private func explain(
        _ id: Int64, on day: String, in fixture: LeadsFixture? = nil
    ) throws -> LeadExplanation {
        let fixture = try fixture ?? LeadsFixture()
        return try LeadsReader.read(path: fixture.path) { leads in
            try leads.explain(try #require(try leads.lead(id)), on: try #require(Day(day)))
        }
    }
}
