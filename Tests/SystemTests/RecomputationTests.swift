import Foundation
import TestKit
import Testing

/// The whole daemon against a plain recomputation from the same lines.
@Suite struct RecomputationTests {
    private static let day = 20_710  // 2026-09-14
    private static let dayText = "2026-09-14"

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what is published is what the lines come to`(seed: UInt64) throws {
        let zone = seed == 2 ? 120 : 0
        let scratch = try DaemonScratch(rules: Self.rules(zone))
        var log = RandomLog(seed: seed, people: 60, lastDay: Self.day)
        let lines = log.lines(6000)
        try scratch.append(lines, to: "a.ndjson")
        try Self.run(scratch)
        let slow = SlowRecomputation(lines, day: Self.day, offsetMinutes: zone)
        try Self.compare(scratch, slow, "seed \(seed)")
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `order, files and runs make no difference`(seed: UInt64) throws {
        var log = RandomLog(seed: seed, people: 40, lastDay: Self.day)
        let lines = log.lines(3000)
        let whole = try DaemonScratch()
        try whole.append(lines, to: "a.ndjson")
        try Self.run(whole)
        let expected = try Self.everything(whole)

        var random = SeededGenerator(seed: seed)
        let shuffled = try DaemonScratch()
        try shuffled.append(lines.shuffled(using: &random), to: "a.ndjson")
        try Self.run(shuffled)
        #expect(try Self.everything(shuffled) == expected, "shuffled, seed \(seed)")

        let split = try DaemonScratch()
        var rest = lines.shuffled(using: &random)[...]
        while !rest.isEmpty {
            for name in ["a", "b", "c"] {
                let part = rest.prefix(Int.random(in: 0...300, using: &random))
                rest = rest.dropFirst(part.count)
                try split.append(Array(part), to: name + ".ndjson")
            }
            try Self.run(split)
        }
        #expect(try Self.everything(split) == expected, "split, seed \(seed)")
        let slow = SlowRecomputation(lines, day: Self.day, offsetMinutes: 0)
        try Self.compare(split, slow, "split, seed \(seed)")
    }

    @Test(arguments: [21, 22] as [UInt64])
    func `killed at any moment, it shows in the end what one run shows`(seed: UInt64) throws {
        var log = RandomLog(seed: seed, people: 40, lastDay: Self.day)
        let lines = log.lines(3000)
        let whole = try DaemonScratch()
        try whole.append(lines, to: "a.ndjson")
        try Self.run(whole)

        var random = SeededGenerator(seed: seed)
        let killed = try DaemonScratch()
        var rest = lines.shuffled(using: &random)[...]
        while !rest.isEmpty {
            for name in ["a", "b"] {
                let part = rest.prefix(Int.random(in: 0...400, using: &random))
                rest = rest.dropFirst(part.count)
                try killed.append(Array(part), to: name + ".ndjson")
            }
            let daemon = try killed.launch(["--as-of", Self.dayText])
            // When so much is shown, or earlier: while it starts, commits or publishes.
            let enough = Int64.random(in: 0...Int64(lines.count - rest.count), using: &random)
            _ = holds(within: .random(in: 0.01...0.5, using: &random)) {
                (killed.number("SELECT sum(lines_read) FROM sources") ?? -1) >= enough
            }
            daemon.killNow()
        }
        try Self.run(killed)
        #expect(try Self.everything(killed) == Self.everything(whole), "seed \(seed)")
        let slow = SlowRecomputation(lines, day: Self.day, offsetMinutes: 0)
        try Self.compare(killed, slow, "killed, seed \(seed)")
    }

    // MARK: Helpers

    private static func rules(_ minutes: Int) -> String {
        "time_zone: \"+\(String(format: "%02d:00", minutes / 60))\"\n" + DaemonScratch.rules
    }

    private static func run(_ scratch: DaemonScratch) throws {
        let outcome = try scratch.once(asOf: dayText)
        try #require(outcome.code == 0, "\(outcome.talk)")
    }

    /// All that does not depend on numbers given in passing.
    private static func everything(_ scratch: DaemonScratch) throws -> [String] {
        let owner = """
            (SELECT kind || ':' || value FROM identifiers i WHERE i.identifier_id = l.contact_id)
            """
        let leads = try scratch.rows("SELECT \(owner) AS who, l.* FROM leads l").map { row in
            row.filter { $0.key != "contact_id" }.sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
        let identifiers = try scratch.rows(
            """
            SELECT l.kind || ':' || l.value || ' of ' ||
                (SELECT kind || ':' || value FROM identifiers i WHERE i.identifier_id = l.contact_id)
                || l.ambiguous || l.first_seen || l.last_seen AS line FROM identifiers l
            """)
        let activity = try scratch.rows(
            """
            SELECT i.kind || i.value || ' ' || a.day || ' ' || a.signal || ' ' || a.n || ' ' || a.value
            AS line FROM activity a JOIN identifiers i USING (identifier_id)
            """)
        let traits = try scratch.rows("SELECT attribute || value || at AS line FROM traits")
        return (leads + (identifiers + activity + traits).map { "\($0["line"] ?? .null)" }).sorted()
    }

    private static func compare(
        _ scratch: DaemonScratch, _ slow: SlowRecomputation, _ about: Comment
    ) throws {
        try compareOutcomes(scratch, slow, about)
        var roots: [SlowRecomputation.Who: SlowRecomputation.Who] = [:]
        var numbers: [Int64: SlowRecomputation.Who] = [:]
        let identifiers = try scratch.rows("SELECT * FROM identifiers")
        for row in identifiers { numbers[row["identifier_id"]?.int ?? 0] = who(row) }
        for row in identifiers { roots[who(row)] = numbers[row["contact_id"]?.int ?? 0] }
        #expect(roots == slow.roots, about)
        let leads = try scratch.rows("SELECT * FROM leads")
        #expect(leads.count == slow.contacts.count, about)
        for row in leads {
            guard let root = numbers[row["contact_id"]?.int ?? 0],
                let expected = slow.contacts[root]
            else {
                Issue.record("unexpected contact \(row); \(about)")
                continue
            }
            compare(row, expected, "\(root), \(about)")
        }
    }

    private static func compareOutcomes(
        _ scratch: DaemonScratch, _ slow: SlowRecomputation, _ about: Comment
    ) throws {
        var sum: Int64 = 0
        for outcome in ["applied", "duplicate", "filtered", "quarantined", "suppressed"] {
            let n = scratch.number("SELECT sum(\(outcome)) FROM sources") ?? -1
            #expect(n == Int64(slow.outcomes[outcome] ?? 0), "\(outcome), \(about)")
            sum += n
        }
        #expect(scratch.number("SELECT sum(records_read) FROM sources") == sum, about)
        #expect(scratch.number("SELECT sum(lines_read) FROM sources") == sum, about)
        #expect(
            scratch.number("SELECT count(*) FROM quarantine")
                == Int64(slow.outcomes["quarantined"] ?? 0), about)
        let verify = try scratch.leadscore(["verify", "--config", scratch.configuration])
        #expect(verify.code == 0, "\(verify.output) \(verify.talk), \(about)")
    }

    private static func compare(
        _ row: [String: TableRows.Value], _ expected: SlowRecomputation.Expected, _ about: Comment
    ) {
        func near(_ column: String, _ value: Double) {
            let found = row[column]?.number ?? .nan
            #expect(abs(found - value) < 2e-6, "\(column) is \(found), not \(value): \(about)")
        }
        near("engagement", expected.engagement)
        near("delta_30d", expected.delta30)
        near("delta_60d", expected.delta60)
        near("peak_30d", expected.peak30)
        near("value", Double(expected.value) / 10_000)
        #expect(row["hot_until"]?.text == expected.hotUntil.map(text), about)
        #expect(row["last_activity_day"]?.text == expected.lastActivity.map(text), about)
        #expect(row["first_purchase"]?.text == expected.firstPurchase.map(text), about)
        #expect(row["last_purchase"]?.text == expected.lastPurchase.map(text), about)
        #expect(row["purchases"]?.int == Int64(expected.purchases), about)
        #expect(row["events"]?.int == Int64(expected.counts.values.reduce(0, +)), about)
        let counts = row["counts"]?.text.flatMap {
            try? JSONDecoder().decode([String: Int].self, from: Data($0.utf8))
        }
        #expect(counts == expected.counts, about)
        let customers = expected.members.filter { $0.rank == 0 }
        #expect(row["customer_id"]?.text == customers.first?.value && customers.count < 2, about)
        #expect(row["anonymous"]?.int == (expected.members.contains { $0.rank < 2 } ? 0 : 1), about)
    }

    private static func who(_ row: [String: TableRows.Value]) -> SlowRecomputation.Who {
        let rank = SlowRecomputation.Who.kinds.firstIndex(of: row["kind"]?.text ?? "") ?? -1
        return .init(rank: rank, value: row["value"]?.text ?? "")
    }

    private static func text(_ day: Int) -> String {
        String(Date(timeIntervalSince1970: Double(day) * 86_400).ISO8601Format().prefix(10))
    }
}
