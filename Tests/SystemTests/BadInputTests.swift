import Foundation
import Glibc
import TestKit
import Testing

/// Whatever stands in the logs, or beside them: it is counted with its reason, and nothing stops.
@Suite struct BadInputTests {
    private static let good = eventLine("ann")

    private static let hostile: [(line: Data, outcome: String, reason: String)] = {
        func text(_ line: String) -> Data { Data(line.utf8) }
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        let start = Data("{\"ts\":1,\"type\":\"click\",\"email\":\"".utf8)
        return [
            (Data(repeating: 0x61, count: 10 << 20), "quarantined", "oversize"),
            (Data(good.utf8.prefix(40)), "quarantined", "json"),
            (text("{\"a\":1}") + Data([0]) + text("{}"), "quarantined", "nul"),
            (start + Data([0xC3, 0x28]) + text("@example.com\"}"), "quarantined", "utf8"),
            (text("{\"x\":\(deep)}"), "quarantined", "depth"),
            (
                text(eventLine("ann", type: "purchase", more: ",\"value\":NaN")), "quarantined",
                "json"
            ),
            (
                text(eventLine("ann", type: "purchase", more: ",\"value\":1e400")), "quarantined",
                "value"
            ),
            (
                text(
                    "{\"ts\":\"2099-01-01T00:00:00Z\",\"type\":\"click\",\"email\":\"a@b.example\"}"
                ), "quarantined", "future"
            ),
            (
                text(
                    "{\"ts\":\"1970-01-01T00:00:00Z\",\"type\":\"click\",\"email\":\"a@b.example\"}"
                ), "filtered", "too_old"
            ),
            (
                text("{\"ts\":1e400,\"type\":\"click\",\"email\":\"a@b.example\"}"), "quarantined",
                "ts"
            ),
            (text(eventLine("ann", type: "never_heard_of")), "filtered", "no_signal"),
            (text("{\"ts\":1767225600000,\"type\":\"click\"}"), "filtered", "no_identifier"),
            (
                text("{\"ts\":1767225600000,\"type\":\"click\",\"email\":\"@\"}"), "quarantined",
                "email"
            ),
            (
                text("{\"ts\":1767225600000,\"type\":\"CLICK\",\"email\":\"a@b.example\"}"),
                "quarantined", "type"
            ),
            (text(" \t"), "filtered", "blank"),
        ]
    }()

    @Test func `every unusable line is counted with its reason and kept with its offset`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        var log = Data()
        var kept: [String: Int64] = [:]
        for (line, outcome, reason) in Self.hostile {
            if outcome == "quarantined" { kept["\(log.count) \(reason)", default: 0] += 1 }
            log += line + Data("\n\(Self.good)\n".utf8)
        }
        let start = monotonicSeconds()
        try scratch.append(log, to: "a.ndjson")
        let count = Int64(Self.hostile.count)
        #expect(try holds(within: 20) { try scratch.status()?.outcome("applied") == count })
        #expect(monotonicSeconds() - start < 10)
        let status = try scratch.settled()
        for outcome in ["filtered", "quarantined"] {
            for reason in Set(Self.hostile.filter { $0.outcome == outcome }.map(\.reason)) {
                let expected = Self.hostile.filter { $0.outcome == outcome && $0.reason == reason }
                    .count
                #expect(status.reason(outcome, reason) == Int64(expected), "\(outcome) \(reason)")
            }
        }
        let rows = try scratch.rows("SELECT offset || ' ' || reason AS line FROM quarantine")
        let shown = Dictionary(grouping: rows.compactMap { $0["line"]?.text }) { $0 }
            .mapValues { Int64($0.count) }
        #expect(shown == kept)
        #expect(try scratch.leadscore(["verify"]).code == 0)
        #expect(daemon.isRunning)
    }

    @Test func `what is no log under the pattern is left alone, and named`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([], to: "empty.ndjson")
        unsafe mkdir(scratch.log("directory.ndjson"), 0o755)
        unsafe mkfifo(scratch.log("fifo.ndjson"), 0o644)
        unsafe symlink("/etc/passwd", scratch.log("link.ndjson"))
        unsafe symlink("loop.ndjson", scratch.log("loop.ndjson"))
        let socket = try UnixDatagrams(path: scratch.log("socket.ndjson"))
        let strange = "new\nline \"quoted\" \\ \u{1B}[31m.ndjson"
        try scratch.append([eventLine("ann")], to: strange)
        let daemon = try scratch.start()
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        let status = try scratch.settled()
        #expect(status.integer("lines_read") == 1)
        let talk = daemon.talk
        for name in ["directory", "fifo", "link", "loop", "socket"] {
            #expect(talk.contains("/\(name).ndjson"), "\(name) is not named: \(talk)")
        }
        #expect(talk.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
        let paths = (status.json["sources"] as? [[String: Any]] ?? []).compactMap {
            $0["path"] as? String
        }
        #expect(paths.contains { $0.contains("quoted") })
        let shown = try scratch.leadscore(["status"])
        #expect(shown.code == 0 && shown.output.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
        withExtendedLifetime(socket) {}
    }

    @Test(.enabled(if: OtherUser.isAvailable))
    func `an unreadable file is named, does not hold up others, and is read once it can be`() throws
    {
        let scratch = try DaemonScratch()
        unsafe chmod(scratch.directory.path, 0o777)
        try scratch.append([eventLine("secret")], to: "closed.ndjson")
        unsafe chmod(scratch.log("closed.ndjson"), 0o000)
        try scratch.append([eventLine("ann")], to: "open.ndjson")
        let daemon = try scratch.start(wrapper: OtherUser.service)
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        #expect(daemon.talk.contains("closed.ndjson"), "\(daemon.talk)")
        unsafe chmod(scratch.log("closed.ndjson"), 0o644)
        #expect(try holds(within: 15) { try scratch.status()?.outcome("applied") == 2 })
    }

    @Test func `a storm of bad lines is a few lines of log, and nobody is named in them`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        let bad =
            "{\"ts\":\"x\",\"type\":\"click\",\"email\":\"private.person@example.com\",\"cookie\":\"cookie-4711\",\"customer_id\":\"customer-4711\"}"
        try scratch.append(
            [String](repeating: bad, count: 100_000) + [eventLine("private.person")], to: "a.ndjson"
        )
        #expect(try holds(within: 20) { try scratch.status()?.outcome("applied") == 1 })
        #expect(try scratch.settled().outcome("quarantined") == 100_000)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        let talk = daemon.talk.split(separator: "\n")
        #expect(talk.count < 50, "\(talk.count) lines")
        #expect(talk.allSatisfy { $0.contains(/^<[0-7]>/) })
        for secret in ["private.person", "4711"] { #expect(!talk.joined().contains(secret)) }
    }
}
