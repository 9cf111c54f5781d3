import Foundation
import Glibc
import TestKit

/// Writers, the real logrotate and kill -9 at random moments, around whatever claims to count each line
/// once; and the check of what it counted.
///
/// Every line is of a contact of its own. Lines of log `e` have an id and may come twice, the others have
/// none, so that nothing hides one that counts twice. Lines are sometimes written in two pieces, and the
/// end of a log is sometimes cut off.
struct KillLoop {
    static let logrotate = "/usr/sbin/logrotate"
    /// How each log is rotated.
    private static let modes = [
        "a": "create\n compress", "b": "create\n compress\n delaycompress",
        "c": "create\n nocompress", "d": "copytruncate\n compress", "e": "create\n compress",
    ]
    private static let names = modes.keys.sorted()

    /// What is killed.
    enum Contender {
        /// The daemon, with a mistake or without.
        case daemon(Mistake?)
        /// `tail -F` and a counter of lines.
        case tail
    }

    let seed: UInt64
    let scratch: DaemonScratch
    private let contender: Contender
    private var random: SeededGenerator
    private var written: [String: Int] = [:]
    /// Lines that were cut off after they were counted.
    private var cutOff: Set<String> = []
    /// What ended otherwise than by being killed.
    private(set) var failures: [String] = []

    init(_ contender: Contender, seed: UInt64 = .random(in: 0...99_999)) throws {
        self.seed = seed
        self.contender = contender
        scratch = try DaemonScratch()
        random = SeededGenerator(seed: seed)
    }

    /// Starts it and kills it, so many times.
    mutating func run(kills: Int) throws {
        for _ in 0..<kills {
            let program = try start()
            let end = monotonicSeconds() + Double.random(in: 0.05...0.8, using: &random)
            while monotonicSeconds() < end {
                try write()
                if random.oneIn(20) { try rotate(random.pick(Self.names)) }
                usleep(10_000)
            }
            if random.oneIn(5) { try shorten(program) }
            program.killNow()
            if random.oneIn(5) { try rotate(random.pick(Self.names)) }
        }
    }

    // MARK: The contender

    private func start() throws -> RunningProgram {
        switch contender {
        case .daemon(let mistake):
            try scratch.launch(environment: mistake?.environment() ?? [:])
        case .tail:
            try scratch.launch(
                wrapper: [
                    "/usr/bin/python3", "-c", Self.tailCounter, scratch.state,
                ] + Self.names.map { scratch.log($0 + ".ndjson") })
        }
    }

