internal import ArgumentParser
internal import Foundation

struct WhatIfCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whatif",
        abstract: "Shows who would cross which line under another configuration.",
        discussion: """
            Lines are mql, the grades of fit, audiences, stages and segments. Nothing is changed: it is \
            computed from the facts beside the configuration in force. A changed `when` would hold for new \
            records only, and a new signal has counted nothing yet. Takes root or the user of the service.

            Examples:
              leadscore whatif --config ./new.yaml
              leadscore whatif --config ./new.yaml --json | jq '.crossings[] | select(.line == "mql")'
            """)

    @Option(help: ArgumentHelp("The new configuration.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "The configuration in force; read only if no daemon runs.", valueName: "file"))
    var current = "/etc/leadscored/leadscored.yaml"

    @Option(help: ArgumentHelp("The state directory of leadscored.", valueName: "dir"))
    var state = StateOptions.standard

    @OptionGroup var format: FormatOptions

    func run() throws {
        var options = StateOptions()
        options.state = state
        options.config = current
        // The daemon has another working directory.
        let path = URL(filePath: config).absoluteURL.path(percentEncoded: false)
        let answer = try options.ask("whatif", ["config": path])
        try Output.write(format.json ? answer.document : Self.text(answer))
    }

    private static func text(_ answer: JSONValue) -> String {
        let counts = answer["counts"].elements
        guard !counts.isEmpty else {
            return "nobody of \(answer["contacts"].int ?? 0) would cross a line\n"
        }
        var text = Table.pairs(
            counts.map { ($0["line"].text ?? "", "\($0["contacts"].int ?? 0)") })
        let rows = answer["crossings"].elements.map { row in
            [
                row["email"].text ?? "contact:\(row["contact_id"].int ?? 0)",
                row["line"].text ?? "", row["before"].text ?? "-", row["after"].text ?? "-",
            ]
        }
        let columns: [Table.Column] = [
            .init(title: "contact", shortest: 16), .init(title: "line"), .init(title: "before"),
            .init(title: "after"),
        ]
        text += "\n" + Table(columns: columns, rows: rows).text(width: Output.terminalWidth)
        return text
    }
}
