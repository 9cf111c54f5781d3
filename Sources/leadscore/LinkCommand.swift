internal import ArgumentParser
internal import Glibc

struct LinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Says that two identifiers are one person.",
        discussion: """
            Overrides what the logs say, until `unlink` takes it back; then all is as it was before. The \
            customer number, else the email address, else the smaller of the two values names the person. \
            Takes root or the user of the service.

            Examples:
              leadscore link email:ann@example.com customer:4711
              leadscore link cookie:f81d4fae email:ann@example.com
            """)

    @Argument(help: WhoArgument.help)
    var a: WhoArgument

    @Argument(help: WhoArgument.help)
    var b: WhoArgument

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws { try Assertion.say("link", a, b, state, format) }
}

struct UnlinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlink",
        abstract: "Says that two identifiers are not one person.",
        discussion: """
            Takes back a `link` of the two. Where there was none, it overrides what the logs say: the \
            cookie, else the email address, else the larger of the two values goes its own way, until \
            `link` takes that back. Takes root or the user of the service.

            Examples:
              leadscore unlink cookie:f81d4fae email:ann@example.com
            """)

    @Argument(help: WhoArgument.help)
    var a: WhoArgument

    @Argument(help: WhoArgument.help)
    var b: WhoArgument

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws { try Assertion.say("unlink", a, b, state, format) }
}

/// What both commands have in common.
enum Assertion {
    static func say(
        _ command: String, _ a: WhoArgument, _ b: WhoArgument, _ state: StateOptions,
        _ format: FormatOptions
    ) throws {
        let answer = try state.ask(command, ["a": a.text, "b": b.text, "actor": actor])
        if format.json { return try Output.write(answer.document) }
        let isOne = answer["one_person"].bool == true
        var text = "\(answer["a"].text ?? a.text) and \(answer["b"].text ?? b.text) are "
        text +=
            isOne
            ? "one person, contact \(answer["contact_a"].int ?? 0)"
            : "contacts \(answer["contact_a"].int ?? 0) and \(answer["contact_b"].int ?? 0)"
        if answer["revoked"].bool == true {
            text += command == "link" ? "; an unlink was taken back" : "; a link was taken back"
        }
        try Output.write(text.harmless + "\n")
        if isOne != (command == "link") {
            Output.talk(
                isOne
                    ? "note: their events say so; say it again to override them"
                    : "note: other assertions keep them apart")
        }
    }

    /// Who says so: the user behind sudo, else the user.
    private static var actor: String {
        for name in ["SUDO_USER", "USER", "LOGNAME"] {
            // SAFETY: the environment is not changed by this program.
            if let value = unsafe getenv(name) { return unsafe String(cString: value) }
        }
        return "uid \(getuid())"
    }
}
