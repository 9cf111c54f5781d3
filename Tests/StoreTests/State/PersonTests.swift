import Core
import TestKit
import Testing

@testable import Store

/// Everybody's facts as text, to see whose changed.
private func persons(_ scratch: StateScratch) throws -> [Int64: String] {
    var result: [Int64: String] = [:]
    for id in try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init) {
        guard let person = try scratch.store.person(id) else { continue }
        result[id] = text(person)
    }
    return result
}

private func text(_ person: PersonFacts) -> String {
    let traits = person.traits.map { "\($0.attribute) \($0.trait)" }.sorted()
    return "\(person.members) \(traits) \(person.hasEdge)"
}

/// Events of few people who share almost everything, so that persons merge and split all the time.
private func tangle(_ seed: UInt64, _ count: Int) -> [OwnedEvent] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
        var event = OwnedEvent(
            at: RandomEvents.start + Int64.random(in: 0..<8_000_000_000, using: &random),
            type: "click")
        if random.oneIn(3) { event.fields["customer_id"] = "C\(random.pick([1, 2, 3]))" }
        if random.oneIn(2) { event.fields["email"] = "p\(random.pick([1, 2, 3, 4]))@example.com" }
        if random.oneIn(2) || event.fields.isEmpty {
            event.fields["cookie"] = "k\(Int.random(in: 1...7, using: &random))"
        }
        if random.oneIn(6) { event.traits = [("team", "\(Int.random(in: 0...3, using: &random))")] }
        return event
    }
}

@Suite struct PersonTests {
    private func events(_ seed: UInt64) -> [OwnedEvent] {
        if seed % 2 == 0 { return tangle(seed, 120) }
        var source = RandomEvents(seed: seed, people: 8)
        return source.next(200)
    }

    /// The stored root and ambiguity of everybody, and what the slow reference says of all edges.
    private func compare(_ scratch: StateScratch, _ note: Comment) throws {
        var identifiers: [(id: Int64, kind: IdentifierKind)] = []
        var stored: [Int64: String] = [:]
        let read = try scratch.store.connection.prepare(
            "SELECT id, kind, coalesce(root, id), ambiguous, root IS id FROM identifier")
        while try read.step() {
            let kind = try #require(IdentifierKind(rawValue: UInt8(read.int(1))))
            identifiers.append((read.int(0), kind))
            stored[read.int(0)] = "\(read.int(2)) \(read.int(3) != 0)"
            #expect(read.int(4) == 0, "a root that is its own is stored as none")
        }
        var edges: [(lower: Int64, higher: Int64, n: Int64)] = []
        let readEdges = try scratch.store.connection.prepare("SELECT lower, higher, n FROM edge")
        while try readEdges.step() {
            edges.append((readEdges.int(0), readEdges.int(1), readEdges.int(2)))
        }
        let expected = PersonReference.resolve(identifiers: identifiers, edges: edges)
        #expect(stored == expected.mapValues { "\($0.root) \($0.ambiguous)" }, note)
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `persons are those of the reference, and whoever changed is told`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed &* 71)
        var rest = events(seed).shuffled(using: &random)[...]
        var before = try persons(scratch)
        while !rest.isEmpty {
            let count = Int.random(in: 1...(random.oneIn(3) ? 40 : 4), using: &random)
            let touched = try scratch.commit(rest.prefix(count))
            rest = rest.dropFirst(count)
            let note: Comment = "seed \(seed), \(rest.count) left"
            try compare(scratch, note)
            let after = try persons(scratch)
            let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            #expect(changed.subtracting(touched).isEmpty, note)
            before = after
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `why identifiers belong is the same for one person and for many`(seed: UInt64) throws {
        let scratch = try StateScratch()
        try scratch.commit(events(seed))
        let ids = try scratch.rows("SELECT id FROM identifier ORDER BY id").compactMap(Int64.init)
        _ = try scratch.store.assert(joined: true, ids[0], ids[1], by: "test", at: Instant(1))
        var reasons = 0
        for person in try scratch.store.persons(after: 0, limit: 1000) {
            let alone = try #require(try scratch.store.person(person.contact))
            #expect(alone.members.map(\.reason) == person.members.map(\.reason), "seed \(seed)")
            reasons += person.members.count { $0.reason != nil }
        }
        let told = try scratch.rows(
            "SELECT id FROM identifier WHERE root IS NOT NULL OR ambiguous")
        #expect(reasons == told.count, "seed \(seed)")
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `the order of checkpoints decides about nobody`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let events = events(seed * 2)
        let dumps = try (0..<3).map { _ in
            let scratch = try StateScratch()
            var rest = events.shuffled(using: &random)[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...30, using: &random)
                try scratch.commit(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            return try scratch.rows(
                """
                SELECT i.kind || i.value || ' ' || i.ambiguous || ' ' || coalesce(r.value, '')
                FROM identifier i LEFT JOIN identifier r ON r.id = i.root ORDER BY 1
                """)
        }
        #expect(dumps[0] == dumps[1] && dumps[1] == dumps[2], "seed \(seed)")
    }

    @Test func `a move is in the journal once, and a repeated event is not`() throws {
        let scratch = try StateScratch()
        func seen(_ customer: String, _ email: String) -> OwnedEvent {
            OwnedEvent(
                at: RandomEvents.start, type: "click", ["customer_id": customer, "email": email])
        }
        try scratch.commit([OwnedEvent(at: RandomEvents.start, type: "click", ["email": "a@b.de"])])
        for _ in 0..<3 { try scratch.commit([seen("C1", "a@b.de")]) }
        for _ in 0..<9 { try scratch.commit([seen("C2", "a@b.de")]) }
        let journal = try scratch.rows("SELECT change FROM journal ORDER BY seq")
        // Joined C1; was nobody's while both had more than a quarter; joined C2 at 9 of 12.
        #expect(journal == ["merge", "split", "merge"])
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `persons read in ranges are those that are read one by one`(seed: UInt64) throws {
        let scratch = try StateScratch()
        try scratch.commit(events(seed))
        var random = SeededGenerator(seed: seed)
        let ids = try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init)
        for _ in 0..<4 {
            let (left, right) = (random.pick(ids), random.pick(ids))
            guard left != right else { continue }
            _ = try scratch.store.assert(
                joined: random.oneIn(2), left, right, by: "somebody", at: Instant(1))
        }
        let expected = try persons(scratch)
        #expect(expected.values.contains { $0.contains("votes(") })
        for limit in [1, 3, 1000] {
            var found: [Int64: String] = [:]
            var after: Int64 = 0
            while true {
                let some = try scratch.store.persons(after: after, limit: limit)
                for person in some { found[person.contact] = text(person) }
                guard some.count == limit, let last = some.last else { break }
                after = last.contact
            }
            #expect(found == expected, "seed \(seed), limit \(limit)")
        }
    }
}
