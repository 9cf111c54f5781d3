import Foundation
import TestKit
import Testing

/// `backup` and `metrics.prom` of the real daemon.
@Suite struct BackupAndMetricsTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `a backup takes the place of the state and nothing counts twice`() throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<500).map { eventLine("p\($0 % 50)") }, to: "a.ndjson")
        let daemon = try scratch.start()
        _ = try scratch.settled()
        let copy = scratch.directory.appending(path: "copy.db").path
        let made = try scratch.leadscore(["backup", copy])
        #expect(made.code == 0, "\(made)")
        #expect(try mode(copy) == 0o600)
        #expect(try scratch.leadscore(["backup", copy]).code == 74)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.state)
        #expect(!left.contains { $0.hasPrefix("backup") })
        try scratch.append((0..<300).map { eventLine("q\($0 % 7)") }, to: "a.ndjson")
        #expect(try scratch.settled().outcome("applied") == 800)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)

        for name in left where name.hasPrefix("state.db") {
            try? FileManager.default.removeItem(atPath: scratch.state + "/" + name)
        }
        try FileManager.default.copyItem(atPath: copy, toPath: scratch.state + "/state.db")
        let again = try scratch.start()
        let status = try scratch.settled()
        #expect(status.outcome("applied") == 800 && status.integer("records_read") == 800)
        #expect(try scratch.leadscore(["verify"]).code == 0)
        #expect(scratch.number("SELECT count(*) FROM leads") == 57)
        again.signal(SIGTERM)
        #expect(again.code(within: 10) == 0)
        let rest = ["backup", copy + "2", "--config", scratch.configuration]
        #expect(try scratch.leadscore(rest).code == 0)
        #expect(try mode(copy + "2") == 0o600)
    }

    @Test func `metrics say what was counted, while it runs and at its end`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann"), "no event"], to: "a.ndjson")
        let daemon = try scratch.start()
        let path = scratch.state + "/metrics.prom"
        let applied = #"leadscored_records{source="events",outcome="applied",reason=""} "#
        func text() -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        #expect(holds(within: 15) { text().contains(applied + "1\n") })
        #expect(try mode(path) == 0o640)
        try scratch.append([eventLine("bob")], to: "a.ndjson")
        _ = try scratch.settled()
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)
        #expect(text().contains(applied + "2\n"))
        let bad = #"leadscored_records{source="events",outcome="quarantined",reason="json"} 1"#
        #expect(text().contains(bad + "\n"))
        #expect(text().contains("leadscored_lag_bytes 0\n"))
        #expect(text().contains("leadscored_contacts 2\n"))
        #expect(!FileManager.default.fileExists(atPath: path + ".tmp"))
    }
}
