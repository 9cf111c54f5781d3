/// Every statement of `leads.db` that runs more than once. A row that would not change is not
/// written: each update holds only where some value differs.
final class LeadsStatements {
    let leads: RowsStatement
    let identifiers: RowsStatement
    let cells: RowsStatement
    let readCells: Statement
    let dropCells: Statement
    let trait: Statement
    let interest: Statement
    let source: Statement
    let quarantined: Statement
    let changes: RowsStatement
    let setMeta: Statement
    let removeLead: Statement
    let readAccounts: Statement
    let addAccount: Statement
    let removeAccount: Statement
    let readMemberships: Statement
    let writeMemberships: RowsStatement
    let removeMembership: Statement
    let addMembers: RowsStatement
    let removeMember: Statement
    let resizeSegment: Statement
    let stageChanges: RowsStatement
    let removeTraits: Statement
    let readInterests: Statement
    let removeInterests: Statement
    let removeCells: Statement
    let removeIdentifiers: Statement
    let removeQuarantined: Statement
    let removeChanges: Statement
    let removeStageChanges: Statement

    /// All columns of `leads` but the number, in their order.
    static let leadColumns = LeadColumn.allCases.map(\.rawValue).filter { $0 != "contact_id" }

    init(_ connection: Connection) throws(StoreError) {
        func upsert(_ table: String, key: String, _ columns: [String]) throws(StoreError)
            -> RowsStatement
        {
            let all = ([key] + columns).joined(separator: ", ")
            let sets = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            let same = columns.map { "\(table).\($0) IS excluded.\($0)" }.joined(separator: " AND ")
            return try RowsStatement(connection, columns: columns.count + 1) { rows in
                """
                INSERT INTO \(table)(\(all)) VALUES \(rows)
                ON CONFLICT DO UPDATE SET \(sets) WHERE NOT (\(same))
                """
            }
        }
        leads = try upsert("leads", key: "contact_id", Self.leadColumns)
        identifiers = try upsert(
            "identifiers", key: "identifier_id",
            ["kind", "value", "contact_id", "ambiguous", "first_seen", "last_seen", "reason"])
        cells = try upsert("cell_period", key: "key", ["cells"])
        readCells = try connection.prepare(
            "SELECT key FROM cell_period WHERE key BETWEEN ?1 << 16 AND ?1 << 16 | 65535")
        dropCells = try connection.prepare("DELETE FROM cell_period WHERE key = ?")
        trait = try connection.prepare(
            """
            INSERT INTO traits(contact_id, attribute, value, at, source)
            VALUES (?, ?, coalesce(?3 ->> '$', 'null'), ?, ?)
            """)
        interest = try connection.prepare("INSERT INTO interests VALUES (?, ?, ?)")
        source = try connection.prepare(
            "REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        quarantined = try connection.prepare("REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?)")
        changes = try RowsStatement(connection, columns: 6) {
            "REPLACE INTO segment_changes VALUES \($0)"
        }
        setMeta = try connection.prepare("REPLACE INTO meta VALUES (?, ?)")
        stageChanges = try RowsStatement(connection, columns: 5) {
            "REPLACE INTO stage_changes VALUES \($0)"
        }
        readAccounts = try connection.prepare(
            """
            SELECT contact_id, domain, stage, engagement, fit FROM leads
            WHERE contact_id BETWEEN ? AND ? ORDER BY contact_id
            """)
        addAccount = try connection.prepare(
            """
            INSERT INTO account_part VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET contacts = contacts + excluded.contacts,
                engagement = engagement + excluded.engagement, fit = fit + excluded.fit
            """)
        removeAccount = try connection.prepare(
            "DELETE FROM account_part WHERE domain = ? AND stage = ? AND contacts = 0")
        readMemberships = try connection.prepare(
            """
            SELECT contact_id, packed FROM membership
            WHERE contact_id BETWEEN ? AND ? ORDER BY contact_id
            """)
        writeMemberships = try RowsStatement(connection, columns: 2) {
            "REPLACE INTO membership VALUES \($0)"
        }
        removeMembership = try connection.prepare("DELETE FROM membership WHERE contact_id = ?")
        addMembers = try RowsStatement(connection, columns: 3) {
            "REPLACE INTO segment_members VALUES \($0)"
        }
        removeMember = try connection.prepare(
            "DELETE FROM segment_members WHERE segment = ? AND contact_id = ?")
        resizeSegment = try connection.prepare(
            "UPDATE segments SET size = size + ? WHERE name = ?")
        removeLead = try connection.prepare("DELETE FROM leads WHERE contact_id = ?")
        removeTraits = try connection.prepare("DELETE FROM traits WHERE contact_id = ?")
        readInterests = try connection.prepare(
            "SELECT topic, points FROM interests WHERE contact_id = ? ORDER BY topic")
        removeInterests = try connection.prepare("DELETE FROM interests WHERE contact_id = ?")
        removeCells = try connection.prepare(
            "DELETE FROM cell_period WHERE key BETWEEN ?1 << 16 AND ?1 << 16 | 65535")
        removeIdentifiers = try connection.prepare("DELETE FROM identifiers WHERE contact_id = ?")
        removeQuarantined = try connection.prepare("DELETE FROM quarantine WHERE quarantine_id < ?")
        removeChanges = try connection.prepare("DELETE FROM segment_changes WHERE seq < ?")
        removeStageChanges = try connection.prepare("DELETE FROM stage_changes WHERE seq < ?")
    }
}

extension Statement {
    /// Runs a statement with one number as its argument.
    func run(_ argument: Int64) throws(StoreError) {
        bind(1, argument)
        try run()
    }
}
