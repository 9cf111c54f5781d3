import CLinux
import Core
import Glibc

/// Conditions of one step, evaluated for a batch of contacts: a table `leads` in memory that holds the
/// columns which some condition reads, and one SELECT whose columns are the conditions.
///
/// A condition that calls a function of time is a generated column, `STORED`, because SQLite then sees to
/// it that it depends on nothing but the row; the INSERT evaluates it. A contact for which some condition
/// fails is looked at condition by condition. Invariant: between two evaluations the table is empty.
///
/// Where all conditions are plain ones, contacts for whom they can be told without SQLite are not in it.
final class RuleTable {
    /// What came of a condition for a contact.
    enum Verdict: UInt8 {
        case fails
        case holds
        /// It could not be evaluated: an overflow, JSON that is none, or it took too long.
        case unknown
    }

    /// A condition that was judged to be sound.
    struct Condition {
        var sql: String
        /// Whether it calls a function of time.
        var asksForTime = false
    }

    private let database: RuleDatabase
    private let conditions: [Condition]
    private let columns: [LeadColumn]
    private let beforeFit: Bool
    /// All conditions, if they are plain ones.
    private let program: ConditionProgram?
    private var days: ConditionProgram.DayValues?
    private var table: (insert: Statement, select: Statement)
    /// For each condition a table of its own, made when it is first needed.
    private var single: [Int: RuleTable] = [:]
    /// Conditions that took too long, and are not evaluated any more.
    private var disabled: Set<Int> = []
    private var leftOut = 0
    /// What went wrong with a condition, the first time that something did.
    private(set) var faults: [Int: String] = [:]

    /// More conditions than this go into several tables: SQLite has room for 2,000 columns.
    static let largest = 400
    /// For one contact; what is sound takes microseconds.
    private static let longestNanoseconds: UInt64 = 200_000_000

    /// A table for conditions.
    ///
    /// - Parameters:
    ///   - beforeFit: Whether attributes past their shelf life are left out.
    ///   - asksAlways: Whether SQLite is asked also where that is not necessary.
    init(
        _ conditions: [Condition], reading columns: [LeadColumn], beforeFit: Bool,
        asksAlways: Bool = false
    ) throws(StoreError) {
        precondition(conditions.count <= Self.largest)
        self.beforeFit = beforeFit
        self.conditions = conditions
        let key = LeadColumn.contactID
        self.columns = [key] + columns.filter { $0 != key }
        database = try RuleDatabase()
        program =
            asksAlways
            ? nil
            : conditions.reduce(Optional(ConditionProgram())) { program, condition in
                program.flatMap { ConditionParser.add(condition.sql, to: $0) }
            }
        table = try Self.table(conditions, self.columns, database)
    }

    private static func table(
        _ conditions: [Condition], _ columns: [LeadColumn], _ database: RuleDatabase
    ) throws(StoreError) -> (insert: Statement, select: Statement) {
        var parts = columns.map { "\($0.rawValue) \($0.type)" }
        var answers: [String] = []
        for (number, condition) in conditions.enumerated() {
            let expression = "(\n\(condition.sql)\n)"
            if condition.asksForTime { parts.append("\"?\(number)\" AS \(expression) STORED") }
            answers.append(condition.asksForTime ? "\"?\(number)\"" : expression)
        }
        try database.execute("CREATE TABLE leads(\(parts.joined(separator: ", ")))")
        let names = columns.map(\.rawValue).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        return (
            try database.prepare("INSERT INTO leads(\(names)) VALUES (\(marks))"),
            try database.prepare(
                """
                SELECT \(answers.joined(separator: ", ")) FROM leads
                WHERE contact_id >= ? ORDER BY contact_id
                """)
        )
    }

    /// The verdicts of all conditions for contacts, contact by contact.
    ///
    /// - Parameter order: Which contacts, in ascending order of their numbers.
    /// - Complexity: O(contacts * conditions).
    func evaluate(
        _ contacts: [PublishedContact], order: [Int], text: ByteSlice
    ) throws(StoreError) -> [Verdict] {
        var batch = Batch(
            contacts: contacts, order: order, text: text,
            verdicts: Array(repeating: .unknown, count: order.count * conditions.count))
        var rows = try answerPlainly(&batch)
        if rows.isEmpty { return batch.verdicts }
        while true {
            if leftOut != disabled.count { try leaveOutDisabled() }
            let answer = try answer(rows, &batch)
            for row in answer.failed { try askSingly(row, &batch) }
            guard answer.isCutShort else { return batch.verdicts }
            // What took too long is left out from here on.
            rows.removeAll(where: answer.failed.contains)
        }
    }

    /// Contacts, and what is found out about them.
    private struct Batch {
        let contacts: [PublishedContact]
        let order: [Int]
        let text: ByteSlice
        var verdicts: [Verdict]

        func contact(_ row: Int) -> PublishedContact { contacts[order[row]] }
    }

