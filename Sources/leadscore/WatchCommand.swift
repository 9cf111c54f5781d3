internal import ArgumentParser
internal import Glibc
internal import Store

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follows who enters and leaves segments.",
        discussion: """
            One JSON object on each line, in the order in which it was noticed. Each has a number, `seq`: \
            remember the last one that you dealt with and go on with --since, and nothing is lost or \
            comes twice, whatever stops in between. Without --since it begins with what comes next.

            enter, leave: the contact is, or is no longer, in the segment. merge: the contact is part of \
            other_contact_id from now on, which takes over its place in the segment. split: the contact \
            is a person of its own again, in no segment yet.

            Examples:
              leadscore watch --since 0
              leadscore watch --segment hot --since "$(cat last)" | ./to-the-crm
            """)

    @Option(help: ArgumentHelp("Only changes of this segment.", valueName: "segment"))
    var segment: String?

    @Option(
        help: ArgumentHelp("Begin behind the change of this number; 0 for all.", valueName: "seq"))
    var since: Int64?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    /// Changes read at a time.
    private static let batch = 1000
    /// Between two looks at the file.
    private static let pauseMicroseconds: UInt32 = 200_000

    func validate() throws {
        if let since, since < 0 { throw ValidationError("--since takes a number from 0 up") }
    }

    func run() throws {
        var (last, state) = try LeadsReader.read(path: database.path) { leads in
            try leads.require(segment: segment)
            let range = try leads.changeRange()
            if let since, let range, since + 1 < range.lowerBound {
                Output.talk(
                    "note: changes up to \(range.lowerBound - 1) are older than the retention, "
                        + "and gone")
            }
            return (since ?? range?.upperBound ?? 0, try leads.meta("state"))
        }
        while true {
            // While a new file takes the place of another there is none, or it is locked.
            let found = try Self.unlessAway {
                try LeadsReader.read(path: database.path) { leads in
                    try Self.expect(state, try leads.meta("state"), database.path)
                    return try leads.changes(after: last, segment: segment, limit: Self.batch)
                }
            }
            for change in found { try Output.write(Self.json(change).line + "\n") }
            last = found.last?.sequence ?? last
            if found.count < Self.batch { usleep(Self.pauseMicroseconds) }
        }
    }

    private static func unlessAway(_ body: () throws -> [ChangeRow]) throws -> [ChangeRow] {
        do { return try body() } catch let error as LeadsError {
            switch error {
            case .missing, .empty, .busy, .companionMissing: return []
            default: throw error
            }
        }
    }

    /// Numbers mean something within one state only.
    private static func expect(_ before: String?, _ now: String?, _ path: String) throws {
        guard let before, let now, before != now else { return }
        throw Failure(
            .damaged, "\(path) belongs to another state now, with other numbers",
            "begin anew with --since 0")
    }

    private static func json(_ change: ChangeRow) -> JSONValue {
        .object([
            "seq": .integer(change.sequence), "at": .string(change.at),
            "segment": .optional(change.segment), "contact_id": .integer(change.contactID),
            "change": .string(change.change),
            "other_contact_id": change.otherContactID.map(JSONValue.integer) ?? .null,
            "email": .optional(change.email), "customer_id": .optional(change.customerID),
        ])
    }
}
