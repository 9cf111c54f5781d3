internal import ArgumentParser
internal import Core
internal import Glibc
internal import Service

struct TryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "Shows what a source makes of lines of a log.",
        discussion: """
            Takes each line of FILE, or of the standard input, through the source as the daemon would, \
            and shows the event, the signal that it counts for, and who it is about, or the reason why \
            it does not count. Nothing is stored, and no daemon is asked. With --json there is one \
            object a line for each record.

            Examples:
              leadscore try --source web /var/log/nginx/access.log
              tail -n 100 events.json | leadscore try --source mail --json
            """)

    @Option(help: ArgumentHelp("The source of the configuration.", valueName: "name"))
    var source: String

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = "/etc/leadscored/leadscored.yaml"

    @Argument(help: ArgumentHelp("The log; without it the standard input.", valueName: "file"))
    var file: String?

    @OptionGroup var format: FormatOptions

    func run() throws {
        let configuration = try load()
        guard let rehearsal = Rehearsal(configuration, source: source) else {
            throw Failure(
                .usage, "there is no source '\(source)' in \(config)",
                "its sources are \(configuration.sources.map(\.name).joined(separator: ", "))")
        }
        var counts: [String: Int] = [:]
        var lines = 0
        try Lines.forEach(of: file) { line in
            lines += 1
            var text = ""
            for record in rehearsal.read(line) {
                let outcome = record.verdict.outcome.name
                let reason = record.verdict.reason
                counts[reason.isEmpty ? outcome : "\(outcome) \(reason)", default: 0] += 1
                text +=
                    format.json
                    ? RehearsalSheet.json(record).line + "\n"
                    : RehearsalSheet.text(record)
            }
            try Output.write(text)
        }
        guard !format.json else { return }
        let summary = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        Output.talk("\(lines) lines: \(summary.joined(separator: ", "))".harmless)
    }

    private func load() throws -> Configuration {
        // SAFETY: access reads the path and keeps nothing.
        if unsafe access(config, R_OK) != 0, errno == EACCES {
            throw Failure(
                .permission, "no permission to read \(config)",
                "try it as root, or as a member of the group leadscore")
        }
        do {
            return try Configuration.load(path: config)
        } catch {
            throw Failure(
                .configuration, "the configuration has mistakes:",
                details: error.mistakes.map(\.description), "see leadscore check")
        }
    }
}

/// The lines of a file or of the standard input.
private enum Lines {
    /// Calls `body` with each line, without its newline; the last one may lack it.
    ///
    /// - Throws: a `Failure` for what cannot be read, and what `body` throws.
    static func forEach(of path: String?, _ body: ([UInt8]) throws -> Void) throws {
        var descriptor = STDIN_FILENO
        if let path {
            // SAFETY: open reads the path and keeps nothing.
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(path, errno) }
        }
        defer { if path != nil { close(descriptor) } }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var rest: [UInt8] = []
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path ?? "the standard input", errno) }
            if count == 0 { break }
            var start = 0
            while let end = chunk[start..<count].firstIndex(of: 0x0A) {
                rest += chunk[start..<end]
                try body(rest)
                rest.removeAll(keepingCapacity: true)
                start = end + 1
            }
            // Of a line that is too long anyway no more is kept than shows that.
            if rest.count <= Bounds.lineBytes { rest += chunk[start..<count] }
        }
        if !rest.isEmpty { try body(rest) }
    }

    private static func failure(_ path: String, _ code: Int32) -> Failure {
        Failure(
            code == EACCES ? .permission : .inputOutput,
            "cannot read \(path): \(Output.describe(code))",
            "name a file that this user may read")
    }
}
