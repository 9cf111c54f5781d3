public import Foundation
internal import Glibc
internal import Synchronization

/// A directory with a configuration, logs and a state, for a daemon of one test.
public final class DaemonScratch: Sendable {
    /// The directory, removed with the scratch.
    public let directory: URL
    /// What was started here, kept so that it lives exactly as long as the directory.
    private let started = Mutex<[RunningProgram]>([])
    /// The configuration that the tests count by unless they say otherwise.
    public static let rules = """
        mql: 60
        half_life: 14d
        currency: EUR
        signals:
          - {name: pricing_visit, when: {type: visit, path: "/pricing*"}, weight: 10, half_life: 14d, daily_cap: 2, cap: 40}
          - {name: visit, when: {type: visit}, weight: 1, daily_cap: 10}
          - {name: click, when: {type: click}, weight: 5, half_life: 30d}
          - {name: fair, when: {type: fair}, weight: 30, half_life: 90d}
          - {name: unhappy, when: {type: unhappy}, weight: -15, cap: 25}
        """

    /// Makes the directory.
    ///
    /// - Parameter rules: The configuration but for the sources; the logs are `logs/*.ndjson`.
    public init(rules: String = DaemonScratch.rules) throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "leadscored-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: directory.appending(path: "logs"), withIntermediateDirectories: true)
        unsafe chmod(directory.path, 0o755)
        try configure(rules)
    }

    deinit {
        started.withLock { for program in $0 where program.isRunning { program.killNow() } }
        try? FileManager.default.removeItem(at: directory)
    }

    /// The state directory.
    public var state: String { directory.appending(path: "state").path }
    /// What analysts read.
    public var leads: String { state + "/published/leads.db" }
    /// The configuration file.
    public var configuration: String { directory.appending(path: "leadscored.yaml").path }

    /// A path in the directory of logs.
    public func log(_ name: String) -> String { directory.appending(path: "logs/\(name)").path }

    /// Writes the configuration.
    public func configure(
        _ rules: String = DaemonScratch.rules, sources: [String: String] = ["events": "*.ndjson"]
    ) throws {
        let lines = sources.sorted { $0.key < $1.key }.map { name, pattern in
            "  - {name: \(name), paths: [\"\(log(pattern))\"], format: events}\n"
        }
        let text = rules + "\nsources:\n" + lines.joined()
        try Data(text.utf8).write(to: URL(filePath: configuration))
    }

    /// Appends bytes to a log, which is made if it is missing, in one write.
    public func append(_ bytes: Data, to name: String) throws {
        let file = unsafe open(log(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(file) }
        try FileHandle(fileDescriptor: file, closeOnDealloc: false).write(contentsOf: bytes)
    }

    /// Appends lines to a log.
    public func append(_ lines: [String], to name: String) throws {
        try append(Data(lines.map { $0 + "\n" }.joined().utf8), to: name)
    }

    /// Runs the daemon to the end of the logs.
    public func once(
        asOf day: String? = nil, wrapper: [String] = []
    ) throws -> BuiltBinary.Outcome {
        try BuiltBinary.released("leadscored").run(
            place + ["--once"] + (day.map { ["--as-of", $0] } ?? []), in: directory,
            wrapper: wrapper)
    }

    /// Starts the daemon and waits until it says that it is ready.
    public func start(
        environment: [String: String] = [:], wrapper: [String] = []
    ) throws -> RunningProgram {
        let program = try launch(environment: environment, wrapper: wrapper)
        guard holds(within: 20, { hasSaidReady(program) || !program.isRunning }), program.isRunning
        else { throw DaemonError(talk: program.talk) }
        return program
    }

    /// Starts the daemon and does not wait.
    public func launch(
        _ more: [String] = [], environment: [String: String] = [:], wrapper: [String] = [],
        pipe: Pipe? = nil
    ) throws -> RunningProgram {
        let talk = directory.appending(path: "talk-\(UUID().uuidString.prefix(8))")
        let program = try RunningProgram(
            .released("leadscored"), place + more, talkFile: talk, environment: environment,
            wrapper: wrapper, pipe: pipe)
        started.withLock { $0.append(program) }
        return program
    }

    /// Runs a command on the state.
    public func leadscore(_ arguments: [String]) throws -> BuiltBinary.Outcome {
        try BuiltBinary.released("leadscore").run(arguments + ["--state", state], in: directory)
    }

    /// What `leadscore status --json` says, once nothing is behind.
    public func settled(within seconds: Double = 20) throws -> Status {
        var status = Status(json: [:])
        guard
            try holds(
                within: seconds,
                {
                    guard let now = try self.status() else { return false }
                    status = now
                    return now.isRunning && now.lagBytes == 0 && now.pending == 0
                        && now.published >= now.sequence
                })
        else { throw DaemonError(talk: "not settled: \(status.json)") }
        return status
    }

    /// What `leadscore status --json` says; nil if nobody answers.
    public func status(_ more: [String] = []) throws -> Status? {
        let outcome = try leadscore(["status", "--json"] + more)
        guard outcome.code == 0,
            let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
                as? [String: Any]
        else { return nil }
        return Status(json: json)
    }

    /// What a query on `leads.db` gives.
    public func rows(_ sql: String) throws -> [[String: TableRows.Value]] {
        try TableRows.read(leads, sql)
    }

    /// A number that a query on `leads.db` gives, or nil if it cannot be read at present.
    public func number(_ sql: String) -> Int64? {
        (try? rows(sql))?.first?.values.first?.int
    }

    private var place: [String] { ["--config", configuration, "--state", state] }

    private func hasSaidReady(_ program: RunningProgram) -> Bool {
        program.talk.split(separator: "\n").contains { $0.hasPrefix("<5>ready") }
    }
}

/// A daemon did not do what a test needs to go on.
public struct DaemonError: Error, CustomStringConvertible {
    /// What it wrote.
    public let talk: String

    /// An error with what it wrote.
    public init(talk: String) { self.talk = talk }

    /// What it wrote.
    public var description: String { talk }
}

/// The answer of `leadscore status --json`.
public struct Status {
    /// All of it.
    public let json: [String: Any]

    /// Whether the daemon itself has answered.
    public var isRunning: Bool { json["running"] as? Bool == true }
    /// Bytes that are not read yet.
    public var lagBytes: Int64 { integer("lag_bytes") }
    /// Bytes of last lines without a newline.
    public var partialBytes: Int64 { integer("partial_bytes") }
    /// The last checkpoint.
    public var sequence: Int64 { integer("seq") }
    /// The last checkpoint that is published.
    public var published: Int64 { int((json["publication"] as? [String: Any])?["seq"]) }
    /// Contacts that are not published yet.
    public var pending: Int64 { int((json["publication"] as? [String: Any])?["pending"]) }
    /// The reasons why something does not work as it should.
    public var degraded: [String] {
        (json["degraded"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String }
    }

    /// A number at the top.
    public func integer(_ key: String) -> Int64 { int(json[key]) }

    /// How many records had an outcome.
    public func outcome(_ name: String) -> Int64 {
        int((json["outcomes"] as? [String: Any])?[name])
    }

    /// How many records had an outcome for a reason.
    public func reason(_ outcome: String, _ name: String) -> Int64 {
        int(((json["reasons"] as? [String: Any])?[outcome] as? [String: Any])?[name])
    }

    private func int(_ value: Any?) -> Int64 { (value as? NSNumber)?.int64Value ?? 0 }
}
