import Foundation
import TestKit
import Testing

/// The commands on what the real daemon left behind.
@Suite struct CommandStateTests {
    @Test func `what the daemon read once is shown, explained and verified without it`() throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "leadscore-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(Self.log.utf8).write(to: directory.appending(path: "a.ndjson"))
        try Data(Self.configuration(directory.path).utf8)
            .write(to: directory.appending(path: "leadscored.yaml"))
        let place = ["--config", "leadscored.yaml", "--state", "state"]
        let once = try BuiltBinary("leadscored")
            .run(place + ["--once", "--as-of", "2026-09-14"], in: directory)
        try #require(once.code == 0, "\(once.talk)")

        let leadscore = { (arguments: [String]) in
            try BuiltBinary("leadscore").run(arguments, in: directory)
        }
        let top = try leadscore(["top", "--state", "state"])
        #expect(top.output.contains("ann@example.com  20.00"))
        let then = try leadscore(["top", "--state", "state", "--as-of", "2026-09-14"])
        #expect(then.output == top.output && then.talk.isEmpty)
        let why = try leadscore(["explain", "ann@example.com", "--state", "state", "--json"])
        #expect(why.output.contains(#""kind":"daily_cap","name":"visit","points":-10}"#))
        #expect(why.talk.isEmpty)
        let status = try leadscore(["status"] + place)
        #expect(status.output.contains("not running"))
        #expect(status.output.contains("quarantined  1: json 1"))
        let verify = try leadscore(["verify"] + place)
        #expect(verify.code == 0, "\(verify)")
    }

    private static func configuration(_ directory: String) -> String {
        """
        mql: 15
        sources:
          - {name: events, paths: ["\(directory)/*.ndjson"], format: events}
        signals:
          - {name: visit, when: {type: visit}, weight: 10, daily_cap: 2}
        """
    }

    private static let log = """
        {"ts":"2026-09-14T08:00:00Z","type":"visit","email":"ann@example.com"}
        {"ts":"2026-09-14T08:01:00Z","type":"visit","email":"ann@example.com"}
        {"ts":"2026-09-14T08:02:00Z","type":"visit","email":"Ann@Example.com"}
        no event

        """
}
