import Core
internal import GRDB

/// The model of scoring as `leads.db` states it, so that a score can be recomputed from the file
/// alone.
struct LeadsModel {
    let scoring: ScoringModel
    /// The line of `hot_until` and the bands; nil if the file does not state it.
    let mql: Double?
    let names: [SignalID: String]
    /// The signals that the model scores, in order.
    let signalNumbers: [SignalID]

    /// Reads it.
    ///
    /// - Throws: `LeadsError` if a value cannot be.
    init(_ leads: LeadsReader) throws {
        mql = try leads.meta("mql").flatMap(Double.init)
        let sql = """
            SELECT n.signal_id, n.name, s.weight, s.half_life, s.daily_cap, s.cap
            FROM signal_name n LEFT JOIN signals s ON s.name = n.name ORDER BY n.signal_id
            """
        var names: [SignalID: String] = [:]
        var signals: [SignalID: ScoredSignal] = [:]
        let rows = try Row.fetchCursor(leads.db, sql: sql)
        while let row = try rows.next() {
            guard let id = SignalID(exactly: row[0] as Int64) else {
                throw LeadsError.damaged(path: leads.path, detail: "a signal's number is too large")
            }
            names[id] = row[1]
            guard let weight: Double = row[2] else { continue }
            let halfLife: Double? = row[3]
            if let halfLife, !(halfLife > 0) {
                throw LeadsError.damaged(path: leads.path, detail: "a half-life is not positive")
            }
            signals[id] = ScoredSignal(
                weight: weight, halfLife: halfLife.map(HalfLife.days) ?? .none, dailyCap: row[4],
                cap: row[5])
        }
        self.names = names
        signalNumbers = signals.keys.sorted()
        // Without the line nobody is hot: no score reaches the end of the scale.
        scoring = ScoringModel(signals: signals, mql: mql ?? 1e12, purchase: nil)
    }

    /// The name of a signal; of one that the file does not name, its number.
    func name(_ signal: SignalID) -> String { names[signal] ?? "signal \(signal)" }

    /// A row with the columns that follow from the activity as they were on a day.
    func rescored(_ lead: LeadRow, _ history: History, on day: Day) -> LeadRow {
        let engagement = Engagement(of: history, on: day, under: scoring)
        var lead = lead
        lead[.engagement] = points(engagement.engagement)
        lead[.score] = points(
            Explanation.score(engagement: engagement.engagement, fit: lead.number(.fit)))
        lead[.delta30] = points(engagement.delta30)
        lead[.delta60] = points(engagement.delta60)
        lead[.peak30] = points(engagement.peak30)
        lead[.hotUntil] = text(engagement.hotUntil)
        lead[.lastActivityDay] = text(engagement.lastActivity)
        lead[.band] = band(lead.text(.grade), engagement.engagement)
        lead[.points] = .object(pointsObject(engagement))
        lead[.asOfDay] = .text(day.description)
        return lead
    }

    /// Grade and engagement level: 1 from `mql` up, 2 from half of it, 3 from a fifth, 4 below.
    private func band(_ grade: String?, _ engagement: Micropoints) -> LeadValue {
        guard let grade, let mql else { return .null }
        let line = micropoints(mql)
        let level =
            engagement >= line ? 1 : engagement * 2 >= line ? 2 : engagement * 5 >= line ? 3 : 4
        return .text("\(grade)\(level)")
    }

    /// Names are [a-z0-9_] by the rules of the configuration, but this file may be anybody's.
    private func pointsObject(_ engagement: Engagement) -> String {
        let members = engagement.points.map { item in
            let name = name(item.signal).unicodeScalars.map { scalar in
                scalar == "\"" || scalar == "\\" || scalar.value < 0x20
                    ? "?" : String(Character(scalar))
            }
            return "\"\(name.joined())\":\(Double(item.points) / 1_000_000)"
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private func points(_ value: Micropoints) -> LeadValue { .real(Double(value) / 1_000_000) }

    private func text(_ day: Day?) -> LeadValue { day.map { .text($0.description) } ?? .null }
}
