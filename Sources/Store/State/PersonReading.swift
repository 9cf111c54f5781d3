public import Core

/// Reading the facts of persons: of one, or of many in the order of their ids.
extension StateStore {
    /// All facts of a contact; nil if there is no identifier of that id, or it is not a root.
    ///
    /// - Complexity: O(m * p) look-ups for m identifiers of p periods each.
    public func person(_ contact: Int64) throws(StoreError) -> PersonFacts? {
        guard var person = try storedPerson(contact) else { return nil }
        if let retention { person.addUp(before: retention) }
        machines?.crawlers.setAside(in: &person)
        return person
    }

    /// The same with what is too old, but not put away yet, still by day.
    func storedPerson(_ contact: Int64) throws(StoreError) -> PersonFacts? {
        let read = statements.readIdentifier
        read.bind(1, contact)
        guard try read.step() else { return nil }
        let isRoot = read.isNull(2)
        var sightings = SightingReader(self)
        let member = try self.member(contact, read, &sightings)
        read.reset()
        guard isRoot else { return nil }
        var person = PersonFacts(contact: contact)
        person.members.append(member)
        let others = statements.readMembers
        others.bind(1, contact)
        others.bind(2, contact)
        while try others.step() {
            person.members.append(try self.member(others.int(4), others, &sightings))
        }
        try explain(&person)
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
        var sightings = SightingReader(self)
        let roots = statements.readRoots
        roots.bind(1, id)
        roots.bind(2, Int64(limit))
        while try roots.step() {
            var person = PersonFacts(contact: roots.int(4))
            person.members.append(try member(person.contact, roots, &sightings))
            persons.append(person)
        }
        guard let first = persons.first?.contact, let last = persons.last?.contact else {
            return []
        }
        try readOthers(of: &persons, first...last, &sightings)
        let seats = Seats(of: persons, from: first, to: last)
        try readCells(of: &persons, seats)
        if try hasRows("trait") { try readTraits(of: &persons, seats) }
        if try hasRows("lifetime") { try readLifetime(of: &persons, seats) }
        try explain(&persons, seats)
        if let retention {
            for place in persons.indices { persons[place].addUp(before: retention) }
        }
        if let crawlers = machines?.crawlers {
            for place in persons.indices { crawlers.setAside(in: &persons[place]) }
        }
        return persons
    }

