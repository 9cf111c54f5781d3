import Foundation
import Glibc
import TestKit
import Testing

/// Sudden ends, and orderly ones at bad moments.
@Suite struct KillTests {
    @Test func `killed again and again under a live producer, each line counts once`() throws {
        let seed = UInt64.random(in: 0...99_999)
        var random = SeededGenerator(seed: seed)
        let scratch = try DaemonScratch()
        var written: [String: Int] = [:]
        var ids = 0
        func produce(_ lines: Int) throws {
            for name in ["a", "b"] {
                try scratch.append(
                    (0..<lines).map { _ in
                        let who = "p\(Int.random(in: 0..<50, using: &random))"
                        // One in twenty is told twice.
                        if !random.oneIn(20) { ids += 1 }
                        written["\(who) \(ids)", default: 0] += 1
                        return eventLine(who, at: Self.hour, more: ",\"id\":\"\(who) \(ids)\"")
                    }, to: name + ".ndjson")
            }
        }
        for round in 1...16 {
            let daemon = try scratch.launch()
            let end = monotonicSeconds() + Double.random(in: 0.02...0.5, using: &random)
            _ = try holds(within: 2) {
                try produce(Int.random(in: 1...200, using: &random))
                return monotonicSeconds() >= end
            }
            if round % 5 == 0 {
                unsafe rename(scratch.log("a.ndjson"), scratch.log("a.ndjson.\(20 - round)"))
            }
            daemon.killNow()
        }
        let daemon = try scratch.start()
        let truth = Int64(written.count)
        let total = Int64(written.values.reduce(0, +))
        let status = try scratch.settled()
        #expect(status.integer("records_read") == total, "seed \(seed)")
        #expect(status.outcome("applied") == truth, "seed \(seed)")
        #expect(status.outcome("duplicate") == total - truth, "seed \(seed)")
        let people = Dictionary(grouping: written.keys) { String($0.prefix { $0 != " " }) }
        for row in try scratch.rows("SELECT email, events FROM leads") {
            let who = (row["email"]?.text ?? "").prefix { $0 != "@" }
            #expect(row["events"]?.int == Int64(people[String(who)]?.count ?? -1), "seed \(seed)")
        }
        let verify = try scratch.leadscore(["verify"])
        #expect(verify.code == 0, "seed \(seed): \(verify.output)")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
    }

    @Test func `in the middle of a large backlog the daemon ends within 5 seconds`() throws {
        let scratch = try DaemonScratch()
        let block = (0..<200_000).map { eventLine("p\($0 % 60_000)", at: Self.hour) }
        for _ in 0..<6 { try scratch.append(block, to: "a.ndjson") }
        var applied: Int64 = 0
        for _ in 1...3 {
            let daemon = try scratch.start()
            _ = holds(within: 0.4) { false }
            daemon.signal(SIGTERM)
            #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
            // By the state: what is published may not be complete yet.
            let now = try #require(try scratch.status(["--config", scratch.configuration]))
            #expect(now.outcome("applied") >= applied)
            applied = now.outcome("applied")
        }
        let once = try scratch.once()
        #expect(once.code == 0, "\(once.talk)")
        #expect(scratch.number("SELECT sum(events) FROM leads") == 1_200_000)
        #expect(scratch.number("SELECT count(*) FROM leads") == 60_000)
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT])
    func `asked to end, it ends well`(number: Int32) throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        let daemon = try scratch.start()
        for harmless in [SIGPIPE, SIGXFSZ, SIGCONT] { daemon.signal(harmless) }
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        try scratch.append([eventLine("ben")], to: "a.ndjson")
        daemon.signal(number)
        daemon.signal(number)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
    }

    /// Syncs that take as long as a file is there.
    private static let slowDisk = """
        #include <dlfcn.h>
        #include <unistd.h>
        int fdatasync(int file) {
            int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
            while (access(FLAG, F_OK) == 0) usleep(5000);
            return real(file);
        }
        """

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT])
    func `asked a second time it ends at once, whatever the disk does`(number: Int32) throws {
        let scratch = try DaemonScratch()
        let flag = scratch.directory.path + "/slow"
        let wrapper = try scratch.preload(Self.slowDisk, ["FLAG=\"\(flag)\""])
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        let daemon = try scratch.start(wrapper: wrapper)
        _ = try scratch.settled()
        try Data().write(to: URL(filePath: flag))
        try scratch.append([eventLine("ben")], to: "a.ndjson")
        _ = holds(within: 0.3) { false }
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 0.5) == nil)
        daemon.signal(number)
        #expect(daemon.code(within: 2) == 0, "\(daemon.talk)")
        try FileManager.default.removeItem(atPath: flag)
        let again = try scratch.start(wrapper: wrapper)
        #expect(try scratch.settled().outcome("applied") == 2)
        withExtendedLifetime(again) {}
    }

    @Test func `a signal that means nothing to it ends it, and nothing is lost`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        // Threads of these tests block most signals, which a process would inherit.
        let daemon = try scratch.start(wrapper: ["/usr/bin/env", "--default-signal=USR1"])
        try scratch.append((0..<1000).map { eventLine("p\($0)") }, to: "a.ndjson")
        daemon.signal(SIGUSR1)
        #expect(daemon.code(within: 5) == 128 + SIGUSR1)
        let again = try scratch.start()
        #expect(try scratch.settled().outcome("applied") == 1001)
        withExtendedLifetime(again) {}
    }

    /// An hour ago, in whole seconds, so that repeated lines are equal.
    private static let hour = Date(timeIntervalSince1970: Double(time(nil) - 3600))
}
