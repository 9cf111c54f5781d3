internal import GRDB

/// A contact that mail does not reach, with others of its account that it does.
public struct BouncedContact: Sendable, Equatable {
    /// Whose mail comes back.
    public var lead: LeadRow
    /// How many others of the account can be reached.
    public var live: Int64
    /// The best of them, by score descending, then by number.
    public var others: [LeadRow]
}

extension LeadsReader {
    /// Contacts whose mail comes back (`invalid` or `quarantined`), by score descending, then by number,
    /// each with others of its account whose mail arrives.
    ///
    /// - Parameters:
    ///   - count: Contacts at most.
    ///   - contact: Only this contact, whatever its mail does.
    ///   - others: Others at most, for each.
    /// - Complexity: O(contacts), in two passes.
    public func bounced(
        _ count: Int, contact: Int64? = nil, others: Int
    ) throws -> [BouncedContact] {
        let leads = try leads(
            """
            SELECT \(Self.columns) FROM leads l
            WHERE CASE WHEN ?1 IS NULL THEN l.deliverability IN ('invalid', 'quarantined')
                  ELSE l.contact_id = ?1 END
            ORDER BY l.score DESC, l.contact_id LIMIT ?2
            """, [contact, count])
        let domains = Set(leads.compactMap { $0.text(.domain) }).sorted()
        // One more, as somebody who is asked for may be among them.
        let live = try live(in: domains, others + 1)
        return leads.map { lead in
            let found = lead.text(.domain).flatMap { live[$0] }
            let reached = lead.text(.deliverability).map(Self.reached.contains) ?? false
            let rest = (found?.others ?? []).filter { $0.contactID != lead.contactID }
            return BouncedContact(
                lead: lead, live: found.map { $0.live - (reached ? 1 : 0) } ?? 0,
                others: Array(rest.prefix(others)))
        }
    }

    /// What `deliverability` is where mail arrives.
    private static let reached = ["ok", "soft"]

    /// By account: how many can be reached, and the best of them. What is no account has nobody.
    private func live(
        in domains: [String], _ count: Int
    ) throws -> [String: (live: Int64, others: [LeadRow])] {
        let list = databaseQuestionMarks(count: domains.count)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT \(Self.columns), l.live FROM (
                    SELECT *, count(*) OVER (PARTITION BY domain) AS live, row_number() OVER (
                        PARTITION BY domain ORDER BY score DESC, contact_id) AS place
                    FROM leads WHERE deliverability IN ('\(Self.reached.joined(separator: "', '"))')
                        AND domain IN (\(list))
                        AND domain IN (SELECT domain FROM account_part)) l
                WHERE l.place <= ? ORDER BY l.domain, l.place
                """, arguments: StatementArguments(domains) + [count])
        var result: [String: (live: Int64, others: [LeadRow])] = [:]
        while let row = try rows.next() {
            let lead = LeadRow(row)
            guard let domain = lead.text(.domain) else { continue }
            result[domain, default: (row["live"], [])].others.append(lead)
        }
        return result
    }
}
