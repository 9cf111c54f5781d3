internal import ArgumentParser
internal import Store

struct SegmentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segments",
        abstract: "Lists the segments and how many contacts are in each.",
        discussion: """
            `leadscore top --segment NAME` shows who is in one, `leadscore watch` who comes and goes.

            Examples:
              leadscore segments
              leadscore segments --json | jq '.[] | select(.size > 0)'
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let segments = try LeadsReader.read(path: database.path) { try $0.segmentRows() }
        if format.json {
            let rows = segments.map { row in
                JSONValue.object([
                    "name": .string(row.name), "condition": .string(row.condition),
                    "size": .integer(row.size),
                ])
            }
            try Output.write(JSONValue.array(rows).document)
        } else if segments.isEmpty {
            Output.talk("no segments are configured")
        } else {
            try Output.write(Self.table(segments))
        }
    }

    private static func table(_ segments: [SegmentRow]) -> String {
        let columns: [Table.Column] = [
            .init(title: "segment"), .init(title: "contacts", right: true),
            .init(title: "condition", shortest: 20),
        ]
        let rows = segments.map { row in
            let words = row.condition.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return [row.name, "\(row.size)", words]
        }
        return Table(columns: columns, rows: rows).text(width: Output.terminalWidth)
    }
}

extension LeadsReader {
    /// Says so if a segment that is asked for does not exist.
    ///
    /// - Throws: a `Failure` with exit code 1.
    func require(segment: String?) throws {
        guard let segment else { return }
        let names = try segments()
        guard !names.contains(segment) else { return }
        throw Failure(
            .notFound, "there is no segment \(segment)",
            names.isEmpty
                ? "none is configured: see segments in leadscored.yaml"
                : "there are: " + names.joined(separator: ", "))
    }
}
