import Foundation
import Glibc
import TestKit
import Testing

/// The power fails at random moments: what was not synced is gone, on a real ext4.
///
/// `POWER_CUTS=n` sets how often, for each of the two tests.
@Suite(
    .enabled(
        if: LoopDisk.isAvailable,
        "NOT TRIED: power cuts take root, loop devices and the shutdown ioctl of ext4"))
struct PowerCutTests {
    private static var cuts: Int {
        ProcessInfo.processInfo.environment["POWER_CUTS"].flatMap(Int.init) ?? 5
    }

    // MARK: The state's disk

    @Test func `power cuts of the disk of the state lose and double nothing`() throws {
        let found = try Self.cutState(times: Self.cuts, mistake: nil)
        #expect(found.isEmpty, "\(found.prefix(5))")
    }

    /// The same check has to see a daemon that only says that its data is on the disk.
    @Test func `the check finds a daemon that does not sync`() throws {
        let found = try Self.cutState(times: 60, mistake: .syncsNothing)
        #expect(!found.isEmpty, "was not noticed in 60 power cuts")
    }

    /// Cuts the power of the state's disk, while logs are on another one.
    ///
    /// - Returns: what is wrong; with a mistake the first thing.
    private static func cutState(times: Int, mistake: Mistake?) throws -> [String] {
        let seed = UInt64.random(in: 0...99_999)
        var random = SeededGenerator(seed: seed)
        let scratch = try DaemonScratch()
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        let disk = try LoopDisk(at: scratch.state, megabytes: 64)
        unsafe chmod(scratch.state, 0o711)
        disk.sync()
        let environment = try mistake?.environment() ?? [:]
        var lines = 0
        var acknowledged: Int64 = 0
        for cut in 1...times {
            let daemon = try scratch.launch(environment: environment)
            let end = monotonicSeconds() + Double.random(in: 0.05...0.6, using: &random)
            while monotonicSeconds() < end {
                let count = Int.random(in: 1...40, using: &random)
                try scratch.append(
                    (lines..<(lines + count)).map { eventLine("p\($0)") }, to: "a.ndjson")
                lines += count
                if random.oneIn(30) { rotate(scratch) }
                usleep(5000)
            }
            if let status = try scratch.status() { acknowledged = status.outcome("applied") }
            try disk.cutPower { Self.end(daemon, &random) }
            let wrong = try Self.check(scratch, acknowledged: acknowledged)
            if !wrong.isEmpty { return wrong.map { "cut \(cut), seed \(seed): \($0)" } }
        }
        let once = try scratch.once()
        guard once.code == 0 else { return ["seed \(seed): exit \(once.code): \(once.talk)"] }
        print("power cuts of the state: \(times), \(lines) lines")
        return try Self.counts(of: 0..<lines, scratch).map { "seed \(seed): \($0)" }
    }

    /// Renames a log to a name that no other has had.
    private static func rotate(_ scratch: DaemonScratch) {
        var number = 9999
        while FileManager.default.fileExists(atPath: scratch.log("a.ndjson.\(number)")) {
            number -= 1
        }
        unsafe rename(scratch.log("a.ndjson"), scratch.log("a.ndjson.\(number)"))
    }

    /// Lets the daemon notice by itself, or kills it.
    private static func end(_ daemon: RunningProgram, _ random: inout SeededGenerator) {
        if random.oneIn(3), let code = daemon.code(within: 3) {
            #expect(code == 74, "\(daemon.talk)")
        } else {
            daemon.killNow()
        }
    }

    /// After a cut: what was acknowledged is there, and adds up.
    private static func check(_ scratch: DaemonScratch, acknowledged: Int64) throws -> [String] {
        guard FileManager.default.fileExists(atPath: scratch.state + "/state.db") else {
            return acknowledged > 0 ? ["\(acknowledged) were acknowledged, the state is gone"] : []
        }
        let verify = try scratch.leadscore(["verify", "--config", scratch.configuration])
        if acknowledged == 0, verify.talk.contains("there is nothing in it") { return [] }
        guard verify.code == 0 else { return ["\(verify.output) \(verify.talk)"] }
        let status = try scratch.status(["--config", scratch.configuration])
        let applied = status?.outcome("applied") ?? -1
        return applied < acknowledged
            ? ["\(acknowledged) were acknowledged, \(applied) are there"] : []
    }

