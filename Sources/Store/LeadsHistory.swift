public import Core
internal import GRDB

/// Why a contact has its score on a day, and what becomes of it if nothing more happens.
public struct LeadExplanation: Sendable {
    /// The contact's row, as it is today.
    public var lead: LeadRow
    /// The day of the score.
    public var day: Day
    /// The rows that add up to the score.
    public var explanation: Explanation
    /// Engagement on the day itself and on some days after it.
    public var outlook: [Outlook]
    /// The last day on which engagement reaches `mql`; nil if it is below, never falls, or `mql` is
    /// not known.
    public var hotUntil: Day?
    /// The line of `hotUntil`.
    public var mql: Double?
    /// What machines did in the contact's name, which gave no points.
    public var setAside: SetAside

    /// What was counted apart, of all time.
    public struct SetAside: Sendable {
        /// The signals that it would have counted for, had a person done it, by falling number.
        public var signals: [(name: String, n: Int64)]
        /// The rules that said so, by falling number; they also said it of what signals for machines
        /// took.
        public var rules: [(name: String, n: Int64)]
    }
    /// What rose and fell since `movementDays` before.
    public var movement: Movement
    /// What is missing to the line, and how to make up for it; nil if the line is not known.
    public var shortfall: Shortfall?
    /// The names of signals by number.
    public var names: [SignalID: String]

    /// Engagement if nothing more happens.
    public struct Outlook: Sendable {
        /// How many days later.
        public var days: Int
        /// In millionths of a point.
        public var engagement: Micropoints
    }
}

extension LeadsReader {
    /// The days after the explained one for which engagement is foretold.
    static let outlookDays = [0, 7, 30]
    /// The days before the explained one since which is told what rose and fell.
    public static let movementDays = 30

    /// The day that the scores in `leads` are of.
    public func asOfDay() throws -> Day {
        guard let day = try meta("as_of_day").flatMap(Day.init) else {
            throw LeadsError.damaged(path: path, detail: "meta.as_of_day is no day")
        }
        return day
    }

    /// Explains a contact's score by its activity and the model that the file holds.
    ///
    /// - Throws: `LeadsError` if cells cannot be read.
    public func explain(_ lead: LeadRow, on day: Day) throws -> LeadExplanation {
        let model = try LeadsModel(self)
        let history = try history(of: lead.contactID, on: day)
        let today = Engagement(of: history, on: day, under: model.scoring)
        return LeadExplanation(
            lead: lead, day: day,
            explanation: Explanation(
                of: history, on: day, under: model.scoring, fit: lead.number(.fit),
                name: model.name),
            outlook: Self.outlookDays.map {
                let level = Engagement(of: history, on: day.adding($0), under: model.scoring)
                return .init(days: $0, engagement: level.engagement)
            },
            hotUntil: today.hotUntil, mql: model.mql, setAside: try setAside(lead.contactID),
            movement: Movement(
                of: history, on: day, since: Self.movementDays, under: model.scoring),
            shortfall: model.mql == nil
                ? nil
                : Shortfall(
                    of: history, on: day, signals: model.signalNumbers, under: model.scoring),
            names: model.names)
    }

