internal import ArgumentParser
internal import Core
internal import Store

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Lists the contacts with the highest scores.",
        discussion: """
            Contacts with equal scores come in the order of their numbers. `30 days` is the change of \
            engagement; `hot until` the last day on which it reaches mql if nothing more happens.

            Examples:
              leadscore top -n 50
              leadscore top --segment hot --json | jq -r '.[].email'
              leadscore top --as-of 2026-08-31
            """)

    /// More rows than anybody reads; what needs more reads the database.
    static let mostRows = 1_000_000

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("count")],
        help: ArgumentHelp("How many contacts.", valueName: "n"))
    var count = 20

    @Option(help: ArgumentHelp("Only the members of this segment.", valueName: "segment"))
    var segment: String?

    @Option(
        help: ArgumentHelp(
            "Scores as they were, or will be, on this day (YYYY-MM-DD); identity, fit, stage and "
                + "purchases are today's.",
            valueName: "day"))
    var asOf: DayArgument?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard (1...Self.mostRows).contains(count) else {
            throw ValidationError("-n takes a number from 1 to \(Self.mostRows)")
        }
    }

    func run() throws {
        let rows = try LeadsReader.read(path: database.path) { leads in
            try leads.require(segment: segment)
            guard let asOf else { return try leads.top(count, segment: segment) }
            if let note = try asOf.note(in: leads) { Output.talk(note) }
            return try leads.top(count, segment: segment, asOf: asOf.day)
        }
        if format.json {
            try Output.write(JSONValue.array(rows.map(LeadJSON.value)).document)
        } else if rows.isEmpty {
            Output.talk("no contacts yet")
        } else {
            try Output.write(LeadTable.text(rows, width: Output.terminalWidth))
        }
    }
}
