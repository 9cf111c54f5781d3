import Foundation
import Glibc
import TestKit
import Testing

/// How soon it is ready after a sudden end, how soon it ends on request, and how soon it goes on when there
/// is space again.
///
/// `READY_CONTACTS=n` and `READY_FILES=n` set the size of what it has. What is held to the limits is
/// processor time, because tests share a machine; seconds are printed beside it.
@Suite struct ReadinessTests {
    private static func setting(_ name: String, else number: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? number
    }

    @Test func `after kill -9 it is ready within 2 seconds, and ends within 5`() throws {
        let contacts = Self.setting("READY_CONTACTS", else: 20_000)
        let files = Self.setting("READY_FILES", else: 200)
        let scratch = try DaemonScratch()
        try Self.write(contacts: contacts, files: files, to: scratch)
        #expect(try scratch.once().code == 0)
        var ready: [Spent] = []
        var ended: [Spent] = []
        var lines = contacts
        for round in 1...6 {
            let start = monotonicSeconds()
            let daemon = try scratch.start()
            ready.append(Spent(since: start, daemon.pid))
            for file in 0..<20 {
                try scratch.append(
                    (0..<100).map { eventLine("new\(lines + file * 100 + $0)") },
                    to: "l\(file * 7 % files).ndjson")
            }
            lines += 2000
            // In the middle of its work, whatever that is.
            _ = holds(within: 0.3 * Double(round)) { false }
            if round % 2 == 0 {
                daemon.killNow()
            } else {
                let (stop, before) = (monotonicSeconds(), Spent(since: 0, daemon.pid))
                var last = before
                daemon.signal(SIGTERM)
                #expect(
                    holds(within: 20) {
                        let now = Spent(since: stop, daemon.pid)
                        if daemon.isRunning, now.processor > 0 { last = now }
                        return !daemon.isRunning
                    })
                #expect(daemon.code(within: 1) == 0, "\(daemon.talk)")
                ended.append(
                    Spent(
                        seconds: monotonicSeconds() - stop,
                        processor: last.processor - before.processor))
            }
        }
        print(
            "readiness: \(contacts) contacts, \(files) files: ready after \(ready), ended after \(ended)"
        )
        #expect(ready.allSatisfy { $0.processor < 2 })
        #expect(ended.allSatisfy { $0.processor < 5 })
        #expect(try scratch.once().code == 0)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == Int64(lines))
    }

    /// What something took.
    fileprivate struct Spent: CustomStringConvertible {
        var seconds: Double
        /// Of all threads of the process, in seconds.
        var processor: Double

        var description: String { String(format: "%.2f s (%.2f)", seconds, processor) }
    }

    private static func write(contacts: Int, files: Int, to scratch: DaemonScratch) throws {
        let share = contacts / files
        for file in 0..<files {
            let first = file * share
            let end = file == files - 1 ? contacts : first + share
            try scratch.append((first..<end).map { eventLine("p\($0)") }, to: "l\(file).ndjson")
        }
    }

    @Test(.enabled(if: OtherUser.isAvailable))
    func `when there is space again it goes on within 10 seconds`() throws {
        let scratch = try DaemonScratch()
        unsafe mkdir(scratch.state, 0o711)
        guard unsafe mount("none", scratch.state, "tmpfs", 0, "size=64m,mode=711") == 0 else {
            print("NOT TRIED: no tmpfs can be mounted here")
            return
        }
        defer { unsafe umount2(scratch.state, Int32(MNT_DETACH)) }
        let daemon = try scratch.start()
        try Self.fill(scratch.state + "/ballast")
        try scratch.append((0..<20_000).map { eventLine("p\($0)") }, to: "a.ndjson")
        // Long enough for the pauses between two tries to become long.
        #expect(try holds(within: 30) { try scratch.status()?.degraded == ["storage"] })
        _ = holds(within: 8) { false }
        try FileManager.default.removeItem(atPath: scratch.state + "/ballast")
        let start = monotonicSeconds()
        #expect(try holds(within: 20) { try scratch.status()?.outcome("applied") == 20_000 })
        let seconds = monotonicSeconds() - start
        print("space: counted \(seconds) s after there was some again")
        #expect(seconds < 10)
        #expect(try scratch.settled().degraded.isEmpty)
        withExtendedLifetime(daemon) {}
    }

    /// Writes until there is no space left.
    private static func fill(_ path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let block = [UInt8](repeating: 0, count: 4096)
        while unsafe Glibc.write(file, block, block.count) > 0 {}
    }
}

extension ReadinessTests.Spent {
    /// Since a moment, and what a process has had of the processors.
    fileprivate init(since start: Double, _ pid: Int32) {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        // Behind the name in brackets: state is field 3, utime 14, stime 15, in hundredths.
        let fields = text.drop { $0 != ")" }.split(separator: " ").dropFirst()
        let ticks = fields.dropFirst(11).prefix(2).compactMap { Double($0) }.reduce(0, +)
        self.init(seconds: monotonicSeconds() - start, processor: ticks / 100)
    }
}
