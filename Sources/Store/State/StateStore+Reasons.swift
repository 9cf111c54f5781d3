import Core

/// Why identifiers belong to whom they belong to: who linked them, or how many of their events lead
/// there.
extension StateStore {
    /// Says it of the identifiers of one person.
    func explain(_ person: inout PersonFacts) throws(StoreError) {
        for place in person.members.indices where Self.wantsReason(place, person) {
            person.members[place].reason = try reason(
                for: person.members[place].id, in: person.contact, mayBeAsserted: true)
        }
    }

    /// The same of the identifiers of many persons, in one walk over the edges of a range.
    ///
    /// - Complexity: O(edges in the range), and look-ups for identifiers beyond it and for those of
    ///   which something was asserted.
    func explain(_ persons: inout [PersonFacts], _ seats: Seats) throws(StoreError) {
        var alone = try asserted(in: seats.range)
        for seat in seats.far { alone.insert(seat.id) }
        var votes = VoteCount()
        var seat: Seats.Seat?
        var place = 0
        let edges = statements.readUpward
        edges.bind(1, seats.range.lowerBound)
        edges.bind(2, seats.range.upperBound)
        while try edges.step() {
            let lower = edges.int(0)
            if seat?.id != lower {
                tell(&persons, seat, &votes)
                seat = alone.contains(lower) ? nil : seats.near(lower, from: &place)
            }
            guard let seat else { continue }
            try add(edges, to: &votes, of: persons[seat.person].contact)
        }
        tell(&persons, seat, &votes)
        let mayBeAsserted = try hasAssertions()
        for seat in seats.of(alone) where Self.wantsReason(seat.member, persons[seat.person]) {
            persons[seat.person].members[seat.member].reason = try reason(
                for: seat.id, in: persons[seat.person].contact, mayBeAsserted: mayBeAsserted)
        }
    }

    /// Why an identifier belongs to a contact.
    private func reason(
        for id: Int64, in contact: Int64, mayBeAsserted: Bool
    ) throws(StoreError) -> MembershipReason? {
        if mayBeAsserted {
            let assertions = statements.readAssertions
            var actor: String?
            assertions.bind(1, id)
            while try assertions.step() {
                if assertions.int(1) != 0, assertions.int(0) == contact {
                    actor = assertions.text(2)
                }
            }
            if let actor { return .linked(by: actor) }
        }
        var votes = VoteCount()
        let edges = statements.readUpward
        edges.bind(1, id)
        edges.bind(2, id)
        while try edges.step() { try add(edges, to: &votes, of: contact) }
        return votes.reason(for: id, in: contact)
    }

    /// Adds an edge to the votes for whom it leads to, which mostly is the contact itself.
    private func add(
        _ edge: Statement, to votes: inout VoteCount, of contact: Int64
    ) throws(StoreError) {
        let higher = edge.int(1)
        votes.add(higher == contact ? contact : try root(of: higher), edge.int(2))
    }

    private func tell(
        _ persons: inout [PersonFacts], _ seat: Seats.Seat?, _ votes: inout VoteCount
    ) {
        defer { votes.clear() }
        guard let seat, Self.wantsReason(seat.member, persons[seat.person]) else { return }
        persons[seat.person].members[seat.member].reason = votes.reason(
            for: seat.id, in: persons[seat.person].contact)
    }

    /// The one that names the person needs no reason, unless its edges disagree.
    private static func wantsReason(_ place: Int, _ person: PersonFacts) -> Bool {
        place > 0 || person.members[place].ambiguous
    }

    private func asserted(in range: ClosedRange<Int64>) throws(StoreError) -> Set<Int64> {
        var found: Set<Int64> = []
        let read = statements.readAsserted
        read.bind(1, range.lowerBound)
        read.bind(2, range.upperBound)
        while try read.step() { found.insert(read.int(0)) }
        return found
    }
}

/// How many events of an identifier lead to whom.
private struct VoteCount {
    /// A person is found by looking through them: they are few.
    private var sums: [(root: Int64, n: Int64)] = []

    mutating func add(_ root: Int64, _ n: Int64) {
        if let place = sums.firstIndex(where: { $0.root == root }) {
            sums[place].n += n
        } else {
            sums.append((root, n))
        }
    }

    mutating func clear() { sums.removeAll(keepingCapacity: true) }

    func reason(for id: Int64, in contact: Int64) -> MembershipReason? {
        let total = sums.reduce(0) { $0 + $1.n }
        guard total > 0 else { return nil }
        if contact != id, let own = sums.first(where: { $0.root == contact }) {
            return .votes(own.n, of: total)
        }
        return .disputed(sums.map(\.n).max() ?? 0, of: total)
    }
}
