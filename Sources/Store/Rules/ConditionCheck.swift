import GRDBSQLite

/// What is wrong with a condition.
public struct ConditionFault: Error, Equatable, Sendable {
    /// Where in the condition, in bytes of UTF-8 from its beginning.
    public var offset: Int
    /// What is wrong.
    public var what: String
    /// What to write instead.
    public var remedy: String
}

/// Judges conditions of one step, each compiled alone, so that none can close a bracket or lean on
/// another one.
///
/// A condition has to be an expression in brackets and without them, and fit for a generated column,
/// where SQLite allows neither subquery, window, aggregate nor anything that is not determined by the
/// row. Then it is tried out on two contacts, of which one is a stranger.
public final class ConditionCheck {
    private let step: RuleStep
    private let database: RuleDatabase
    private let columns: String
    private let known: [LeadColumn]

    /// For trying a condition out on two contacts; what is sound takes microseconds.
    private static let trialMilliseconds: UInt64 = 200

    /// Judges conditions of a step.
    public init(_ step: RuleStep) throws(StoreError) {
        self.step = step
        database = try RuleDatabase()
        known = LeadColumn.allCases.filter { $0.isKnown(before: step) }
        columns = known.map { "\($0.rawValue) \($0.type)" }.joined(separator: ", ")
        try database.execute("CREATE TABLE leads(\(columns))")
    }

    /// What a condition needs.
    struct Needs {
        /// The columns that it reads.
        var columns: Set<LeadColumn>
        /// Whether it calls a function of time, which is the same tomorrow only as long as nobody hands
        /// it the text 'now'.
        var asksForTime: Bool
    }

    /// The columns that a condition reads.
    ///
    /// - Throws: `ConditionFault`.
    public func columns(of sql: String) throws(ConditionFault) -> Set<LeadColumn> {
        try needs(of: sql).columns
    }

    /// Judges a condition.
    ///
    /// - Throws: `ConditionFault`.
    func needs(of sql: String) throws(ConditionFault) -> Needs {
        defer { database.fence.open() }
        try compile(sql, before: "SELECT 1 FROM leads WHERE\n", after: "\n")
        try compile(sql, before: "SELECT 1 FROM leads WHERE (\n", after: "\n)")
        let needs = Needs(
            columns: Set(database.fence.columns.compactMap(LeadColumn.init(rawValue:))),
            asksForTime: database.fence.asksForTime)
        database.fence.open()
        try tryOut(sql)
        return needs
    }

    private func compile(
        _ sql: String, before: String, after: String
    ) throws(ConditionFault) {
        database.fence.close()
        do throws(StoreError) {
            _ = try database.prepare(before + sql + after)
        } catch {
            throw fault(error, in: sql, from: before.utf8.count)
        }
    }

    private func tryOut(_ sql: String) throws(ConditionFault) {
        let before = "CREATE TEMP TABLE leads(\(columns), \"?\" AS (\n"
        let samples = known.map(\.sample).joined(separator: ", ")
        do throws(StoreError) {
            try database.execute("DROP TABLE IF EXISTS temp.leads")
            try database.execute(before + sql + "\n) STORED)")
        } catch {
            throw fault(error, in: sql, from: before.utf8.count)
        }
        defer { try? database.execute("DROP TABLE temp.leads") }
        database.fence.limit(milliseconds: Self.trialMilliseconds)
        defer { database.fence.limit(milliseconds: nil) }
        do throws(StoreError) {
            try database.execute("INSERT INTO temp.leads VALUES (\(samples))")
            try database.execute("INSERT INTO temp.leads(contact_id) VALUES (2)")
        } catch {
            throw fault(error, in: sql, from: Int.max)
        }
    }

    private func fault(
        _ error: StoreError, in sql: String, from start: Int
    ) -> ConditionFault {
        // A byte behind the end is the closing bracket's: something is missing at the end.
        let found = database.errorOffset.map { $0 - start } ?? 0
        let offset = min(max(found, 0), sql.utf8.count)
        if let refusal = database.fence.refusal {
            return ConditionFault(
                offset: offset, what: "a condition cannot use \(refusal)",
                remedy: "write one expression over the columns of leads")
        }
        guard case .sqlite(_, let code, let message, _) = error else {
            return ConditionFault(
                offset: 0, what: "\(error)", remedy: "write another condition")
        }
        let (what, remedy) = Self.words(code, message, step)
        return ConditionFault(
            offset: offset, what: Self.oneLine(what), remedy: Self.oneLine(remedy))
    }

    private static func words(
        _ code: Int32, _ message: String, _ step: RuleStep
    ) -> (what: String, remedy: String) {
        let expression = "write one expression that is true or false, such as purchases > 0"
        if code & 0xFF == SQLITE_INTERRUPT {
            return ("the condition takes too long", "write a simpler one")
        }
        if let name = text(in: message, after: "no such column: ") {
            guard let column = LeadColumn(rawValue: name.lowercased()) else {
                return (
                    "there is no column '\(name)'",
                    "write a column of leads; text stands in single quotes, traits are "
                        + "traits->>'\(name)'"
                )
            }
            let later = column.computedBy.map(\.noun) ?? ""
            return (
                "'\(column.rawValue)' is not known yet when \(step.noun) are evaluated",
                "read what is known before: \(later) come "
                    + (column.computedBy == step ? "one by one" : "later")
            )
        }
        if message.hasPrefix("non-deterministic use of") {
            return ("the condition asks for the current time", "write as_of_day instead of 'now'")
        }
        return ("the condition is no SQL that can be used here: \(message)", expression)
    }

    /// Names in quotes may hold anything.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(300).map {
                    $0.properties.generalCategory == .control || $0.value == 0x2028
                        || $0.value == 0x2029 ? " " : $0
                }))
    }

    private static func text(in message: String, after prefix: String) -> String? {
        message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : nil
    }
}
