internal import GRDB

/// A row of `segments`.
public struct SegmentRow: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When a contact enters, as SQL.
    public var condition: String
    /// How many members it has.
    public var size: Int64
}

/// A row of `segment_changes`, with what the contact is called today.
public struct ChangeRow: Sendable, Equatable {
    /// Its number.
    public var sequence: Int64
    /// When it was noticed, RFC 3339.
    public var at: String
    /// The segment; nil for a `merge` or `split` as such.
    public var segment: String?
    /// Who.
    public var contactID: Int64
    /// `enter`, `leave`, `merge` or `split`.
    public var change: String
    /// With `merge` and `split`, the other contact.
    public var otherContactID: Int64?
    /// Their address; nil if they have none or are shown no more.
    public var email: String?
    /// Their customer number; nil as above.
    public var customerID: String?
}

extension LeadsReader {
    /// The segments with their sizes, by name.
    public func segmentRows() throws -> [SegmentRow] {
        try Row.fetchAll(db, sql: "SELECT name, condition, size FROM segments ORDER BY name").map {
            SegmentRow(name: $0[0], condition: $0[1], size: $0[2] ?? 0)
        }
    }

    /// Changes above a number, in order, at most `limit`; of one segment, if one is named.
    public func changes(
        after sequence: Int64, segment: String? = nil, limit: Int
    ) throws -> [ChangeRow] {
        let only = segment == nil ? "" : "AND c.segment = ?"
        var arguments: StatementArguments = [sequence]
        if let segment { arguments += [segment] }
        arguments += [limit]
        return try Row.fetchAll(
            db,
            sql: """
                SELECT c.seq, c.at, c.segment, c.contact_id, c.change, c.other_contact_id,
                    l.email, l.customer_id
                FROM segment_changes c LEFT JOIN leads l ON l.contact_id = c.contact_id
                WHERE c.seq > ? \(only) ORDER BY c.seq LIMIT ?
                """, arguments: arguments
        ).map { row in
            ChangeRow(
                sequence: row[0], at: row[1], segment: row[2], contactID: row[3],
                change: row[4], otherContactID: row[5], email: row[6], customerID: row[7])
        }
    }

    /// The numbers of the oldest and the newest change that the file holds; nil if it holds none.
    public func changeRange() throws -> ClosedRange<Int64>? {
        let row = try Row.fetchOne(db, sql: "SELECT min(seq), max(seq) FROM segment_changes")
        guard let row, let first: Int64 = row[0], let last: Int64 = row[1] else { return nil }
        return first...last
    }

    /// Calls `body` with every contact by number, or every member of a segment.
    public func forEachLead(
        in segment: String? = nil, _ body: (LeadRow) throws -> Void
    ) throws {
        let columns = LeadColumn.allCases.map { "l.\($0.rawValue)" }.joined(separator: ", ")
        let sql =
            segment == nil
            ? "SELECT \(columns) FROM leads l ORDER BY l.contact_id"
            : """
            SELECT \(columns) FROM segment_members m CROSS JOIN leads l
                ON l.contact_id = m.contact_id
            WHERE m.segment = ? ORDER BY m.contact_id
            """
        let scope: StatementArguments = segment.map { [$0] } ?? []
        let rows = try Row.fetchCursor(db, sql: sql, arguments: scope)
        while let row = try rows.next() { try body(LeadRow(row)) }
    }

    /// What a contact says that it prefers, where it looks more at something else.
    public func contradictions(of contactID: Int64) throws -> [Contradiction] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT t.attribute, t.value, t.at, i.topic, i.points,
                    coalesce((SELECT points FROM interests s WHERE s.contact_id = t.contact_id
                        AND lower(s.topic) = lower(t.value)), 0) AS own
                FROM traits t JOIN attributes a ON a.name = t.attribute AND a.states = 'topic'
                JOIN interests i ON i.contact_id = t.contact_id
                WHERE t.contact_id = ? AND i.points > own AND i.points = (
                    SELECT max(points) FROM interests m WHERE m.contact_id = t.contact_id)
                GROUP BY t.attribute ORDER BY t.attribute
                """, arguments: [contactID]
        ).map {
            Contradiction(
                attribute: $0[0], stated: $0[1], at: $0[2], observed: $0[3], points: $0[4],
                statedPoints: $0[5])
        }
    }
}

/// A stated preference that behaviour does not bear out.
public struct Contradiction: Sendable, Equatable {
    /// The attribute.
    public var attribute: String
    /// What it says.
    public var stated: String
    /// When it was stated, RFC 3339.
    public var at: String
    /// The topic that the contact is most interested in.
    public var observed: String
    /// The points of that topic.
    public var points: Double
    /// The points of the stated one.
    public var statedPoints: Double
}
