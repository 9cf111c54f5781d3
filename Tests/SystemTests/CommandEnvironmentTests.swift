import Foundation
import Glibc
import TestKit
import Testing

/// The command as other people run it: another user, a pipe that closes, a disk that is full.
@Suite struct CommandEnvironmentTests {
    private static let binary = BuiltBinary("leadscore")
    /// Another user without groups, if we may become one and it may run the program.
    private static let other = [
        "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    ]
    private static let canBeOther: Bool =
        geteuid() == 0 && (try? binary.run(["--version"], wrapper: other).code) == 0

    @Test(.enabled(if: canBeOther))
    func `a reader with read permission only reads after a kill, and changes nothing`() throws {
        let fixture = try LeadsFixture()
        try fixture.leaveInWAL("UPDATE leads SET score = 99 WHERE contact_id = 3")
        try permit(0o644, in: fixture)
        let before = try fixture.contents()
        let outcome = try Self.binary.run(
            ["top", "-n", "1", "--db", fixture.path], wrapper: Self.other)
        #expect(outcome.code == 0, "\(outcome.talk)")
        #expect(outcome.output.contains("cookie#3"))
        let after = try fixture.contents()
        #expect(after.keys.sorted() == before.keys.sorted())
        #expect(after["leads.db"] == before["leads.db"])
        #expect(after["leads.db-wal"] == before["leads.db-wal"])
    }

    @Test(.enabled(if: canBeOther))
    func `a reader without permission is told how to get it`() throws {
        let fixture = try LeadsFixture()
        try permit(0o640, in: fixture)
        let outcome = try Self.binary.run(["top", "--db", fixture.path], wrapper: Self.other)
        #expect(outcome.code == 77)
        #expect(outcome.output.isEmpty)
        #expect(outcome.talk.contains("no permission to read \(fixture.path)"))
        #expect(outcome.talk.contains("group analysts"))
    }

    @Test(.enabled(if: canBeOther))
    func `a reader who finds no -shm file is told who makes it`() throws {
        let fixture = try LeadsFixture()
        try fixture.leaveInWAL("UPDATE leads SET score = 99 WHERE contact_id = 3")
        try FileManager.default.removeItem(atPath: fixture.path + "-shm")
        try permit(0o644, in: fixture)
        let outcome = try Self.binary.run(["top", "--db", fixture.path], wrapper: Self.other)
        #expect(outcome.code == 74)
        #expect(outcome.talk.contains("start leadscored"))
    }

    @Test func `a reader of the output that leaves early is no mistake`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO leads(contact_id, anonymous, events, engagement, score, delta_30d, delta_60d,
                peak_30d, purchases, value, points, counts, traits, as_of_day)
            SELECT i, 1, 0, 1, 1, 0, 0, 0, 0, 0, '{}', '{}', '{}', '2026-09-14' FROM n
            """)
        for arguments in [["top", "-n", "3000", "--json"], ["top", "-n", "3000"], ["--help"]] {
            let outcome = try shell("\"$@\" | head -c 1 > /dev/null", fixture, arguments)
            #expect(outcome.code == 0 && outcome.talk.isEmpty, "\(arguments): \(outcome)")
        }
    }

    @Test func `an output that takes no more is said`() throws {
        let fixture = try LeadsFixture()
        let outcome = try shell("\"$@\" > /dev/full", fixture, ["top"])
        #expect(outcome.code == 74)
        #expect(outcome.talk.contains("No space left on device"))
    }

    private func shell(
        _ script: String, _ fixture: LeadsFixture, _ arguments: [String]
    ) throws -> BuiltBinary.Outcome {
        let database = arguments.first == "top" ? ["--db", fixture.path] : []
        return try Self.binary.run(
            arguments + database,
            wrapper: ["/bin/bash", "-o", "pipefail", "-c", script, "bash"])
    }

    private func permit(_ mode: Int, in fixture: LeadsFixture) throws {
        for name in try fixture.contents().keys {
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: fixture.directory.appending(path: name).path)
        }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: fixture.directory.path)
    }
}
