import Foundation
import Glibc
import TestKit
import Testing

/// Nothing of an erased person is left on disk, and the logs go on being known.
@Suite struct ErasureTests {
    private static func leftovers(_ scratch: DaemonScratch, _ words: [String]) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: scratch.state)
        return paths.sorted().flatMap { path in
            let place = URL(filePath: scratch.state + "/" + path)
            let bytes = (try? Data(contentsOf: place)) ?? Data()
            return words.filter { bytes.range(of: Data($0.utf8)) != nil }.map { "\($0) in \(path)" }
        }
    }

    private static let words = ["ann@example.com", "chief_of_boats"]
    private static let ann = #","traits":{"job_title":"chief_of_boats"}"#

    @Test func `no byte of an erased person is left, whatever is read again`() throws {
        let scratch = try DaemonScratch()
        try scratch.append(
            [eventLine("ann", more: Self.ann), eventLine("bob"), eventLine("Ann", more: Self.ann)],
            to: "a.ndjson")
        var daemon = try scratch.start()
        _ = try scratch.settled()
        #expect(!(try Self.leftovers(scratch, Self.words).isEmpty))
        #expect(try scratch.leadscore(["forget", "email:ann@example.com"]).code == 0)
        _ = try scratch.settled()
        #expect(try Self.leftovers(scratch, Self.words) == [])

        // What the daemon still has in memory is not written again.
        try scratch.append([eventLine("bob")], to: "a.ndjson")
        _ = try scratch.settled()
        #expect(try Self.leftovers(scratch, Self.words) == [])
        daemon.killNow()
        daemon = try scratch.start()
        try scratch.append([eventLine("bob"), eventLine("ann", more: Self.ann)], to: "a.ndjson")
        try scratch.append([eventLine("cat"), eventLine("ann", more: Self.ann)], to: "b.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("suppressed") == 2 })
        _ = try scratch.settled()
        #expect(try Self.leftovers(scratch, Self.words) == [])
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)
        #expect(try Self.leftovers(scratch, Self.words) == [])
        #expect(try scratch.leadscore(["verify", "--config", scratch.configuration]).code == 0)
    }

    @Test func `a log with a blanked beginning is known again when it is rotated`() throws {
        let scratch = try DaemonScratch()
        let lines = [eventLine("ann", more: Self.ann), eventLine("bob"), eventLine("ann")]
        for name in ["a", "b", "c"] { try scratch.append(lines, to: "\(name).ndjson") }
        try #require(try scratch.once().code == 0)
        #expect(try scratch.leadscore(["forget", "email:ann@example.com"]).code == 0)
        // By renaming, by a copy and truncation, and by compression, all while it was stopped.
        unsafe rename(scratch.log("a.ndjson"), scratch.log("a.ndjson.1"))
        try FileManager.default.copyItem(
            atPath: scratch.log("b.ndjson"), toPath: scratch.log("b.ndjson.1"))
        unsafe truncate(scratch.log("b.ndjson"), 0)
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/gzip")
        gzip.arguments = [scratch.log("c.ndjson")]
        try gzip.run()
        gzip.waitUntilExit()
        for name in ["a", "b", "c"] { try scratch.append([eventLine("cat")], to: "\(name).ndjson") }
        for _ in 0..<2 { try #require(try scratch.once().code == 0) }
        let status = try #require(try scratch.status())
        #expect(status.integer("records_read") == 12)
        #expect(status.integer("lost_bytes") == 0)
        #expect(scratch.number("SELECT sum(events) FROM leads") == 6)
        #expect(try Self.leftovers(scratch, Self.words) == [])
    }
}
