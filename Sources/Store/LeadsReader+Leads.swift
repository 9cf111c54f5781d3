internal import GRDB

extension LeadsReader {
    /// The contacts with the highest scores, by score descending, then by number.
    ///
    /// The cold ones are looked at only if there are not enough warm ones, because the index holds
    /// only the warm.
    ///
    /// - Parameter segment: only the members of this segment.
    /// - Complexity: O(count log contacts) without a segment.
    public func top(_ count: Int, segment: String? = nil) throws -> [LeadRow] {
        let scope: StatementArguments = segment.map { [$0] } ?? []
        var rows = try leads(warmSQL(segment), scope + [count])
        if rows.count < count {
            rows += try leads(coldSQL(segment), scope + [count - rows.count])
        }
        return rows
    }

    /// The row of a contact; nil if there is none.
    public func lead(_ contactID: Int64) throws -> LeadRow? {
        try leads("SELECT \(Self.columns) FROM leads l WHERE contact_id = ?", [contactID]).first
    }

    /// The names that a contact goes by, by kind and value.
    public func identifiers(of contactID: Int64) throws -> [IdentifierRow] {
        try identifiers(where: "contact_id = ?", [contactID])
    }

    /// The names of the segments, in order.
    public func segments() throws -> [String] {
        try String.fetchAll(db, sql: "SELECT name FROM segments ORDER BY name")
    }

    func identifiers(
        where condition: String, _ arguments: StatementArguments
    ) throws -> [IdentifierRow] {
        let sql = """
            SELECT identifier_id, kind, value, contact_id, ambiguous, first_seen, last_seen, reason
            FROM identifiers WHERE \(condition) ORDER BY kind, value, identifier_id
            """
        return try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
            IdentifierRow(
                id: row[0], kind: row[1], value: row[2], contactID: row[3], ambiguous: row[4],
                firstSeen: row[5], lastSeen: row[6], reason: row[7])
        }
    }

    static let columns =
        LeadColumn.allCases.map { "l.\($0.rawValue)" }.joined(separator: ", ")

    /// By the index on scores; a segment's membership is looked up for each, which is cheap and ends
    /// as soon as there are enough.
    func warmSQL(_ segment: String?) -> String {
        let member =
            segment == nil
            ? ""
            : """
            AND EXISTS (SELECT 1 FROM segment_members m
                        WHERE m.segment = ? AND m.contact_id = l.contact_id)
            """
        return """
            SELECT \(Self.columns) FROM leads l WHERE l.score > 0 \(member)
            ORDER BY l.score DESC, l.contact_id LIMIT ?
            """
    }

    /// In the order of the numbers, which for a segment is that of its members.
    private func coldSQL(_ segment: String?) -> String {
        guard segment != nil else {
            return """
                SELECT \(Self.columns) FROM leads l WHERE l.score <= 0
                ORDER BY l.contact_id LIMIT ?
                """
        }
        return """
            SELECT \(Self.columns)
            FROM segment_members m CROSS JOIN leads l ON l.contact_id = m.contact_id
            WHERE m.segment = ? AND l.score <= 0 ORDER BY m.contact_id LIMIT ?
            """
    }

    func leads(_ sql: String, _ arguments: StatementArguments) throws -> [LeadRow] {
        let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
        var result: [LeadRow] = []
        while let row = try rows.next() { result.append(LeadRow(row)) }
        return result
    }
}

extension LeadRow {
    /// A row whose columns are those of `LeadColumn`, in their order.
    init(_ row: Row) {
        var values: [LeadColumn: LeadValue] = [:]
        values.reserveCapacity(LeadColumn.allCases.count)
        for (place, column) in LeadColumn.allCases.enumerated() {
            let stored: DatabaseValue = row[place]
            values[column] = LeadValue(stored, kind: column.kind)
        }
        self.init(values)
    }
}

extension LeadValue {
    init(_ stored: DatabaseValue, kind: LeadColumn.Kind) {
        switch (stored.storage, kind) {
        case (.null, _): self = .null
        case (.int64(let number), .flag): self = .flag(number != 0)
        case (.int64(let number), .real): self = .real(Double(number))
        case (.int64(let number), _): self = .integer(number)
        case (.double(let number), _): self = .real(number)
        case (.string(let text), .object): self = .object(text)
        case (.string(let text), _): self = .text(text)
        case (.blob(let bytes), _): self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }
}
