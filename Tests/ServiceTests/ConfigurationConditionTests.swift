import Core
import GRDB
import Testing

@testable import Service

@Suite struct ConfigurationConditionTests {
    /// The columns of `leads` in the order in which they come to be known.
    private static let steps: [(step: String, columns: [String])] = [
        (
            "facts",
            [
                "contact_id INTEGER", "email TEXT", "customer_id TEXT", "anonymous INTEGER",
                "first_seen TEXT", "last_seen TEXT", "last_activity_day TEXT", "events INTEGER",
                "deliverability TEXT", "soft_streak INTEGER", "domain TEXT", "owner TEXT",
                "counts TEXT", "traits TEXT", "as_of_day TEXT", "interests TEXT",
            ]
        ),
        (
            "engagement",
            [
                "engagement REAL", "delta_30d REAL", "delta_60d REAL", "peak_30d REAL",
                "hot_until TEXT", "points TEXT",
            ]
        ),
        (
            "purchases",
            [
                "first_purchase TEXT", "last_purchase TEXT", "recency_days INTEGER",
                "purchases INTEGER", "value REAL", "r INTEGER", "f INTEGER", "m INTEGER",
                "rfm_group TEXT", "p_alive REAL", "expected_purchases_90d REAL",
            ]
        ),
        ("fit", ["fit REAL", "grade TEXT", "completeness REAL", "score REAL", "band TEXT"]),
        ("audience", ["audience TEXT"]),
        ("stage", ["stage TEXT"]),
    ]

    /// Runs a condition over a table that has the columns up to a step, and one contact.
    private func holds(_ condition: Condition, upTo step: String, lead: String = "") throws -> Bool?
    {
        let last = try #require(Self.steps.firstIndex { $0.step == step })
        let columns = Self.steps[...last].flatMap(\.columns).joined(separator: ", ")
        return try DatabaseQueue().write { database in
            try database.execute(sql: "CREATE TEMP TABLE leads(\(columns))")
            try database.execute(
                sql: "INSERT INTO leads(as_of_day, points, counts, traits) "
                    + "VALUES ('2026-09-14', '{}', '{}', '{}')")
            if !lead.isEmpty { try database.execute(sql: "UPDATE leads SET \(lead)") }
            return try Bool.fetchOne(database, sql: "SELECT (\(condition.sql)) FROM leads")
        }
    }

    @Test func `every shipped condition is SQL over the columns known before it`() throws {
        let model = try shipped().model
        for rule in model.fit { _ = try holds(rule.condition, upTo: "purchases") }
        for rule in model.audiences { _ = try holds(rule.condition, upTo: "fit") }
        for rule in model.stages { _ = try holds(rule.condition, upTo: "audience") }
        for rule in model.segments {
            _ = try holds(rule.condition, upTo: "stage")
            if let leave = rule.leave { _ = try holds(leave, upTo: "stage") }
        }
    }

    @Test func `no shipped condition is more than one expression`() throws {
        let model = try shipped().model
        let conditions =
            model.fit.map(\.condition) + model.audiences.map(\.condition)
            + model.stages.map(\.condition) + model.segments.map(\.condition)
            + model.segments.compactMap(\.leave)
        for condition in conditions {
            let words = condition.sql.lowercased().split { !$0.isLetter && $0 != "(" }
            for banned in ["select", "(select", "over", "with", "count(", "sum(", "max(", "now"] {
                #expect(!words.contains { $0 == banned }, "\(condition.place)")
            }
        }
    }

    /// A few contacts whose segments anybody would agree on.
    private static let examples: [(segment: String, lead: String, isIn: Bool)] = [
        ("hot", "engagement = 60, audience = 'prospect'", true),
        ("hot", "engagement = 80, audience = 'competitor'", false),
        ("hot_and_valuable", "engagement = 60, audience = 'customer', grade = 'D', m = 4", true),
        ("hot_and_valuable", "engagement = 60, audience = 'prospect', grade = 'C'", false),
        ("never_active", "first_seen = '2026-08-01T00:00:00Z', anonymous = 0", true),
        ("never_active", "first_seen = '2026-09-01T00:00:00Z', anonymous = 0", false),
        ("inactive_30d", "last_activity_day = '2026-08-14'", true),
        ("inactive_30d", "last_activity_day = '2026-08-15'", false),
        ("inactive_60d", "last_activity_day = '2026-07-01'", true),
        ("inactive_90d", "last_activity_day = '2026-01-01'", true),
        ("new_contacts", "first_seen = '2026-08-15T00:00:00Z'", true),
        ("lapsed_recoverable", "stage = 'lapsed', engagement = 0, m = 5", true),
        ("lapsed_expendable", "stage = 'lapsed', engagement = 0, m = 5", false),
        ("lapsed_recoverable", "stage = 'lapsed', engagement = 0, m = 1, f = 1", false),
        ("lapsed_expendable", "stage = 'lapsed', engagement = 0, m = 1, f = 1", true),
        ("at_risk", "stage = 'repeat', purchases = 5, p_alive = 0.2", true),
        ("soft_bounced", "soft_streak = 4", true),
        ("interest_pricing", "points = '{\"pricing_visit\": 12.5}'", true),
        ("interest_pricing", "points = '{\"open\": 12.5}'", false),
    ]

    @Test(arguments: examples)
    func `a segment takes whom its comment says`(
        _ example: (segment: String, lead: String, isIn: Bool)
    ) throws {
        let rule = try #require(try shipped().model.segments.first { $0.name == example.segment })
        let holds = try holds(rule.condition, upTo: "stage", lead: example.lead) ?? false
        #expect(holds == example.isIn)
    }

    @Test func `the best attributes together make grade A`() throws {
        let lead = """
            traits = '{"job_title": "Chief Executive", "industry": "logistics", \
            "revenue": "60000000", "employees": "60", "lead_source": "referral"}'
            """
        var points = 0.0
        for rule in try shipped().model.fit {
            if try holds(rule.condition, upTo: "purchases", lead: lead) ?? false {
                points += rule.points
            }
        }
        #expect(points == 75)
    }
}
