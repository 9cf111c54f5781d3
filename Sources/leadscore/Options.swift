internal import ArgumentParser
internal import Core
internal import Glibc
internal import Store

/// Where the database is that a command reads.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The state directory of leadscored. (default: \(StateOptions.standard))",
            valueName: "dir"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "A leads.db to read instead of the one in the state directory.", valueName: "file"))
    var db: String?

    func validate() throws {
        if state != nil, db != nil {
            throw ValidationError("--state and --db name the same thing; give one of them")
        }
    }

    /// The file to read.
    var path: String {
        db ?? StateOptions.trimmed(state ?? StateOptions.standard) + "/published/leads.db"
    }
}

/// Where the state is that a command asks about.
struct StateOptions: ParsableArguments {
    static let standard = "/var/lib/leadscored"

    @Option(help: ArgumentHelp("The state directory of leadscored.", valueName: "dir"))
    var state = standard

    @Option(
        help: ArgumentHelp(
            "The configuration; read only where no daemon runs and scores have to be derived.",
            valueName: "file"))
    var config = "/etc/leadscored/leadscored.yaml"

    /// Whether there is a state, as far as this user can tell.
    var exists: Bool {
        // SAFETY: access reads the path and keeps nothing.
        unsafe access(directory + "/state.db", F_OK) == 0
    }

    /// Without slashes at its end.
    var directory: String { StateOptions.trimmed(state) }

    static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

/// How a command says what it found.
struct FormatOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}

/// A day as an argument.
struct DayArgument: ExpressibleByArgument {
    var day: Day

    init?(argument: String) {
        guard let day = Day(argument) else { return nil }
        self.day = day
    }

    /// What has to be said about scores of this day; nil if they are exact.
    func note(in leads: LeadsReader) throws -> String? {
        try leads.isExact(on: day)
            ? nil
            : "note: what \(day) rests on is partly older than the retention; "
                + "scores may be up to 1 % off, and more where signals do not fade"
    }
}

/// Somebody as an argument.
struct WhoArgument: ExpressibleByArgument {
    var who: Who
    var text: String

    static let words = "email:, customer:, cookie: or contact: and a value, or a value alone."
    static let help = ArgumentHelp("\(words)", valueName: "who")

    init?(argument: String) {
        guard let who = Who(argument) else { return nil }
        self.who = who
        text = argument
    }

    /// The contact that is meant.
    ///
    /// - Throws: a `Failure`: nobody 1, several 64.
    func find(in leads: LeadsReader) throws -> LeadRow {
        switch try leads.find(who) {
        case .contact(let lead): return lead
        case .nobody: throw try nobody(in: leads)
        case .unpublished(let identifiers):
            throw Failure(
                .notFound, "\(text) is known, but is no lead yet",
                details: identifiers.map(Self.describe),
                "a cookie becomes one when it was active on 2 days or has a fifth of mql")
        case .several(let identifiers):
            throw Failure(
                .usage, "\(text) may be any of these:", details: identifiers.map(Self.describe),
                "say which one, with its prefix")
        }
    }

    private func nobody(in leads: LeadsReader) throws -> Failure {
        if case .any = who, let number = Int64(text), try leads.lead(number) != nil {
            return Failure(
                .notFound, "nobody goes by \(text)",
                "for the contact of this number write contact:\(text)")
        }
        return Failure(
            .notFound, "nobody goes by \(text)",
            "see that it is written in full; `leadscore status` shows how far the logs are read")
    }

    private static func describe(_ row: IdentifierRow) -> String {
        let prefix = row.kind == "customer_id" ? "customer" : row.kind
        return "\(prefix):\(row.value)  (contact:\(row.contactID))"
    }
}