    private static func counts(of lines: Range<Int>, _ scratch: DaemonScratch) throws -> [String] {
        var counted: [String: Int64] = [:]
        for row in try scratch.rows("SELECT email, events FROM leads") {
            counted[String((row["email"]?.text ?? "").prefix { $0 != "@" })] = row["events"]?.int
        }
        return lines.compactMap { number in
            let count = counted["p\(number)"] ?? 0
            return count == 1 ? nil : "p\(number) counted \(count) times"
        }
    }

    // MARK: State and logs on one disk

    @Test
    func `power cuts that take the end of the logs too lose no line that is left, and double none`()
        throws
    {
        let found = try Self.cutBoth(times: Self.cuts, writersFirst: false)
        #expect(found.isEmpty, "\(found.prefix(5))")
    }

    @Test func `lines that are written after a power cut and before the daemon looks count once`()
        throws
    {
        let found = try Self.cutBoth(times: Self.cuts, writersFirst: true)
        #expect(found.isEmpty, "\(found.prefix(5))")
    }

    /// Cuts the power of the disk of everything.
    ///
    /// - Returns: what is wrong.
    private static func cutBoth(times: Int, writersFirst: Bool) throws -> [String] {
        let seed = UInt64.random(in: 0...99_999)
        var random = SeededGenerator(seed: seed)
        let scratch = try DaemonScratch()
        let disk = try LoopDisk(at: scratch.directory.path, megabytes: 64)
        try FileManager.default.createDirectory(
            atPath: scratch.directory.path + "/logs", withIntermediateDirectories: true)
        unsafe chmod(scratch.directory.path, 0o755)
        try scratch.configure()
        disk.sync()
        var written: Set<String> = []
        for _ in 1...times {
            if writersFirst { for _ in 1...5 { try write(to: scratch, &written, &random) } }
            let daemon = try scratch.start()
            let end = monotonicSeconds() + Double.random(in: 0.05...0.8, using: &random)
            while monotonicSeconds() < end {
                try write(to: scratch, &written, &random)
                if random.oneIn(40) { disk.sync() }
                if random.oneIn(40) { rotate(scratch) }
                usleep(5000)
            }
            try disk.cutPower { Self.end(daemon, &random) }
        }
        for _ in 1...2 {
            let once = try scratch.once()
            guard once.code == 0 else { return ["exit \(once.code): \(once.talk)"] }
        }
        let verify = try scratch.leadscore(["verify", "--config", scratch.configuration])
        guard verify.code == 0 else { return ["\(verify.output) \(verify.talk)"] }
        return try differences(scratch, written).map { "seed \(seed): \($0)" }
    }

    private static func write(
        to scratch: DaemonScratch, _ written: inout Set<String>, _ random: inout SeededGenerator
    ) throws {
        let lines = (0..<Int.random(in: 1...40, using: &random)).map { place in
            let number = written.count + place
            return eventLine("p\(number)", more: #","id":"\#(number)""#)
        }
        try scratch.append(lines, to: random.pick(["a", "b"]) + ".ndjson")
        written.formUnion(lines)
    }

    /// Every line that is left has to count; none may count twice, whether it is left or not.
    private static func differences(
        _ scratch: DaemonScratch, _ written: Set<String>
    ) throws -> [String] {
        let left = try lines(in: scratch).intersection(written)
        var counted: [String: Int64] = [:]
        for row in try scratch.rows("SELECT email, events FROM leads") {
            counted[row["email"]?.text ?? ""] = row["events"]?.int
        }
        let lost = left.filter { line in
            let email = line.split(separator: "\"").first { $0.hasSuffix("@example.com") }
            return counted[String(email ?? "")] == nil
        }
        print(
            "power cuts of both: \(written.count) lines written, \(left.count) left, \(counted.count) counted"
        )
        let doubled = counted.filter { $0.value != 1 }
        return lost.sorted().map { "lost \($0)" } + doubled.keys.sorted().map { "doubled \($0)" }
    }

    /// The complete lines that stand in the logs.
    private static func lines(in scratch: DaemonScratch) throws -> Set<String> {
        var lines: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch.log("")) {
            let bytes = try Data(contentsOf: URL(filePath: scratch.log(name)))
            for line in bytes.split(separator: 0x0A) {
                lines.insert(String(decoding: line, as: UTF8.self))
            }
        }
        return lines
    }
}