    /// An identifier from a row of (kind, value, root, ambiguous).
    private func member(
        _ id: Int64, _ row: Statement, _ sightings: inout SightingReader
    ) throws(StoreError) -> PersonFacts.Member {
        guard let kind = IdentifierKind(rawValue: UInt8(clamping: row.int(0))) else {
            throw .damaged(path: path, detail: "identifier \(id) is of an unknown kind")
        }
        let times = try sightings.times(of: id)
        return PersonFacts.Member(
            id: id, identifier: Identifier(kind: kind, value: row.bytes(1).array),
            first: times.first, last: times.last, ambiguous: row.int(3) != 0, cells: [])
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
            addLifetime(statements.readLifetime, to: &person.members[place])
        }
    }

    private func readCells(of member: inout PersonFacts.Member) throws(StoreError) {
        for period in CellCodec.periods(from: member.first, to: member.last) {
            try readCells(of: member.id, period: period, into: &member.cells)
        }
    }

    private func addTrait(_ row: Statement, to person: inout PersonFacts) {
        person.state(
            Trait(value: row.bytes(1).array, at: row.int(2), source: row.text(3)),
            attribute: row.bytes(0).array)
    }

    private func addLifetime(_ row: Statement, to member: inout PersonFacts.Member) {
        guard let signal = SignalID(exactly: row.int(0)) else { return }
        member.lifetime[signal, default: Tally(n: 0, value: 0)]
            .add(Tally(n: row.int(1), value: row.int(2)))
    }

    // MARK: Many identifiers

    private func readOthers(
        of persons: inout [PersonFacts], _ range: ClosedRange<Int64>,
        _ sightings: inout SightingReader
    ) throws(StoreError) {
        let others = statements.readMembers
        others.bind(1, range.lowerBound)
        others.bind(2, range.upperBound)
        var place = 0
        while try others.step() {
            let root = others.int(2)
            while place < persons.count, persons[place].contact < root { place += 1 }
            guard place < persons.count, persons[place].contact == root else { continue }
            persons[place].members.append(try self.member(others.int(4), others, &sightings))
        }
    }

    private func readCells(of persons: inout [PersonFacts], _ seats: Seats) throws(StoreError) {
        guard let oldest = try connection.integer("SELECT min(key) FROM cell"),
            let newest = try connection.integer("SELECT max(key) FROM cell")
        else { return }
        let rows = statements.readCells
        defer { rows.reset() }
        for period in CellRow.period(of: oldest)...CellRow.period(of: newest) {
            rows.bind(1, CellRow.key(period: period, identifier: seats.range.lowerBound))
            rows.bind(2, CellRow.key(period: period, identifier: seats.range.upperBound))
            var place = 0
            while try rows.step() {
                var parts = CellParts(rows.int(0), rows.bytes(1), path: path)
                while let part = try parts.next() {
                    guard let seat = seats.near(part.identifier, from: &place) else { continue }
                    try parts.decode(
                        part, into: &persons[seat.person].members[seat.member].cells)
                }
            }
        }
        try readFarCells(of: &persons, seats.far)
    }

    /// Rows that do not lie in the range are asked for many at a time.
    private func readFarCells(
        of persons: inout [PersonFacts], _ far: [Seats.Seat]
    ) throws(StoreError) {
        var wanted: [(key: Int64, seat: Seats.Seat)] = []
        for seat in far {
            let member = persons[seat.person].members[seat.member]
            for period in CellCodec.periods(from: member.first, to: member.last) {
                wanted.append((CellRow.key(period: period, identifier: seat.id), seat))
            }
        }
        let rows = statements.readFarCells
        defer { rows.reset() }
        var place = 0
        for start in stride(from: 0, to: wanted.count, by: StateStatements.farKeys) {
            for number in 0..<StateStatements.farKeys {
                let next = start + number
                rows.bind(Int32(number + 1), next < wanted.count ? wanted[next].key : nil)
            }
            while try rows.step() {
                // They come in the order in which they were asked for, and as often.
                while wanted[place].key != rows.int(0) { place += 1 }
                let seat = wanted[place].seat
                place += 1
                var parts = CellParts(rows.int(0), rows.bytes(1), path: path)
                try parts.find(
                    seat.id, into: &persons[seat.person].members[seat.member].cells)
            }
        }
    }

    private func hasRows(_ table: String) throws(StoreError) -> Bool {
        try connection.integer("SELECT 1 FROM \(table) LIMIT 1") != nil
    }

    private func readTraits(of persons: inout [PersonFacts], _ seats: Seats) throws(StoreError) {
        let row = statements.readTraits
        try visit(&persons, seats, row, column: 4) { person, _ in addTrait(row, to: &person) }
    }

    private func readLifetime(of persons: inout [PersonFacts], _ seats: Seats) throws(StoreError) {
        let row = statements.readLifetime
        try visit(&persons, seats, row, column: 3) { person, member in
            addLifetime(row, to: &person.members[member])
        }
    }

    /// Calls `add` with each row of the persons; `column` holds the identifier.
    private func visit(
        _ persons: inout [PersonFacts], _ seats: Seats, _ row: Statement, column: Int32,
        _ add: (inout PersonFacts, _ member: Int) -> Void
    ) throws(StoreError) {
        row.bind(1, seats.range.lowerBound)
        row.bind(2, seats.range.upperBound)
        var place = 0
        while try row.step() {
            guard let seat = seats.near(row.int(column), from: &place) else { continue }
            add(&persons[seat.person], seat.member)
        }
        for seat in seats.far {
            row.bind(1, seat.id)
            row.bind(2, seat.id)
            while try row.step() { add(&persons[seat.person], seat.member) }
        }
    }
}
