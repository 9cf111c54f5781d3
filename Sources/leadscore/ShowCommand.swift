internal import ArgumentParser
internal import Store

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows everything about one contact.",
        discussion: """
            A value alone is looked for among email addresses, customer numbers and cookies. A number \
            that a contact had before it was merged still finds it.

            Examples:
              leadscore show ann@example.com
              leadscore show customer:4711
              leadscore show contact:12 --json
            """)

    @Argument(help: WhoArgument.help)
    var who: WhoArgument

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    @Option(
        help: ArgumentHelp(
            "Scores as they were, or will be, on this day (YYYY-MM-DD); identity, fit, stage and "
                + "purchases are today's.",
            valueName: "day"))
    var asOf: DayArgument?

    func run() throws {
        let found = try LeadsReader.read(path: database.path) { leads in
            var lead = try who.find(in: leads)
            if let asOf {
                if let note = try asOf.note(in: leads) { Output.talk(note) }
                lead = try leads.lead(lead, asOf: asOf.day)
            }
            return (
                lead, try leads.identifiers(of: lead.contactID),
                try leads.contradictions(of: lead.contactID)
            )
        }
        try Output.write(format.json ? Self.json(found).document : Self.text(found))
    }

    private typealias Found = (LeadRow, [IdentifierRow], [Contradiction])

    private static func json(_ found: Found) -> JSONValue {
        let (lead, identifiers, contradictions) = found
        return .object([
            "lead": LeadJSON.value(lead),
            "identifiers": .array(identifiers.map(LeadJSON.value)),
            "contradictions": .array(
                contradictions.map {
                    .object([
                        "attribute": .string($0.attribute), "stated": .string($0.stated),
                        "at": .string($0.at), "observed": .string($0.observed),
                        "points": .real($0.points), "stated_points": .real($0.statedPoints),
                    ])
                }),
        ])
    }

    private static func text(_ found: Found) -> String {
        let (lead, identifiers, contradictions) = found
        var text = LeadSheet.text(lead, identifiers)
        for entry in contradictions {
            text +=
                "\n\(entry.attribute) says \(entry.stated) (\(Numbers.points(entry.statedPoints)) "
                .harmless
            text += "points), but most interest is in \(entry.observed) ".harmless
            text += "(\(Numbers.points(entry.points)) points)\n"
        }
        return text
    }
}
