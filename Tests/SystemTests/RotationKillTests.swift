import Foundation
import TestKit
import Testing

/// kill -9 at random moments, with writers and the real logrotate at work.
///
/// `ROTATION_KILLS=n` sets how many times it is killed. Lines have no id, so that nothing hides one that
/// counts twice.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/logrotate")))
struct RotationKillTests {
    private static let logrotate = "/usr/sbin/logrotate"
    /// How each log is rotated.
    private static let modes = [
        "a": "create\n compress", "b": "create\n compress\n delaycompress",
        "c": "create\n nocompress",
        "d": "copytruncate\n compress",
    ]

    @Test func `rotated, compressed and killed at random, each line counts once`() throws {
        let kills = ProcessInfo.processInfo.environment["ROTATION_KILLS"].flatMap(Int.init) ?? 60
        let seed = UInt64.random(in: 0...99_999)
        var random = SeededGenerator(seed: seed)
        let scratch = try DaemonScratch()
        var written: [String: Int] = [:]
        func write() throws {
            for name in Self.modes.keys.sorted() {
                let first = written[name, default: 0]
                let count = Int.random(in: 1...20, using: &random)
                let lines = (first..<(first + count)).map { eventLine("\(name)\($0)") }
                try scratch.append(lines, to: name + ".ndjson")
                written[name] = first + count
            }
        }
        for _ in 1...kills {
            let daemon = try scratch.launch()
            let end = monotonicSeconds() + Double.random(in: 0.05...0.8, using: &random)
            _ = try holds(within: 2) {
                try write()
                if random.oneIn(20) { try Self.rotate(random.pick(["a", "b", "c", "d"]), scratch) }
                return monotonicSeconds() >= end
            }
            daemon.killNow()
            if random.oneIn(5) { try Self.rotate(random.pick(["a", "b", "c", "d"]), scratch) }
        }
        for _ in 1...2 {
            let outcome = try scratch.once()
            #expect(outcome.code == 0, "seed \(seed): \(outcome.talk)")
        }
        let total = Int64(written.values.reduce(0, +))
        #expect(
            scratch.number("SELECT count(*) FROM leads WHERE events = 1") == total, "seed \(seed)")
        #expect(scratch.number("SELECT sum(events) FROM leads") == total, "seed \(seed)")
    }

    /// Rotates a log at once. Nobody writes meanwhile: what is written between copy and truncation is
    /// lost by logrotate itself.
    private static func rotate(_ name: String, _ scratch: DaemonScratch) throws {
        let configuration = scratch.directory.appending(path: "rotate.\(name)")
        let text = """
            \(scratch.log(name)).ndjson {
             rotate 999
             missingok
             \(modes[name] ?? "")
            }

            """
        try Data(text.utf8).write(to: configuration)
        unsafe chmod(configuration.path, 0o644)
        let process = Process()
        process.executableURL = URL(filePath: logrotate)
        process.arguments = ["-f", "-s", configuration.path + ".state", configuration.path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }
}
