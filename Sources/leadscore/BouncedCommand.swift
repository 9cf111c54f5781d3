internal import ArgumentParser
internal import Store

struct BouncedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounced",
        abstract: "Lists contacts whose mail comes back, with others of their account.",
        discussion: """
            Those whose address is gone (invalid), or who had four soft bounces in a row (quarantined), by \
            score. With each come the others of the same email domain whose mail arrives, the highest \
            score first: somebody there may know where the contact went. Free-mail domains are no \
            accounts, and have no others.

            Examples:
              leadscore bounced
              leadscore bounced carl@example.com
              leadscore bounced --json | jq -r '.[] | select(.live == 0) | .email'
            """)

    /// Others that are listed for each; all are counted.
    private static let others = 5

    @Argument(help: "Only this contact. \(WhoArgument.words)")
    var who: WhoArgument?

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("count")],
        help: ArgumentHelp("How many contacts, at most 5,000.", valueName: "n"))
    var count = 20

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard (1...5000).contains(count) else {
            throw ValidationError("-n takes a number from 1 to 5000")
        }
    }

    func run() throws {
        let found = try LeadsReader.read(path: database.path) { leads in
            try leads.bounced(
                count, contact: who?.find(in: leads).contactID, others: Self.others)
        }
        if format.json {
            return try Output.write(JSONValue.array(found.map(Self.json)).document)
        }
        if found.isEmpty { return Output.talk("nobody's mail comes back") }
        try Output.write(found.map(Self.text).joined())
    }

    private static func json(_ found: BouncedContact) -> JSONValue {
        .object([
            "contact_id": .integer(found.lead.contactID), "email": text(found.lead, .email),
            "deliverability": text(found.lead, .deliverability),
            "domain": text(found.lead, .domain), "owner": text(found.lead, .owner),
            "score": .real(found.lead.number(.score) ?? 0), "live": .integer(found.live),
            "others": .array(
                found.others.map { other in
                    .object([
                        "contact_id": .integer(other.contactID), "email": text(other, .email),
                        "deliverability": text(other, .deliverability),
                        "stage": text(other, .stage), "score": .real(other.number(.score) ?? 0),
                    ])
                }),
        ])
    }

    private static func text(_ lead: LeadRow, _ column: LeadColumn) -> JSONValue {
        .optional(lead.text(column))
    }

    /// A line for the contact, and one for each other.
    private static func text(_ found: BouncedContact) -> String {
        let mail = found.lead.text(.deliverability) ?? "no mail yet"
        var text = "\(contactName(found.lead))  \(mail)".harmless
        text += "  \(Numbers.points(found.lead.number(.score)))\n"
        for other in found.others {
            let stage = other.text(.stage) ?? "-"
            text += "  \(contactName(other))  \(stage)  ".harmless
            text += Numbers.points(other.number(.score)) + "\n"
        }
        let more = Int(found.live) - found.others.count
        if found.live == 0 { text += "  nobody else of the account can be reached\n" }
        if more > 0 { text += "  and \(Numbers.count(more)) more\n" }
        return text
    }
}
