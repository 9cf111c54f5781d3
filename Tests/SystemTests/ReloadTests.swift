import Foundation
import Glibc
import TestKit
import Testing

/// SIGHUP.
@Suite struct ReloadTests {
    @Test func `changed weights hold for what was counted before, as in a fresh run`() throws {
        let scratch = try DaemonScratch()
        let lines = (0..<400).map { eventLine("p\($0 % 30)", type: $0 % 3 == 0 ? "fair" : "click") }
        try scratch.append(lines, to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 400 })
        let changed = DaemonScratch.rules.replacing("weight: 5", with: "weight: 7.5")
            .replacing("half_life: 90d", with: "half_life: 3d, cap: 100")
            .replacing("mql: 60", with: "mql: 45")
        try scratch.configure(changed)
        let before = try scratch.settled()
        daemon.signal(SIGHUP)
        #expect(
            holds(within: 10) {
                scratch.number("SELECT count(*) FROM signals WHERE weight = 7.5") == 1
            })
        let after = try scratch.settled()
        #expect(after.integer("records_read") == before.integer("records_read"))
        #expect(after.json["config_hash"] as? String != before.json["config_hash"] as? String)

        let fresh = try DaemonScratch(rules: changed)
        try fresh.append(lines, to: "a.ndjson")
        try #require(try fresh.once().code == 0)
        #expect(try Self.scores(scratch) == Self.scores(fresh))
        #expect(
            scratch.number("SELECT value FROM meta WHERE key = 'config_hash'")
                == fresh.number("SELECT value FROM meta WHERE key = 'config_hash'"))
    }

    @Test func `another currency and another rule hold for what comes after the reload`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        func buy(_ value: Int, _ currency: String) throws {
            let more = ",\"value\":\(value),\"currency\":\"\(currency)\""
            try scratch.append([eventLine("ann", type: "purchase", more: more)], to: "a.ndjson")
        }
        try buy(1, "EUR")
        try buy(10, "USD")
        #expect(holds(within: 10) { scratch.number("SELECT purchases FROM leads") == 2 })
        #expect(try scratch.rows("SELECT value FROM leads").first?["value"]?.number == 1)
        try scratch.configure(
            DaemonScratch.rules.replacing("EUR", with: "USD")
                + "\n  - {name: demo, when: {type: demo}, weight: 9}")
        daemon.signal(SIGHUP)
        #expect(
            holds(within: 10) {
                scratch.number("SELECT count(*) FROM signals WHERE name = 'demo'") == 1
            })
        try buy(100, "EUR")
        try buy(1000, "USD")
        try scratch.append([eventLine("ann", type: "demo")], to: "a.ndjson")
        #expect(holds(within: 10) { scratch.number("SELECT events FROM leads") == 5 })
        let row = try scratch.rows("SELECT value, engagement FROM leads").first
        #expect(row?["value"]?.number == 1001)
        #expect(row?["engagement"]?.number == 9)
    }

    @Test func `a configuration with mistakes leaves the old one in force`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        let hash = try scratch.settled().json["config_hash"] as? String
        for broken in [
            "mql: [", "mql: x", "nonsense: 1", "time_zone: \"+05:00\"\n" + DaemonScratch.rules,
        ] {
            try scratch.configure(broken)
            daemon.signal(SIGHUP)
            #expect(
                try holds(within: 5) { try scratch.status()?.degraded.contains("config") == true },
                "\(broken)")
            try scratch.configure()
            daemon.signal(SIGHUP)
            #expect(try holds(within: 5) { try scratch.status()?.degraded.isEmpty == true })
        }
        unsafe unlink(scratch.configuration)
        daemon.signal(SIGHUP)
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        #expect(try scratch.status()?.json["config_hash"] as? String == hash)
        #expect(daemon.isRunning)
    }

    @Test func `sources come, go and come again without a line lost or counted twice`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("a1")], to: "one/a.ndjson".replacing("one/", with: "one-"))
        try scratch.append([eventLine("b1"), eventLine("b2")], to: "two-a.ndjson")
        try scratch.configure(sources: ["one": "one-*.ndjson"])
        let daemon = try scratch.start()
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })

        func reload(_ sources: [String: String], applied: Int64) throws {
            try scratch.configure(sources: sources)
            daemon.signal(SIGHUP)
            #expect(
                try holds(within: 10) { try scratch.status()?.outcome("applied") == applied },
                "\(sources): \(daemon.talk)")
        }
        let both = ["one": "one-*.ndjson", "two": "two-*.ndjson"]
        try reload(both, applied: 3)
        try reload(["two": "two-*.ndjson"], applied: 3)
        try scratch.append([eventLine("a2"), eventLine("a3")], to: "one-a.ndjson")
        try scratch.append([eventLine("b3")], to: "two-a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 4 })
        try reload(both, applied: 6)
        for _ in 0..<50 { daemon.signal(SIGHUP) }
        try scratch.append([eventLine("a4")], to: "one-a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 7 })
        #expect(try scratch.settled().integer("records_read") == 7)
        #expect(try scratch.leadscore(["verify"]).code == 0)
    }

    private static func scores(_ scratch: DaemonScratch) throws -> [String] {
        try scratch.rows(
            """
            SELECT email || ' ' || engagement || ' ' || delta_30d || ' ' || peak_30d || ' ' || points
                || ' ' || coalesce(hot_until, 'cold') AS line FROM leads
            """
        ).map { "\($0["line"] ?? .null)" }.sorted()
    }
}
