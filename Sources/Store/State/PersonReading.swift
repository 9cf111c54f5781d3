public import Core

/// Reading the facts of persons: of one, or of many in the order of their ids.
extension StateStore {
    /// All facts of a contact; nil if there is no identifier of that id, or it is not a root.
    ///
    /// - Complexity: O(m * p) look-ups for m identifiers of p periods each.
    public func person(_ contact: Int64) throws(StoreError) -> PersonFacts? {
        let read = statements.readIdentifier
        read.bind(1, contact)
        guard try read.step() else { return nil }
        let isRoot = read.isNull(4)
        let member = try self.member(contact, read)
        read.reset()
        guard isRoot else { return nil }
        var person = PersonFacts(contact: contact)
        person.members.append(member)
        let others = statements.readMembers
        others.bind(1, contact)
        others.bind(2, contact)
        while try others.step() {
            person.members.append(try self.member(others.int(6), others))
        }
        for place in person.members.indices { try readFacts(of: place, in: &person) }
        return person
    }

    /// The persons with ids above `id`, ascending, at most `limit`.
    ///
    /// Reads ranges rather than single rows, so that everything is seen in the order in which it
    /// lies on disk.
    ///
    /// - Complexity: O(rows in the range), and O(p) look-ups for each identifier that is no root.
    public func persons(after id: Int64, limit: Int) throws(StoreError) -> [PersonFacts] {
        var persons: [PersonFacts] = []
        persons.reserveCapacity(limit)
        let roots = statements.readRoots
        roots.bind(1, id)
        roots.bind(2, Int64(limit))
        while try roots.step() {
            var person = PersonFacts(contact: roots.int(6))
            person.members.append(try member(person.contact, roots))
            persons.append(person)
        }
        guard let first = persons.first?.contact, let last = persons.last?.contact else {
            return []
        }
        try readCells(of: &persons, first...last)
        try readOthers(of: &persons, first...last)
        try readTraits(of: &persons, first...last)
        try readLifetime(of: &persons, first...last)
        return persons
    }

    /// An identifier from a row of (kind, value, first_seen, last_seen, root, ambiguous).
    private func member(
        _ id: Int64, _ row: Statement
    ) throws(StoreError) -> PersonFacts.Member {
        guard let kind = IdentifierKind(rawValue: UInt8(clamping: row.int(0))) else {
            throw .damaged(path: path, detail: "identifier \(id) is of an unknown kind")
        }
        return PersonFacts.Member(
            id: id, identifier: Identifier(kind: kind, value: row.bytes(1).array),
            first: row.int(2), last: row.int(3), ambiguous: row.int(5) != 0, cells: [])
    }

    // MARK: One identifier

    private func readFacts(of place: Int, in person: inout PersonFacts) throws(StoreError) {
        let id = person.members[place].id
        try readCells(of: &person.members[place])
        statements.readTraits.bind(1, id)
        statements.readTraits.bind(2, id)
        while try statements.readTraits.step() { addTrait(statements.readTraits, to: &person) }
        statements.readLifetime.bind(1, id)
        statements.readLifetime.bind(2, id)
        while try statements.readLifetime.step() {
            addLifetime(statements.readLifetime, to: &person)
        }
    }

    private func readCells(of member: inout PersonFacts.Member) throws(StoreError) {
        // A day of slack on both sides: registers are in UTC, days in the configured zone.
        let first = CellCodec.period(of: Day(of: Instant(member.first), in: .utc).adding(-1))
        let last = CellCodec.period(of: Day(of: Instant(member.last), in: .utc).adding(1))
        for period in max(first, 0)...max(last, first, 0) {
            try read(
                CellEntries.key(period: period, identifier: member.id), period: period,
                into: &member.cells)
        }
    }

    private func addTrait(_ row: Statement, to person: inout PersonFacts) {
        person.state(
            Trait(value: row.bytes(1).array, at: row.int(2), source: row.text(3)),
            attribute: row.bytes(0).array)
    }

    private func addLifetime(_ row: Statement, to person: inout PersonFacts) {
        guard let signal = SignalID(exactly: row.int(0)) else { return }
        person.lifetime[signal, default: Tally(n: 0, value: 0)]
            .add(Tally(n: row.int(1), value: row.int(2)))
    }

    // MARK: Many identifiers

    private func readCells(
        of persons: inout [PersonFacts], _ range: ClosedRange<Int64>
    ) throws(StoreError) {
        guard let oldest = try connection.integer("SELECT min(key) FROM cell"),
            let newest = try connection.integer("SELECT max(key) FROM cell")
        else { return }
        let cells = statements.readCells
        for period in (oldest >> 40)...(newest >> 40) {
            let period = Int32(clamping: period)
            cells.bind(1, CellEntries.key(period: period, identifier: range.lowerBound))
            cells.bind(2, CellEntries.key(period: period, identifier: range.upperBound))
            var place = 0
            while try cells.step() {
                let id = cells.int(0) & 0xFF_FFFF_FFFF
                while place < persons.count, persons[place].contact < id { place += 1 }
                guard place < persons.count, persons[place].contact == id else { continue }
                try decode(cells, period, into: &persons[place].members[0].cells)
            }
        }
    }

    private func decode(
        _ row: Statement, _ period: Int32, into cells: inout [DailyCell]
    ) throws(StoreError) {
        guard CellCodec.decode(row.bytes(1), period: period, into: &cells) else {
            let key = row.int(0)
            row.reset()
            throw .damaged(path: path, detail: "row \(key) of cell is not packed as it should be")
        }
    }

    private func readOthers(
        of persons: inout [PersonFacts], _ range: ClosedRange<Int64>
    ) throws(StoreError) {
        let others = statements.readMembers
        others.bind(1, range.lowerBound)
        others.bind(2, range.upperBound)
        var place = 0
        while try others.step() {
            let root = others.int(4)
            while place < persons.count, persons[place].contact < root { place += 1 }
            guard place < persons.count, persons[place].contact == root else { continue }
            var member = try self.member(others.int(6), others)
            try readCells(of: &member)
            persons[place].members.append(member)
        }
    }

    private func readTraits(
        of persons: inout [PersonFacts], _ range: ClosedRange<Int64>
    ) throws(StoreError) {
        let row = statements.readTraits
        try visit(&persons, range, row, column: 4) { addTrait(row, to: &$0) }
    }

    private func readLifetime(
        of persons: inout [PersonFacts], _ range: ClosedRange<Int64>
    ) throws(StoreError) {
        let row = statements.readLifetime
        try visit(&persons, range, row, column: 3) { addLifetime(row, to: &$0) }
    }

    /// Rows of roots by range, those of the others by look-up; `column` holds the identifier.
    private func visit(
        _ persons: inout [PersonFacts], _ range: ClosedRange<Int64>, _ row: Statement,
        column: Int32,
        _ add: (inout PersonFacts) -> Void
    ) throws(StoreError) {
        row.bind(1, range.lowerBound)
        row.bind(2, range.upperBound)
        var place = 0
        while try row.step() {
            let id = row.int(column)
            while place < persons.count, persons[place].contact < id { place += 1 }
            if place < persons.count, persons[place].contact == id { add(&persons[place]) }
        }
        for place in persons.indices where persons[place].members.count > 1 {
            for member in persons[place].members.dropFirst() {
                row.bind(1, member.id)
                row.bind(2, member.id)
                while try row.step() { add(&persons[place]) }
            }
        }
    }
}
