internal import ArgumentParser

struct AmbiguousCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ambiguous",
        abstract: "Lists identifiers that belong to nobody, because they lead to several people.",
        discussion: """
            A browser that two people use, an address that two customers gave: where fewer than three \
            quarters of the events lead to one person, an identifier stands on its own. Each comes with \
            the people that it lies between, and how many of its events lead to each; those with the most \
            events come first. `leadscore link A B` decides. Takes root or the user of the service.

            Examples:
              leadscore ambiguous
              leadscore ambiguous -n 100 --json | jq -r '.[] | [.kind, .value, .events] | @tsv'
            """)

    @Option(
        name: [.customShort("n"), .customLong("limit")],
        help: ArgumentHelp("How many identifiers, at most 5,000.", valueName: "n"))
    var limit = 20

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard (1...5000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 5000")
        }
    }

    func run() throws {
        let answer = try state.ask("ambiguous", [:], ["limit": limit])
        let found = answer["identifiers"].elements
        if format.json { return try Output.write(JSONValue.array(found).document) }
        try Output.write(found.map(Self.text).joined())
        let total = answer["total"].int ?? found.count
        if total > found.count {
            Output.talk("\(Numbers.count(found.count)) of \(Numbers.count(total)) identifiers")
        } else if found.isEmpty {
            Output.talk("every identifier belongs to one person")
        }
    }

    /// A line for the identifier, and one for each person.
    private static func text(_ found: JSONValue) -> String {
        let events = found["events"].int ?? 0
        var text = name(found).harmless + "  \(Numbers.count(events)) events\n"
        for person in found["people"].elements {
            let n = person["events"].int ?? 0
            let share = Numbers.rounded(100 * Double(n) / Double(max(events, 1)))
            text += "  \(Numbers.count(n)) (\(share) %) lead to "
            text += "\(name(person))  (contact:\(person["contact_id"].int ?? 0))".harmless + "\n"
        }
        return text
    }

    /// As it is written in other commands.
    private static func name(_ value: JSONValue) -> String {
        let kind = value["kind"].text ?? "?"
        return (kind == "customer_id" ? "customer" : kind) + ":" + (value["value"].text ?? "")
    }
}
