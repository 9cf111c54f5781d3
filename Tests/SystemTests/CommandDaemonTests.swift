import Foundation
import Service
import TestKit
import Testing

/// `status` and `verify` against a server that answers what a test tells it to.
@Suite struct CommandDaemonTests {
    private static let status: ControlValue = .object([
        "running": .bool(true), "pid": .integer(812), "version": .string("0.1.0"),
        "as_of_day": .string("2026-09-14"), "seq": .integer(1234), "lag_bytes": .integer(5_000_000),
        "lag_seconds": .number(1.25), "events_per_second": .number(123_456.7),
        "partial_bytes": .integer(12), "open_files": .integer(3),
        "resident_bytes": .integer(41 << 20), "config_hash": .string("c0ffee"),
        "degraded": .array([
            .object([
                "reason": .string("publish"), "since": .string("2026-09-14T10:00:00Z"),
                "remedy": .string("end the long read\u{1B}[2J"),
            ])
        ]),
        "outcomes": .object(["applied": .integer(1_000_000), "filtered": .integer(3)]),
        "reasons": .object(["filtered": .object(["blank": .integer(3)])]),
        "sources": .array([
            .object([
                "name": .string("events"), "path": .string("/var/log/a\nb.ndjson"),
                "lag_bytes": .integer(5_000_000), "records_read": .integer(1_000_003),
                "applied": .integer(1_000_000), "quarantined": .integer(0),
                "lost_bytes": .integer(0),
            ])
        ]),
        "publication": .object([
            "seq": .integer(1230), "published_at": .string("2026-09-14T10:00:00Z"),
            "pending": .integer(77),
        ]),
    ])

    @Test func `status shows what the daemon answers`() throws {
        let outcome = try ask("status", answer: .result(Self.status))
        #expect(outcome.code == 0)
        #expect(outcome.talk.isEmpty)
        #expect(
            outcome.output == """
                leadscored 0.1.0 is running, process 812

                as of          2026-09-14
                behind         4.8 MiB, 1.25 s
                partial lines  12 B
                speed          123,457 events/s
                checkpoint     1,234
                published      checkpoint 1,230 at 2026-09-14T10:00:00Z, 77 contacts to come
                open files     3
                memory         41.0 MiB
                configuration  c0ffee

                DEGRADED publish since 2026-09-14T10:00:00Z
                  end the long read\\u{1B}[2J

                records
                  applied   1,000,000
                  filtered  3: blank 3

                source  file                      behind       read    applied  quarantined  lost
                events  /var/log/a\\u{A}b.ndjson  4.8 MiB  1,000,003  1,000,000            0   0 B

                """)
    }

    @Test func `status as JSON is what the daemon answers`() throws {
        let outcome = try ask("status", ["--json"], answer: .result(Self.status))
        let value = try JSONDecoder().decode(ControlValue.self, from: Data(outcome.output.utf8))
        #expect(value == Self.status)
    }

    @Test func `verify says which check fails, and exits with 65`() throws {
        let checks: [ControlValue] = [
            .object(["name": .string("files"), "ok": .bool(true), "detail": .string("")]),
            .object([
                "name": .string("records"), "ok": .bool(false), "detail": .string("3 are missing"),
            ]),
        ]
        let bad = ControlValue.object(["ok": .bool(false), "checks": .array(checks)])
        let outcome = try ask("verify", answer: .result(bad))
        #expect(outcome.code == 65)
        #expect(outcome.output.contains("FAILED  records  3 are missing"))
        let good = ControlValue.object(["ok": .bool(true), "checks": .array([checks[0]])])
        #expect(try ask("verify", answer: .result(good)).code == 0)
        #expect(try ask("verify", ["--json"], answer: .result(bad)).code == 65)
    }

    @Test func `what the daemon refuses comes with its words and its code`() throws {
        let outcome = try ask("verify", answer: .failure("state.db is gone", exitCode: 74))
        #expect(outcome.code == 74)
        #expect(outcome.talk.contains("state.db is gone"))
    }

    @Test func `without a daemon and without a database there is no status`() throws {
        let directory = FileManager.default.temporaryDirectory.path
        let outcome = try BuiltBinary("leadscore").run(["status", "--state", directory + "/none"])
        #expect(outcome.code == 75)
        #expect(outcome.talk.contains("no daemon"))
    }

    private func ask(
        _ command: String, _ more: [String] = [], answer: ControlResponse
    ) throws -> BuiltBinary.Outcome {
        let fixture = try LeadsFixture()
        let server = try ControlServer(stateDirectory: fixture.directory.path) { request in
            request.command == command ? answer : .failure("unexpected", exitCode: 70)
        }
        defer { server.stop() }
        return try BuiltBinary("leadscore").run(
            [command, "--state", fixture.directory.path] + more)
    }
}
