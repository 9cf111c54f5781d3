internal import ArgumentParser

struct QuarantineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Shows lines that could not be used.",
        discussion: """
            The newest first, each with its source, file, offset, reason, and its first 1,024 bytes. Lines \
            hold whatever somebody wrote into a log, personal data too, so this takes root or the user of \
            the service.

            Examples:
              leadscore quarantine
              leadscore quarantine --source web -n 100
              leadscore quarantine --reason json --json | jq -r '.[].line'
            """)

    @Option(help: ArgumentHelp("Only lines of this source.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Only lines with this reason.", valueName: "reason"))
    var reason: String?

    @Option(
        name: [.customShort("n"), .customLong("limit")],
        help: ArgumentHelp("How many lines, at most 5,000.", valueName: "n"))
    var limit = 20

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard (1...5000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 5000")
        }
    }

    func run() throws {
        let answer = try state.ask(
            "quarantine", QuarantineArguments.selection(source, reason), ["limit": limit])
        let lines = answer["lines"].elements
        if format.json { return try Output.write(JSONValue.array(lines).document) }
        try Output.write(lines.map(Self.text).joined())
        let total = answer["total"].int ?? lines.count
        if total > lines.count {
            Output.talk("\(Numbers.count(lines.count)) of \(Numbers.count(total)) lines")
        } else if lines.isEmpty {
            Output.talk("no such line is in quarantine")
        }
    }

    /// Two lines: where and why, then what.
    private static func text(_ line: JSONValue) -> String {
        let place = "\(line["source"].text ?? "?")  \(line["path"].text ?? "?")"
        let why = "offset \(line["offset"].int ?? 0)  \(line["reason"].text ?? "?")"
        let more = line["whole"].bool == true ? "" : " ..."
        return "\(place)  \(why)".harmless + "\n  \((line["line"].text ?? "").harmless)\(more)\n"
    }
}

struct RequeueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue",
        abstract: "Reads quarantined lines again.",
        discussion: """
            After a configuration was mended: lines in quarantine are read again as their source says now. \
            Each keeps its one record and changes its outcome; what is still of no use stays. Lines longer \
            than 1,023 bytes are read from their file, if that is still the same. Lines without a newline \
            (unterminated) are read only if --reason names them. Takes root or the user of the service.

            Examples:
              leadscore requeue --source web
              leadscore requeue --reason future
            """)

    @Option(help: ArgumentHelp("Only lines of this source.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Only lines with this reason.", valueName: "reason"))
    var reason: String?

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let answer = try state.ask("requeue", QuarantineArguments.selection(source, reason))
        if format.json { return try Output.write(answer.document) }
        var pairs = [("lines looked at", Numbers.count(answer["looked"].int ?? 0))]
        for outcome in answer["outcomes"].members {
            let name = outcome.key == "quarantined" ? "quarantined again" : outcome.key
            pairs.append(("  " + name, Numbers.count(outcome.value.int ?? 0)))
        }
        for reason in answer["left"].members {
            let why = Self.explanations[reason.key] ?? reason.key
            pairs.append(("  left", "\(Numbers.count(reason.value.int ?? 0)): \(why)"))
        }
        try Output.write(Table.pairs(pairs))
    }

    /// Why lines were left as they are.
    private static let explanations = [
        "several": "hold several events, and which of them was unusable is not known",
        "no_source": "their source is not in the configuration",
        "unterminated": "have no newline and may be halves; --reason unterminated reads them",
        "missing": "only their beginning was kept, and their file is gone or cannot be read",
        "changed": "only their beginning was kept, and their file is another one now",
        "packed": "only their beginning was kept, and their file is compressed now",
        "unknown": "their reason or their file is unknown to this version",
    ]
}

/// The arguments that both commands send.
enum QuarantineArguments {
    static func selection(_ source: String?, _ reason: String?) -> [String: String] {
        var arguments: [String: String] = [:]
        if let source { arguments["source"] = source }
        if let reason { arguments["reason"] = reason }
        return arguments
    }
}