    /// Answers what can be told without SQLite.
    ///
    /// - Returns: the rows for which it has to be asked.
    private func answerPlainly(_ batch: inout Batch) throws(StoreError) -> [Int] {
        guard let program, let first = batch.order.first else { return Array(batch.order.indices) }
        func day(_ place: Int) -> ByteSlice? {
            let piece = batch.contacts[place].day
            guard piece.start >= 0 else { return nil }
            return batch.text[Int(piece.start)..<Int(piece.start + piece.count)]
        }
        if days?.areOf(day(first)) != true {
            days = try program.values(for: day(first), in: database)
        }
        guard let days else { return Array(batch.order.indices) }
        var rest: [Int] = []
        var verdicts = batch.verdicts
        program.evaluate(
            batch.contacts, order: batch.order, in: batch.text, beforeFit: beforeFit, on: days
        ) { row, values in
            let start = row * conditions.count
            var isKnown = program.timeFunctions.isEmpty || days.areOf(day(batch.order[row]))
            for (condition, root) in program.roots.enumerated() {
                switch values[root].truth {
                case .holds: verdicts[start + condition] = .holds
                case .fails, .null: verdicts[start + condition] = .fails
                case .unknown: isKnown = false
                }
            }
            if !isKnown { rest.append(row) }
            for condition in disabled { verdicts[start + condition] = .unknown }
        }
        batch.verdicts = verdicts
        return rest
    }

    /// Evaluates everything for some rows of a batch.
    ///
    /// - Returns: the rows for which some condition failed, or took so long that the evaluation was cut
    ///   short there.
    private func answer(
        _ rows: [Int], _ batch: inout Batch
    ) throws(StoreError) -> (failed: [Int], isCutShort: Bool) {
        try database.execute("BEGIN")
        defer { try? database.execute("DELETE FROM leads; COMMIT") }
        var failed: [Int] = []
        var inserted: [Int] = []
        for row in rows {
            let outcome = inTime { () throws(StoreError) in
                try insert(batch.contact(row), batch.text)
            }
            if outcome == .done { inserted.append(row) } else { failed.append(row) }
            if outcome == .late { return (failed, true) }
        }
        var next = 0
        while next < inserted.count {
            table.select.bind(1, batch.contact(inserted[next]).contact)
            var outcome = Outcome.done
            while next < inserted.count, outcome == .done {
                outcome = inTime { () throws(StoreError) in try read(inserted[next], &batch) }
                if outcome != .done { failed.append(inserted[next]) }
                next += 1
            }
            table.select.reset()
            if outcome == .late { return (failed, true) }
        }
        return (failed, false)
    }

    private enum Outcome {
        case done
        case failed
        case late
    }

    /// Does something for one contact, and takes note of what goes wrong if only one condition is asked.
    ///
    /// SQLite cannot be interrupted in the middle of an expression, so whoever took too long is found out
    /// afterwards: among all conditions by the time that passed, one alone by the time that it ran, so
    /// that on a busy machine it does not pay for others.
    private func inTime(_ body: () throws(StoreError) -> Void) -> Outcome {
        let clock = conditions.count == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC
        let start = Self.now(clock)
        do throws(StoreError) { try body() } catch {
            if conditions.count == 1, faults[0] == nil { faults[0] = error.reason }
            return .failed
        }
        guard Self.now(clock) - start > Self.longestNanoseconds else { return .done }
        if conditions.count == 1 {
            faults[0] = "it takes too long"
            disabled.insert(0)
        }
        return .late
    }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func insert(_ contact: PublishedContact, _ text: ByteSlice) throws(StoreError) {
        for (index, column) in columns.enumerated() {
            bind(column, of: contact, text, table.insert, Int32(index + 1))
        }
        try table.insert.run()
    }

    /// Reads the answers of the next contact, which evaluates the conditions.
    private func read(_ row: Int, _ batch: inout Batch) throws(StoreError) {
        guard try table.select.step() else { preconditionFailure("a row of the rules is missing") }
        let start = row * conditions.count
        for condition in conditions.indices {
            // Null does not hold.
            let holds = table.select.double(Int32(condition)) != 0
            batch.verdicts[start + condition] = holds ? .holds : .fails
        }
        for condition in disabled { batch.verdicts[start + condition] = .unknown }
    }

    /// Asks each condition for one contact, so that one which cannot be evaluated spoils nothing else.
    private func askSingly(_ row: Int, _ batch: inout Batch) throws(StoreError) {
        for condition in conditions.indices {
            let place = row * conditions.count + condition
            batch.verdicts[place] = .unknown
            guard conditions.count > 1, !disabled.contains(condition) else { continue }
            let table = try single(condition)
            batch.verdicts[place] = try table.evaluate(
                batch.contacts, order: [batch.order[row]], text: batch.text)[0]
            if faults[condition] == nil { faults[condition] = table.faults[0] }
            if table.disabled.contains(0) { disabled.insert(condition) }
        }
    }

    private func single(_ condition: Int) throws(StoreError) -> RuleTable {
        if let table = single[condition] { return table }
        let table = try RuleTable(
            [conditions[condition]], reading: columns, beforeFit: beforeFit)
        single[condition] = table
        return table
    }

    /// Leaves conditions out that took too long, so that the others are evaluated as fast as ever.
    private func leaveOutDisabled() throws(StoreError) {
        let left = conditions.enumerated().map {
            disabled.contains($0) ? Condition(sql: "NULL") : $1
        }
        try database.execute("DROP TABLE leads")
        table = try Self.table(left, columns, database)
        leftOut = disabled.count
    }

    private func bind(
        _ column: LeadColumn, of contact: PublishedContact, _ text: ByteSlice,
        _ insert: Statement, _ index: Int32
    ) {
        switch contact.value(of: column, in: text, beforeFit: beforeFit) {
        case .null, .unknown: insert.bindNull(index)
        case .integer(let value): insert.bind(index, value)
        case .real(let value), .rounded(let value): insert.bind(index, value)
        case .text(let bytes): insert.bind(kept: bytes, index)
        }
    }
}
