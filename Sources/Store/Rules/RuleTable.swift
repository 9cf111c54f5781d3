import Core

/// Conditions of one step, evaluated for a batch of contacts: a table `leads` in memory that holds the
/// columns which some condition reads, and a generated column for each condition.
///
/// The columns are stored: an INSERT evaluates them, and a contact for which one of them fails is
/// refused and looked at by itself. Invariant: between two evaluations the tables are empty.
final class RuleTable {
    /// What came of a condition for a contact.
    enum Verdict: UInt8 {
        case fails
        case holds
        /// It could not be evaluated: an overflow, JSON that is none, or it took too long.
        case unknown
    }

    private let database: RuleDatabase
    private let conditions: [String]
    private let columns: [LeadColumn]
    private let beforeFit: Bool
    private var table: (insert: Statement, select: Statement)
    /// For each condition a table of its own, made when it is first needed.
    private var single: [Int: (insert: Statement, select: Statement)] = [:]
    /// Conditions that took too long, and are not evaluated any more.
    private var disabled: Set<Int> = []
    private var leftOut = 0
    /// What went wrong with a condition, the first time that something did.
    private(set) var faults: [Int: String] = [:]

    /// More conditions than this go into several tables: SQLite has room for 2,000 columns.
    static let largest = 400
    /// Longer texts, which only JSON of thousands of attributes can be, are null to conditions.
    private static let longestText = 200_000
    /// For one contact; what is sound takes microseconds.
    private static let longestMilliseconds: UInt64 = 200

    /// A table for conditions that were judged to be sound.
    ///
    /// - Parameter beforeFit: Whether attributes past their shelf life are left out.
    init(
        _ conditions: [String], reading columns: [LeadColumn], beforeFit: Bool
    ) throws(StoreError) {
        precondition(conditions.count <= Self.largest)
        self.beforeFit = beforeFit
        self.conditions = conditions
        let key = LeadColumn.contactID
        self.columns = [key] + columns.filter { $0 != key }
        database = try RuleDatabase()
        table = try Self.table("leads", conditions, self.columns, database)
    }

    private static func table(
        _ name: String, _ conditions: [String], _ columns: [LeadColumn], _ database: RuleDatabase
    ) throws(StoreError) -> (insert: Statement, select: Statement) {
        let stored = columns.map { "\($0.rawValue) \($0.type)" }
        let generated = conditions.enumerated().map { "\"?\($0)\" AS (\n\($1)\n) STORED" }
        let all = (stored + generated).joined(separator: ", ")
        try database.execute("CREATE TABLE \(name)(\(all))")
        let names = columns.map(\.rawValue).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        let keys = conditions.indices.map { "\"?\($0)\"" }.joined(separator: ", ")
        return (
            try database.prepare("INSERT INTO \(name)(\(names)) VALUES (\(marks))"),
            try database.prepare("SELECT contact_id, \(keys) FROM \(name) ORDER BY contact_id")
        )
    }

    /// The verdicts of all conditions for contacts, contact by contact.
    ///
    /// - Parameter order: Which contacts, in ascending order of their numbers.
    /// - Complexity: O(contacts * conditions).
    func evaluate(
        _ contacts: [PublishedContact], order: [Int], text: ByteSlice
    ) throws(StoreError) -> [Verdict] {
        var verdicts = [Verdict](repeating: .fails, count: order.count * conditions.count)
        if leftOut != disabled.count { try leaveOutDisabled() }
        try database.execute("BEGIN")
        defer { try? database.execute("DELETE FROM leads; COMMIT") }
        for (row, place) in order.enumerated() {
            if add(contacts[place], text, by: table.insert) { continue }
            for condition in conditions.indices {
                verdicts[row * conditions.count + condition] = try evaluate(
                    condition, contacts[place], text)
            }
        }
        database.fence.limit(milliseconds: nil)
        let select = table.select
        var row = 0
        while try select.step() {
            let contact = select.int(0)
            while contacts[order[row]].contact < contact { row += 1 }
            let start = row * conditions.count
            for condition in conditions.indices {
                // Null does not hold.
                let holds = select.double(Int32(condition + 1)) != 0
                verdicts[start + condition] =
                    disabled.contains(condition) ? .unknown : holds ? .holds : .fails
            }
        }
        return verdicts
    }

