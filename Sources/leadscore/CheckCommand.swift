internal import ArgumentParser
internal import Core
internal import Glibc
internal import Service

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks the configuration.",
        discussion: """
            Reads the file and the conf.d/*.yaml beside it and reports every mistake at once, as \
            FILE:LINE:COLUMN: what is wrong; what to write instead. Exits with 78 if there is one. \
            Nothing is started or changed.

            Examples:
              leadscore check
              leadscore check --config ./leadscored.yaml
            """)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = "/etc/leadscored/leadscored.yaml"

    @OptionGroup var format: FormatOptions

    func run() throws {
        // SAFETY: access reads the path and keeps nothing.
        if unsafe access(config, R_OK) != 0, errno == EACCES {
            throw Failure(
                .permission, "no permission to read \(config)",
                "check it as root, or as a member of the group leadscore")
        }
        do {
            try accept(try Configuration.load(path: config))
        } catch let error as ConfigurationError {
            if format.json {
                try Output.write(CheckCommand.json(error.mistakes, warnings: []).document)
            } else {
                for mistake in error.mistakes { Output.talk("\(mistake)".harmless) }
            }
            throw ExitCode(Failure.Code.configuration.rawValue)
        }
    }

    private func accept(_ configuration: Configuration) throws {
        guard !format.json else {
            let answer = CheckCommand.json([], warnings: configuration.warnings)
            return try Output.write(answer.document)
        }
        for warning in configuration.warnings { Output.talk("warning: \(warning)".harmless) }
        let model = configuration.model
        let counts = [
            ("sources", configuration.sources.count),
            ("signals", model.signals.count { $0.when != nil }), ("topics", model.topics.count),
            ("fit rules", model.fit.count), ("audiences", model.audiences.count),
            ("stages", model.stages.count), ("segments", model.segments.count),
        ]
        try Output.write("ok\n" + Table.pairs(counts.map { ("  " + $0.0, "\($0.1)") }))
    }

    private static func json(_ mistakes: [Mistake], warnings: [Mistake]) -> JSONValue {
        .object([
            "ok": .bool(mistakes.isEmpty), "mistakes": .array(mistakes.map(json)),
            "warnings": .array(warnings.map(json)),
        ])
    }

    private static func json(_ mistake: Mistake) -> JSONValue {
        .object([
            "file": .string(mistake.file), "line": .integer(mistake.line),
            "column": .integer(mistake.column),
            "message": .string("\(mistake.what); \(mistake.remedy)"),
        ])
    }
}
