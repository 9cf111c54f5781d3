internal import ArgumentParser
internal import Core
internal import Store

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows where a contact's score comes from.",
        discussion: """
            The rows add up to the score exactly: what each signal gives today, what its caps take \
            away, what keeps the sum from falling below 0 (floor), and what fit adds. Then what rose and \
            fell since 30 days before, by new activity and by decay, and what is missing to mql.

            Examples:
              leadscore explain ann@example.com
              leadscore explain customer:4711 --as-of 2026-08-31
              leadscore explain cookie:f81d4fae --json
            """)

    @Argument(help: WhoArgument.help)
    var who: WhoArgument

    @Option(
        help: ArgumentHelp(
            "The score as it was, or will be, on this day (YYYY-MM-DD); identity and fit are today's.",
            valueName: "day"))
    var asOf: DayArgument?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let (found, note) = try LeadsReader.read(path: database.path) { leads in
            let lead = try who.find(in: leads)
            let day = try asOf?.day ?? leads.asOfDay()
            let found = try leads.explain(lead, on: day)
            return (found, try asOf.map { try $0.note(in: leads) } ?? Self.lag(found, in: leads))
        }
        if let note { Output.talk(note) }
        try Output.write(format.json ? json(found).document : ExplainSheet.text(found))
    }

    /// Says so if activity has not caught up with the scores, which it follows in the background.
    private static func lag(_ found: LeadExplanation, in leads: LeadsReader) throws -> String? {
        let published = micropoints(found.lead.number(.score) ?? 0)
        guard published != found.explanation.score else { return nil }
        let known = try leads.meta("activity_seq") ?? "0"
        let wanted = try leads.meta("seq") ?? "0"
        let reason =
            known == wanted
            ? "its activity does not come to that: run `leadscore verify`"
            : "activity is known up to checkpoint \(known) of \(wanted): try again in a moment"
        return "note: the published score is \(Numbers.exact(published)); " + reason.harmless
    }

    private func json(_ found: LeadExplanation) -> JSONValue {
        let rows = found.explanation.rows.map { row in
            JSONValue.object([
                "kind": .string(row.kind.rawValue), "name": .string(row.name),
                "points": .number(Numbers.exact(row.points)),
            ])
        }
        return .object(
            [
                .init(key: "contact_id", value: .integer(found.lead.contactID)),
                .init(key: "as_of_day", value: .string(found.day.description)),
                .init(key: "score", value: .number(Numbers.exact(found.explanation.score))),
                .init(key: "rows", value: .array(rows)),
                .init(key: "changes", value: .array(changes(found))),
                .init(key: "to_mql", value: found.shortfall.map { toMQL($0, found) } ?? .null),
            ] + counts("set_aside", found.setAside.signals) + counts("rules", found.setAside.rules))
    }

    private func counts(_ key: String, _ counts: [(name: String, n: Int64)]) -> [JSONValue.Member] {
        counts.isEmpty ? [] : [.init(key: key, value: list(counts))]
    }

    private func list(_ counts: [(name: String, n: Int64)]) -> JSONValue {
        .array(counts.map { .object(["name": .string($0.name), "n": .integer($0.n)]) })
    }

    /// What rose and fell; all of it adds up to the change of engagement.
    private func changes(_ found: LeadExplanation) -> [JSONValue] {
        func change(_ kind: String, _ name: String, _ points: Micropoints) -> JSONValue? {
            guard points != 0 else { return nil }
            return .object([
                "kind": .string(kind), "name": .string(name),
                "points": .number(Numbers.exact(points)),
            ])
        }
        let rows = found.movement.rows.flatMap { row in
            let name = found.names[row.signal] ?? "signal \(row.signal)"
            return [
                change("new_activity", name, row.activity), change("decay", name, row.decay),
            ]
        }
        return (rows + [change("floor", "floor", found.movement.floor)]).compactMap { $0 }
    }

    private func toMQL(_ shortfall: Shortfall, _ found: LeadExplanation) -> JSONValue {
        .object([
            "missing": .number(Numbers.exact(shortfall.missing)),
            "ways": .array(
                shortfall.ways.map { way in
                    .object([
                        "signal": .string(found.names[way.signal] ?? "signal \(way.signal)"),
                        "events": .integer(way.events),
                    ])
                }),
        ])
    }
}