    private func setAside(_ contact: Int64) throws -> LeadExplanation.SetAside {
        let forMachines = try meta("machine_signals")?.split(separator: " ").map(String.init) ?? []
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT c.key, c.value FROM leads l, json_each(l.counts) c
                WHERE l.contact_id = ? AND c.type = 'integer' AND c.value <> 0
                ORDER BY c.value DESC, c.key
                """, arguments: [contact])
        var found = LeadExplanation.SetAside(signals: [], rules: [])
        for row in rows {
            let (key, n): (String, Int64) = (row[0], row[1])
            if key.hasSuffix(":machine") {
                found.signals.append((String(key.dropLast(8)), n))
            } else if forMachines.contains(key) {
                found.signals.append((key, n))
            } else if key.hasPrefix("machine:") {
                found.rules.append((String(key.dropFirst(8)), n))
            }
        }
        return found
    }

    /// The contacts with the highest scores as of a day, with the columns that follow from it.
    ///
    /// Identity, fit, stage and what was bought are today's.
    ///
    /// - Complexity: O(cells log cells): every contact's activity is read.
    public func top(_ count: Int, segment: String? = nil, asOf day: Day) throws -> [LeadRow] {
        let model = try LeadsModel(self)
        return try ranking(segment: segment, on: day, model).prefix(count).compactMap { id in
            guard let lead = try lead(id) else { return nil }
            return model.rescored(lead, try history(of: id, on: day), on: day)
        }
    }

    /// The numbers of all contacts by score on a day.
    private func ranking(segment: String?, on day: Day, _ model: LeadsModel) throws -> [Int64] {
        let member =
            segment == nil
            ? "1" : "l.contact_id IN (SELECT contact_id FROM segment_members WHERE segment = ?)"
        let scope: StatementArguments = segment.map { [$0] } ?? []
        let fits = try Row.fetchCursor(
            db, sql: "SELECT l.contact_id, l.fit FROM leads l WHERE \(member) ORDER BY 1",
            arguments: scope)
        let cells = try Row.fetchCursor(
            db,
            sql: """
                SELECT key >> 16, key & 65535, cells FROM cell_period
                WHERE key & 65535 <= ? ORDER BY key
                """,
            arguments: [Int64(max(0, CellCodec.period(of: day)))])
        var ranks: [(id: Int64, score: Micropoints)] = []
        var history = History()
        var pending = try cells.next()
        while let row = try fits.next() {
            let id: Int64 = row[0]
            var found: [DailyCell] = []
            while let cell = pending {
                let owner: Int64 = cell[0]
                guard owner <= id else { break }
                if owner == id { try append(cell, to: &found) }
                pending = try cells.next()
            }
            history.replace { $0 += found }
            let level = Engagement(of: history, on: day, under: model.scoring).engagement
            ranks.append((id, Explanation.score(engagement: level, fit: row[1])))
        }
        return ranks.sorted { $0.score == $1.score ? $0.id < $1.id : $0.score > $1.score }.map(\.id)
    }

    /// A contact's row with what follows from its activity as of a day.
    public func lead(_ lead: LeadRow, asOf day: Day) throws -> LeadRow {
        try LeadsModel(self).rescored(lead, try history(of: lead.contactID, on: day), on: day)
    }

    /// Whether everything that scores of a day rest on is still kept apart: 6.7 half-lives before
    /// it, after which less than 1 % is left. True where the file does not state its retention.
    public func isExact(on day: Day) throws -> Bool {
        guard let retention = try meta("retention_days").flatMap(Int.init) else { return true }
        let longest = try Double.fetchOne(
            db, sql: "SELECT max(half_life) FROM signals WHERE weight <> 0")
        guard let longest else { return true }
        let first = day.adding(-Int(min(longest * 6.7, 1e6)))
        return first >= (try asOfDay()).adding(-retention)
    }

    /// The activity of a contact, under all of its names, as far as a day may know of it: events
    /// can be dated ahead, but what followed on a day in the past is not what was expected then.
    private func history(of contactID: Int64, on day: Day) throws -> History {
        let known = try cells(of: contactID)
        return History(day < (try asOfDay()) ? known.filter { $0.day <= day } : known)
    }

    private func cells(of contactID: Int64) throws -> [DailyCell] {
        let sql = """
            SELECT key >> 16, key & 65535, cells FROM cell_period
            WHERE key BETWEEN ?1 << 16 AND ?1 << 16 | 65535
            """
        let rows = try Row.fetchCursor(db, sql: sql, arguments: [contactID])
        var cells: [DailyCell] = []
        while let row = try rows.next() { try append(row, to: &cells) }
        return cells
    }

    /// Appends the cells of a row (contact, period, cells).
    private func append(_ row: Row, to cells: inout [DailyCell]) throws {
        // A damaged file may hold anything here.
        let text = String.fromDatabaseValue(row[2])
        let period: Int32 = row[1]
        guard let text, CellText.parse(text, period: period, into: &cells) else {
            let contact: Int64 = row[0]
            throw LeadsError.damaged(
                path: path, detail: "the activity of contact \(contact) is not readable")
        }
    }
}
