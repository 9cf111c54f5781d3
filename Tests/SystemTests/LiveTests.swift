import Foundation
import Glibc
import TestKit
import Testing

/// What happens to the logs while the daemon follows them.
@Suite struct LiveTests {
    @Test func `an appended line is visible at once`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("warm")], to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM leads") == 1 })
        var latencies: [Double] = []
        for number in 1...12 {
            let start = monotonicSeconds()
            try scratch.append([eventLine("p\(number)")], to: "a.ndjson")
            let seen = holds(within: 5) {
                scratch.number("SELECT count(*) FROM leads") == Int64(number + 1)
            }
            #expect(seen)
            latencies.append((monotonicSeconds() - start) * 1000)
        }
        latencies.sort()
        print("quiet latency in ms: median \(latencies[6]), highest \(latencies[11])")
        #expect(latencies[6] < 1000)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
    }

    @Test func `rotation by rename loses nothing, late writes to the old file neither`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        var count: Int64 = 0
        func write(_ name: String, _ lines: Int) throws {
            try scratch.append((0..<lines).map { _ in eventLine("ann") }, to: name)
            count += Int64(lines)
        }
        for round in 1...4 {
            try write("a.ndjson", 50)
            let writer = try FileHandle(forWritingTo: URL(filePath: scratch.log("a.ndjson")))
            try writer.seekToEnd()
            for old in stride(from: round - 1, through: 1, by: -1) {
                unsafe rename(scratch.log("a.ndjson.\(old)"), scratch.log("a.ndjson.\(old + 1)"))
            }
            unsafe rename(scratch.log("a.ndjson"), scratch.log("a.ndjson.1"))
            try write("a.ndjson", 20)
            try writer.write(contentsOf: Data((eventLine("ann") + "\n").utf8))
            count += 1
            try writer.close()
            #expect(try applied(scratch, count), "round \(round): \(daemon.talk)")
        }
        try finish(scratch, daemon, applied: count)
    }

    @Test func `new files, emptied files and half lines are followed`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        for name in ["a.ndjson", "b.ndjson", "c.ndjson"] {
            try scratch.append([eventLine("ann"), eventLine("ben")], to: name)
        }
        #expect(try applied(scratch, 6))
        let line = Data((eventLine("half") + "\n").utf8)
        try scratch.append(line.prefix(30), to: "a.ndjson")
        #expect(try holds(within: 5) { try scratch.status()?.partialBytes == 30 })
        #expect(try scratch.settled().outcome("applied") == 6)
        try scratch.append(line.dropFirst(30), to: "a.ndjson")
        #expect(try applied(scratch, 7))
        #expect(try scratch.status()?.partialBytes == 0)

        #expect(unsafe truncate(scratch.log("b.ndjson"), 0) == 0)
        try scratch.append([eventLine("after")], to: "b.ndjson")
        #expect(try applied(scratch, 8))
        try finish(scratch, daemon, applied: 8)
    }

    @Test func `a log emptied with a copy kept under the pattern is counted once`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        try scratch.append((0..<100).map { eventLine("p\($0)") }, to: "a.ndjson")
        #expect(try applied(scratch, 100))
        daemon.signal(SIGSTOP)
        try scratch.append((0..<50).map { eventLine("q\($0)") }, to: "a.ndjson")
        try FileManager.default.copyItem(
            atPath: scratch.log("a.ndjson"), toPath: scratch.log("a.ndjson.1"))
        #expect(unsafe truncate(scratch.log("a.ndjson"), 0) == 0)
        try scratch.append((0..<200).map { eventLine("r\($0)") }, to: "a.ndjson")
        daemon.signal(SIGCONT)
        #expect(try applied(scratch, 350), "\(daemon.talk)")
        try finish(scratch, daemon, applied: 350)
    }

    @Test func `what is cut off unread is said in bytes`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        #expect(try applied(scratch, 1))
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        let once = try scratch.once()
        #expect(once.code == 0)
        // Nobody ever saw these bytes, so nobody can say that they are lost.
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
        let again = try scratch.start()
        again.signal(SIGSTOP)
        let lost = eventLine("lost") + "\n"
        try scratch.append(Data(lost.utf8), to: "a.ndjson")
        #expect(unsafe truncate(scratch.log("a.ndjson"), 0) == 0)
        again.signal(SIGCONT)
        try scratch.append([eventLine("ben")], to: "a.ndjson")
        #expect(try applied(scratch, 2))
        try finish(scratch, again, applied: 2)
    }

    private func applied(_ scratch: DaemonScratch, _ count: Int64) throws -> Bool {
        try holds(within: 15) { try scratch.status()?.outcome("applied") == count }
    }

    private func finish(
        _ scratch: DaemonScratch, _ daemon: RunningProgram, applied: Int64
    ) throws {
        let status = try scratch.settled()
        #expect(status.outcome("applied") == applied)
        #expect(status.integer("records_read") == applied)
        #expect(try scratch.leadscore(["verify"]).code == 0)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
        #expect(scratch.number("SELECT sum(events) FROM leads") == applied)
    }
}
