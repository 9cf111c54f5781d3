internal import ArgumentParser
internal import Core
internal import Store

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes all contacts, or those of a segment, as CSV or NDJSON.",
        discussion: """
            All columns of leads, in the order of the contacts' numbers. What stands in logs was written \
            by strangers: in CSV a text that a spreadsheet would take for a formula (it begins with =, +, \
            -, @, a tab or a line break) gets a ' before it, and what a screen would act on or not \
            show is written as \\u{1B}.

            Examples:
              leadscore export --segment hot > hot.csv
              leadscore export --format ndjson | jq -c 'select(.fit >= 50)'
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case csv
        case ndjson
    }

    @Option(name: .customLong("format"), help: "How it is written.")
    var kind = Kind.csv

    @Option(help: ArgumentHelp("Only the members of this segment.", valueName: "segment"))
    var segment: String?

    @Flag(help: "The same as --format ndjson.")
    var json = false

    @OptionGroup var database: DatabaseOptions

    /// Text that is gathered before it is written.
    private static let blockBytes = 1 << 16

    func run() throws {
        try LeadsReader.read(path: database.path) { leads in
            try leads.require(segment: segment)
            let isCSV = kind == .csv && !json
            var block =
                isCSV ? CSV.line(LeadColumn.allCases.map(\.rawValue)) : ""
            try leads.forEachLead(in: segment) { lead in
                block += isCSV ? CSV.line(lead) : LeadJSON.value(lead).line + "\n"
                guard block.utf8.count >= Self.blockBytes else { return }
                try Output.write(block)
                block = ""
            }
            try Output.write(block)
        }
    }
}

/// Comma-separated values.
///
/// - Source: RFC 4180 for quotes and line ends; OWASP, "CSV Injection", for what a spreadsheet takes
///   for a formula.
enum CSV {
    /// A row of `leads`; what is not known is empty.
    static func line(_ lead: LeadRow) -> String {
        line(
            LeadColumn.allCases.map { column in
                switch lead[column] {
                case .null: ""
                case .integer(let number): "\(number)"
                case .real(let number): Numbers.exact(micropoints(number))
                case .flag(let flag): flag ? "1" : "0"
                case .text(let text), .object(let text): harmless(text)
                }
            })
    }

    /// A line of fields, quoted where that is needed.
    static func line(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    /// A text that no spreadsheet takes for a formula, and on which no screen acts.
    static func harmless(_ text: String) -> String {
        let first = text.unicodeScalars.first
        let starts: [Unicode.Scalar] = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
        let shown = text.harmless
        guard let first, starts.contains(first) else { return shown }
        return "'" + shown
    }

    private static func quoted(_ field: String) -> String {
        let needs = field.unicodeScalars.contains {
            $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == "\t" || $0 == "'"
        }
        guard needs else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