    /// Lets it come to the end of what is there.
    private mutating func finish() throws {
        switch contender {
        case .daemon(let mistake):
            let environment = try mistake?.environment() ?? [:]
            for _ in 1...2 {
                let outcome = try scratch.once(
                    wrapper: ["/usr/bin/env"]
                        + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                if outcome.code != 0 { failures.append("exit \(outcome.code): \(outcome.talk)") }
            }
        case .tail:
            let program = try start()
            _ = holds(within: 1.5) { false }
            program.killNow()
        }
    }

    /// What people write when they need a counter at once.
    private static let tailCounter = """
        import os, re, sqlite3, subprocess, sys, threading, time
        os.makedirs(sys.argv[1] + "/published", exist_ok=True)
        db = sqlite3.connect(sys.argv[1] + "/published/leads.db", check_same_thread=False)
        db.execute("CREATE TABLE IF NOT EXISTS leads(email TEXT PRIMARY KEY, events INTEGER)")
        tail = subprocess.Popen(["tail", "-q", "-F"] + sys.argv[2:7], stdout=subprocess.PIPE)
        for line in tail.stdout:
            found = re.search(rb'"email":"([^"]*)"', line)
            if found:
                db.execute("INSERT INTO leads VALUES (?, 1) ON CONFLICT DO UPDATE SET events = events + 1",
                           [found[1].decode()])
                db.commit()
        """

    // MARK: What others do

    private mutating func write() throws {
        for name in Self.names {
            let first = written[name, default: 0]
            let count = Int.random(in: 1...20, using: &random)
            var lines = (first..<(first + count)).map { line(name, $0) }
            if name == "e", random.oneIn(3) {
                lines.append(line(name, Int.random(in: 0...first, using: &random)))
            }
            let data = Data(lines.map { $0 + "\n" }.joined().utf8)
            let cut = random.oneIn(4) ? Int.random(in: 1..<data.count, using: &random) : data.count
            try scratch.append(data.prefix(cut), to: name + ".ndjson")
            try scratch.append(data.dropFirst(cut), to: name + ".ndjson")
            written[name] = first + count
        }
    }

    private func line(_ name: String, _ number: Int) -> String {
        guard name == "e" else { return eventLine("\(name)\(number)") }
        let hour = Date(timeIntervalSince1970: 1_790_000_000)
        return eventLine("\(name)\(number)", at: hour, more: #","id":"\#(number)""#)
    }

    /// Rotates a log at once. Nobody writes meanwhile: what is written between copy and truncation is
    /// lost by logrotate itself.
    private func rotate(_ name: String) throws {
        let configuration = scratch.directory.appending(path: "rotate.\(name)")
        let text = """
            \(scratch.log(name)).ndjson {
             rotate 999
             missingok
             \(Self.modes[name] ?? "")
            }

            """
        try Data(text.utf8).write(to: configuration)
        unsafe chmod(configuration.path, 0o644)
        // It has nothing to rotate, and says so, where a planted mistake or chance has it so.
        _ = try? Program.run(
            Self.logrotate, ["-f", "-s", configuration.path + ".state", configuration.path])
    }

    /// Cuts the last line off a log once everything is counted, and waits until that was noticed and
    /// committed: what was counted stays so, and nothing counts again.
    private mutating func shorten(_ program: RunningProgram) throws {
        guard case .daemon = contender else { return try cut("c") }
        func isSettled() throws -> Bool {
            // Before it has the lock, the command answers for it, and knows only of what was read.
            guard let status = try scratch.status(), status.isRunning else { return false }
            return status.lagBytes == 0 && status.partialBytes == 0
        }
        guard try holds(within: 5, { try isSettled() }) else { return }
        try cut("c")
        _ = try holds(within: 10) {
            let talk = program.talk
            guard talk.contains("file shrunk") || talk.contains("file truncated") else {
                return false
            }
            return try isSettled()
        }
    }

    private mutating func cut(_ name: String) throws {
        let path = scratch.log(name + ".ndjson")
        guard let content = FileManager.default.contents(atPath: path), content.count > 1,
            let end = content.dropLast().lastIndex(of: 0x0A)
        else { return }
        unsafe truncate(path, off_t(end + 1))
        cutOff.insert("\(name)\(written[name, default: 0] - 1)")
    }

    // MARK: The check

    /// What is lost, doubled or failed; nothing if each line counts exactly once.
    mutating func difference() throws -> [String] {
        try finish()
        var counted: [String: Int64] = [:]
        guard let rows = try? scratch.rows("SELECT email, events FROM leads") else {
            return failures + ["there is no leads.db that can be read"]
        }
        for row in rows {
            counted[String((row["email"]?.text ?? "").prefix { $0 != "@" })] = row["events"]?.int
        }
        var result = failures
        for name in Self.names {
            for number in 0..<written[name, default: 0] {
                let count = counted.removeValue(forKey: "\(name)\(number)") ?? 0
                if count == 1 { continue }
                let isCut = cutOff.contains("\(name)\(number)")
                result.append(
                    "\(name)\(number)\(isCut ? ", cut off," : "") counted \(count) times")
            }
        }
        return result + counted.keys.sorted().map { "\($0) was never written" }
    }

    /// How many lines are to be counted.
    var lines: Int { written.values.reduce(0, +) }
}
