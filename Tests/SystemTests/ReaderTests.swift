import Foundation
import Glibc
import TestKit
import Testing

/// Who may read what.
@Suite(.enabled(if: OtherUser.isAvailable)) struct ReaderTests {
    /// A state directory as the package makes it: the service's, with the published part the group's.
    private static func prepare(_ scratch: DaemonScratch) throws {
        unsafe chmod(scratch.directory.path, 0o777)
        unsafe mkdir(scratch.state, 0o711)
        unsafe chmod(scratch.state, 0o711)
        let published = scratch.state + "/published"
        unsafe mkdir(published, 0o750)
        unsafe chown(scratch.state, OtherUser.serviceNumber, OtherUser.serviceNumber)
        unsafe chown(published, OtherUser.serviceNumber, OtherUser.analysts)
        unsafe chmod(published, 0o2750)
        try scratch.append([eventLine("ann")], to: "a.ndjson")
    }

    @Test func `an analyst reads in every state of the daemon, a stranger never`() throws {
        let scratch = try DaemonScratch()
        try Self.prepare(scratch)
        let daemon = try scratch.start(wrapper: OtherUser.service)
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM leads") == 1 })
        try check(scratch, 1, "running")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
        try check(scratch, 1, "stopped")
        try scratch.append([eventLine("ben")], to: "a.ndjson")
        let second = try scratch.start(wrapper: OtherUser.service)
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM leads") == 2 })
        try scratch.append([eventLine("cem")], to: "a.ndjson")
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM leads") == 3 })
        second.killNow()
        try check(scratch, 3, "killed")
        unsafe unlink(scratch.leads)
        let third = try scratch.start(wrapper: OtherUser.service)
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM leads") == 3 })
        try check(scratch, 3, "made anew")
        try checkModes(scratch)
        third.signal(SIGTERM)
        #expect(third.code(within: 5) == 0)
        try check(scratch, 3, "stopped again")
    }

    private func check(_ scratch: DaemonScratch, _ contacts: Int, _ when: Comment) throws {
        let top = ["top", "--json", "--state", scratch.state]
        let read = try BuiltBinary.released("leadscore").run(top, wrapper: OtherUser.analyst)
        #expect(read.code == 0, "\(when): \(read.talk)")
        let rows = try JSONSerialization.jsonObject(with: Data(read.output.utf8)) as? [Any]
        #expect(rows?.count == contacts, when)
        let other = try BuiltBinary.released("leadscore").run(top, wrapper: OtherUser.stranger)
        #expect(other.code == 77, "\(when): \(other.code) \(other.talk)")
        #expect(other.output.isEmpty)
        for command in ["verify", "status"] {
            let asked = try BuiltBinary.released("leadscore").run(
                [command, "--state", scratch.state, "--config", scratch.configuration],
                wrapper: OtherUser.stranger)
            #expect(asked.code != 0, "\(command), \(when)")
        }
    }

    private func checkModes(_ scratch: DaemonScratch) throws {
        let expected: [(String, UInt32, UInt32)] = [
            ("", 0o711, OtherUser.serviceNumber), ("/lock", 0o600, OtherUser.serviceNumber),
            ("/control.sock", 0o600, OtherUser.serviceNumber),
            ("/state.db", 0o600, OtherUser.serviceNumber),
            ("/state.db-wal", 0o600, OtherUser.serviceNumber),
            ("/published", 0o2750, OtherUser.analysts),
            ("/published/leads.db", 0o640, OtherUser.analysts),
            ("/published/leads.db-wal", 0o640, OtherUser.analysts),
            ("/published/leads.db-shm", 0o640, OtherUser.analysts),
        ]
        for (name, mode, group) in expected {
            var status = stat()
            #expect(unsafe stat(scratch.state + name, &status) == 0, "\(name)")
            #expect(
                status.st_mode & 0o7777 == mode, "\(name) has \(String(status.st_mode, radix: 8))")
            #expect(status.st_uid == OtherUser.serviceNumber && status.st_gid == group, "\(name)")
        }
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: scratch.state))
        #expect(
            names.isSubset(of: [
                "lock", "control.sock", "state.db", "state.db-wal", "published", "metrics.prom",
            ]))
    }
}
