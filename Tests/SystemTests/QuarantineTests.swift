import Foundation
import TestKit
import Testing

/// `quarantine` and `requeue` on the real daemon, and on what it left behind.
@Suite struct QuarantineTests {
    /// A csv source that calls its columns by wrong names at first.
    private static func configure(_ scratch: DaemonScratch, email: String) throws {
        let text = """
            \(DaemonScratch.rules)
            sources:
              - {name: events, paths: ["\(scratch.log("*.ndjson"))"], format: events}
              - name: shop
                paths: ["\(scratch.log("*.csv"))"]
                format: csv
                type: visit
                fields: {ts: at, email: \(email)}
            """
        try Data(text.utf8).write(to: URL(filePath: scratch.configuration))
    }

    private static func prepare() throws -> DaemonScratch {
        let scratch = try DaemonScratch()
        try configure(scratch, email: "who")
        let long = String(repeating: "x", count: 3000)
        try scratch.append(
            [
                "at,who,mail,note", "2026-09-14T08:00:00Z,nobody,ann@example.com,\u{1B}[2J",
                "2026-09-14T08:00:00Z,nobody,bob@example.com,\(long)",
                "2026-09-14T08:00:00Z,nobody,cut", "2026-09-14T08:00:00Z,eve@example.com,,",
            ], to: "a.csv")
        try scratch.append(
            [eventLine("ann"), "no event"], to: "a.ndjson")
        return scratch
    }

    private func json(_ outcome: BuiltBinary.Outcome) throws -> [[String: Any]] {
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(value as? [[String: Any]])
    }

    private func asks(_ scratch: DaemonScratch, _ more: [String]) throws -> BuiltBinary.Outcome {
        try scratch.leadscore(more + ["--config", scratch.configuration])
    }

    @Test func `a running daemon shows its quarantine and reads it again after a reload`() throws {
        let scratch = try Self.prepare()
        let daemon = try scratch.start()
        let before = try scratch.settled()
        #expect(before.reason("quarantined", "email") == 2)
        let shown = try asks(scratch, ["quarantine", "--source", "shop"])
        #expect(shown.output.contains("\\u{1B}[2J") && !shown.output.contains("\u{1B}"))
        try Self.configure(scratch, email: "mail")
        daemon.signal(SIGHUP)
        #expect(holds(within: 10) { daemon.talk.contains("configuration reloaded") })
        let again = try asks(scratch, ["requeue"])
        #expect(again.output.contains("applied") && again.output.contains("quarantined again  2"))
        try check(scratch, before)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)
    }

    @Test func `a state at rest is read again in the same way, and nothing counts twice`() throws {
        let scratch = try Self.prepare()
        _ = try scratch.once()
        let before = try #require(
            try scratch.status(["--config", scratch.configuration]))
        try Self.configure(scratch, email: "mail")
        for _ in 1...2 { #expect(try asks(scratch, ["requeue"]).code == 0) }
        try check(scratch, before)
        // What is published follows with the daemon.
        _ = try scratch.once()
        #expect(scratch.number("SELECT count(*) FROM quarantine") == 2)
        #expect(scratch.number("SELECT quarantined FROM sources WHERE name = 'shop'") == 1)
        #expect(scratch.number("SELECT count(*) FROM leads") == 3)
        // The number of a line that is gone is not given to another one.
        try scratch.append(["nothing"], to: "a.ndjson")
        _ = try scratch.once()
        #expect(scratch.number("SELECT count(*) FROM quarantine") == 3)
    }

    /// Two lines are applied now, one of them from its file; the short row and the text are not.
    private func check(_ scratch: DaemonScratch, _ before: Status) throws {
        let status = try #require(try scratch.status(["--config", scratch.configuration]))
        #expect(status.integer("records_read") == before.integer("records_read"))
        #expect(status.outcome("quarantined") == before.outcome("quarantined") - 2)
        #expect(status.outcome("applied") == before.outcome("applied") + 2)
        #expect(status.reason("quarantined", "email") == 0)
        let left = try json(try asks(scratch, ["quarantine", "--json"]))
        #expect(
            Set(left.compactMap { $0["line"] as? String }) == [
                "no event", "2026-09-14T08:00:00Z,nobody,cut",
            ])
        let verify = try asks(scratch, ["verify"])
        #expect(verify.code == 0, "\(verify)")
    }

    @Test func `a long line whose file is gone is left with the reason`() throws {
        let scratch = try Self.prepare()
        _ = try scratch.once()
        try FileManager.default.removeItem(atPath: scratch.log("a.csv"))
        try Self.configure(scratch, email: "mail")
        let answer = try asks(scratch, ["requeue", "--source", "shop", "--json"])
        #expect(answer.output.contains(#""left":{"missing":1}"#))
        #expect(answer.output.contains(#""applied":1"#))
    }
}
