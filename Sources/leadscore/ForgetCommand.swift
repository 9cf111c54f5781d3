internal import ArgumentParser

struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erases a person, for good.",
        discussion: """
            Takes everything about the person out of both databases, under all of their identifiers, and \
            overwrites it. What stays are counters without a name, and keyed tokens by which the person is \
            recognised when logs are read again: such events are counted as suppressed. It cannot be \
            undone. The logs themselves and backups are yours to clean. Takes root or the user of the \
            service.

            Examples:
              leadscore forget email:ann@example.com
            """)

    @Argument(help: WhoArgument.help)
    var who: WhoArgument

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let answer = try state.ask("forget", ["who": who.text])
        if format.json { return try Output.write(answer.document) }
        try Output.write(
            "erased contact \(answer["contact_id"].int ?? 0): \(answer["identifiers"].int ?? 0) "
                + "identifiers, \(answer["events"].int ?? 0) events\n")
    }
}
