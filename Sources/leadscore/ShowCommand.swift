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

    func run() throws {
        let (lead, identifiers) = try LeadsReader.read(path: database.path) { leads in
            let lead = try who.find(in: leads)
            return (lead, try leads.identifiers(of: lead.contactID))
        }
        try Output.write(
            format.json
                ? JSONValue.object([
                    "lead": LeadJSON.value(lead),
                    "identifiers": .array(identifiers.map(LeadJSON.value)),
                ]).document
                : LeadSheet.text(lead, identifiers))
    }
}