    /// Adds a contact, which evaluates the conditions.
    ///
    /// - Returns: false if one of them cannot be evaluated.
    private func add(
        _ contact: PublishedContact, _ text: ByteSlice, by insert: Statement,
        of condition: Int? = nil
    ) -> Bool {
        for (index, column) in columns.enumerated() {
            bind(column, of: contact, text, insert, Int32(index + 1))
        }
        database.fence.limit(milliseconds: Self.longestMilliseconds)
        do throws(StoreError) {
            try insert.run()
            return true
        } catch {
            if let condition { note(error, of: condition) }
            return false
        }
    }

    /// One condition for one contact, so that one which cannot be evaluated spoils nothing else.
    private func evaluate(
        _ condition: Int, _ contact: PublishedContact, _ text: ByteSlice
    ) throws(StoreError) -> Verdict {
        guard !disabled.contains(condition) else { return .unknown }
        let name = "single_\(condition)"
        var table = single[condition]
        if table == nil {
            table = try Self.table(name, [conditions[condition]], columns, database)
            single[condition] = table
        }
        guard let table, add(contact, text, by: table.insert, of: condition) else {
            return .unknown
        }
        defer { try? database.execute("DELETE FROM \(name)") }
        guard try table.select.step() else { return .unknown }
        defer { table.select.reset() }
        return table.select.double(1) != 0 ? .holds : .fails
    }

    private func note(_ error: StoreError, of condition: Int) {
        guard case .sqlite(_, let code, let message, _) = error else { return }
        if faults[condition] == nil { faults[condition] = message }
        if code & 0xFF == 9 { disabled.insert(condition) }  // SQLITE_INTERRUPT
    }

    /// Leaves conditions out that took too long, so that the others are evaluated as fast as ever.
    private func leaveOutDisabled() throws(StoreError) {
        let left = conditions.enumerated().map { disabled.contains($0) ? "NULL" : $1 }
        try database.execute("DROP TABLE leads")
        table = try Self.table("leads", left, columns, database)
        leftOut = disabled.count
    }

    private func bind(
        _ column: LeadColumn, of contact: PublishedContact, _ text: ByteSlice,
        _ insert: Statement, _ index: Int32
    ) {
        func points(_ points: Micropoints) { insert.bind(index, Double(points) / 1_000_000) }
        func piece(_ piece: TextArena.Piece) {
            insert.bind(piece.count > Self.longestText ? .none : piece, in: text, index)
        }
        switch column {
        case .contactID: insert.bind(index, contact.contact)
        case .email: piece(contact.email)
        case .customerID: piece(contact.customerID)
        case .anonymous: insert.bind(index, Int64(contact.isAnonymous ? 1 : 0))
        case .firstSeen: piece(contact.firstSeen)
        case .lastSeen: piece(contact.lastSeen)
        case .lastActivityDay: piece(contact.lastActivity)
        case .events: insert.bind(index, contact.events)
        case .engagement: points(contact.engagement)
        case .fit: points(contact.fit)
        case .grade: piece(contact.grade)
        case .completeness: insert.bind(index, contact.completeness)
        case .score: points(contact.score)
        case .band: piece(contact.band)
        case .stage: piece(contact.stage)
        case .audience: piece(contact.audience)
        case .delta30: points(contact.delta30)
        case .delta60: points(contact.delta60)
        case .peak30: points(contact.peak30)
        case .hotUntil: piece(contact.hotUntil)
        case .firstPurchase: piece(contact.firstPurchase)
        case .lastPurchase: piece(contact.lastPurchase)
        case .recencyDays: insert.bind(index, contact.recencyDays)
        case .purchases: insert.bind(index, contact.purchases)
        case .value: insert.bind(index, Double(contact.value) / 10_000)
        case .r: insert.bind(index, contact.r)
        case .f: insert.bind(index, contact.f)
        case .m: insert.bind(index, contact.m)
        case .rfmGroup: piece(contact.rfmGroup)
        case .pAlive: insert.bind(index, contact.pAlive)
        case .expectedPurchases90: insert.bind(index, contact.expectedPurchases)
        case .deliverability: piece(contact.deliverability)
        case .softStreak: insert.bind(index, contact.softStreak)
        case .domain: piece(contact.domain)
        case .owner: piece(contact.owner)
        case .points: piece(contact.points)
        case .counts: piece(contact.counts)
        case .traits: piece(beforeFit ? contact.fitTraits : contact.traits)
        case .interests: piece(contact.interests)
        case .asOfDay: piece(contact.day)
        }
    }
}
