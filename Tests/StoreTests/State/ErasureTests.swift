import Core
import TestKit
import Testing

@testable import Store

/// Erasing and unlinking against states in which it never came to that, with everything shared that
/// can be shared: computers, mailboxes, customer numbers.
@Suite struct ErasureTests {
    /// A state that gets events in random portions, and is closed and opened between some.
    private static func feed(
        _ events: [OwnedEvent], to scratch: StateScratch, _ random: inout SeededGenerator,
        erased: Set<String> = []
    ) throws {
        var rest = events[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...60, using: &random))
            // What names an erased person does not get as far as a checkpoint.
            try scratch.commit(rest.prefix(count).filter { !Self.names($0, anyOf: erased) })
            rest = rest.dropFirst(count)
            if random.oneIn(4) { try scratch.reopen() }
        }
    }

    private static func identifiers(of event: OwnedEvent) -> [(kind: IdentifierKind, name: String)]
    {
        IdentifierKind.allCases.compactMap { kind in
            event.fields[kind.name].flatMap { Identifier(kind: kind, text: $0) }
                .map { (kind, $0.description) }
        }
    }

    private static func names(_ event: OwnedEvent, anyOf erased: Set<String>) -> Bool {
        identifiers(of: event).contains { erased.contains($0.name) }
    }

    /// An event as it would be had the erased identifiers never been: nobody's if it was counted for
    /// one of them, else without them.
    private static func without(_ erased: Set<String>, _ event: OwnedEvent) -> OwnedEvent? {
        let identifiers = identifiers(of: event)
        guard let root = identifiers.first, !erased.contains(root.name) else { return nil }
        var event = event
        for identifier in identifiers where erased.contains(identifier.name) {
            event.fields[identifier.kind.name] = nil
        }
        return event
    }

    /// What a state publishes: `leads` and what belongs to them, by names instead of numbers.
    private static func published(
        _ scratch: StateScratch, but columns: Set<String> = []
    ) throws -> [String] {
        let leads = try LeadsStore(directory: scratch.directory, latest: -1)
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(210)
        let publishing = try Publishing(
            store: scratch.store, model: RandomEvents.model, day: day)
        try publishing.publishAll(to: leads, chunk: 7)
        let shown = LeadColumn.allCases.map(\.rawValue).filter {
            $0 != "contact_id" && !columns.contains($0)
        }
        let owner = "(SELECT kind || ':' || value FROM identifiers o WHERE o.identifier_id = "
        let json = shown.map { "'\($0)', l.\($0)" }.joined(separator: ", ")
        // As a reader opens it.
        let reader = try Connection(path: leads.path, pragmas: [])
        func rows(_ sql: String) throws -> [String] {
            try StateScratch.rows(sql, reader).sorted()
        }
        return try rows("SELECT \(owner)l.contact_id) || json_object(\(json)) FROM leads l")
            + rows(
                """
                SELECT kind || ':' || value || ' of ' || \(owner)i.contact_id) || ' '
                    || ambiguous || coalesce(reason, '') FROM identifiers i
                """)
            + rows(
                """
                SELECT \(owner)a.identifier_id) || day || signal || n || ' ' || value FROM activity a
                """)
            + rows(
                "SELECT \(owner)t.contact_id) || attribute || value || at || source FROM traits t")
            + rows("SELECT \(owner)n.contact_id) || topic || points FROM interests n")
            + rows("SELECT domain || contacts || ' ' || engagement || ' ' || fit FROM accounts")
    }

    /// What one of two states publishes and the other does not.
    private static func difference(
        _ left: StateScratch, _ right: StateScratch, but columns: Set<String> = []
    ) throws -> [String] {
        let left = try published(left, but: columns)
        let right = try published(right, but: columns)
        let difference = Set(left).symmetricDifference(right).sorted()
        return difference.isEmpty && left.count != right.count ? ["a row twice"] : difference
    }

    /// The facts but for when identifiers were seen: of one that others share with an erased person
    /// that stays as it was.
    private static func facts(_ scratch: StateScratch) throws -> [String] {
        try scratch.store.canonicalDump().split(separator: "\n").map { line in
            line.hasPrefix("seen ")
                ? line.split(separator: " ").dropLast(2).joined(separator: " ") : String(line)
        }.sorted()
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `who is erased was never there, whatever they shared with others`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 733)
        var source = RandomEvents(seed: seed, people: 10)
        let events = source.next(300)
        let place = Int.random(in: 100...250, using: &random)
        let scratch = try StateScratch()
        try Self.feed(Array(events[..<place]), to: scratch, &random)
        let roots = try scratch.rows("SELECT id FROM identifier WHERE root IS NULL ORDER BY id")
        let contact = try #require(roots.compactMap(Int64.init).randomElement(using: &random))
        let person = try #require(try scratch.store.person(contact))
        let erased = Set(person.members.map(\.identifier.description))
        _ = try #require(try scratch.store.erase(contact, at: Instant(9)))
        #expect(try scratch.store.misplaced(after: 0, limit: 1_000_000).found == [])
        try Self.feed(Array(events[place...]), to: scratch, &random, erased: erased)
        let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }
        let mass = try scratch.store.mass(scratch.store.names())
        #expect(mass + (try scratch.store.departed()) == applied, "seed \(seed)")

        let never = try StateScratch()
        let past = events[..<place].compactMap { Self.without(erased, $0) }
        let rest = events[place...].filter { !Self.names($0, anyOf: erased) }
        try Self.feed((past + rest).shuffled(using: &random), to: never, &random)
        #expect(try Self.facts(scratch) == Self.facts(never), "seed \(seed) \(erased)")
        let seen: Set<String> = [
            "first_seen", "last_seen", "email", "domain", "deliverability", "soft_streak",
        ]
        let difference = try Self.difference(scratch, never, but: seen)
        #expect(difference == [], "seed \(seed) \(erased): \(difference.prefix(4))")
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `what was linked and unlinked is published as if nobody had`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 977)
        var source = RandomEvents(seed: seed, people: 10)
        let events = source.next(300)
        let scratch = try StateScratch()
        try Self.feed(Array(events[..<150]), to: scratch, &random)
        let ids = try scratch.rows("SELECT id FROM identifier ORDER BY id").compactMap(Int64.init)
        var said: [(joined: Bool, a: Int64, b: Int64)] = []
        while said.count < 6 {
            let (a, b) = (random.pick(ids), random.pick(ids))
            guard a != b, !said.contains(where: { Set([$0.a, $0.b]) == Set([a, b]) }) else {
                continue
            }
            let joined = random.oneIn(2)
            _ = try scratch.store.assert(joined: joined, a, b, by: "test", at: Instant(1))
            said.append((joined, a, b))
        }
        _ = try Self.published(scratch)
        // Events that come meanwhile count as ever.
        try Self.feed(Array(events[150...]), to: scratch, &random)
        for entry in said.shuffled(using: &random) {
            let result = try scratch.store.assert(
                joined: !entry.joined, entry.a, entry.b, by: "test", at: Instant(2))
            #expect(result.revoked)
        }
        let never = try StateScratch()
        try Self.feed(events.shuffled(using: &random), to: never, &random)
        #expect(try scratch.store.canonicalDump() == never.store.canonicalDump(), "seed \(seed)")
        let difference = try Self.difference(scratch, never)
        #expect(difference == [], "seed \(seed): \(difference.prefix(4))")
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `logs that are read again after an erasure bring nobody back`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 389)
        var source = RandomEvents(seed: seed, people: 10)
        let events = source.next(200)
        let scratch = try StateScratch()
        try Self.feed(events, to: scratch, &random)
        let roots = try scratch.rows("SELECT id FROM identifier WHERE root IS NULL ORDER BY id")
        let contact = try #require(roots.compactMap(Int64.init).randomElement(using: &random))
        let person = try #require(try scratch.store.person(contact))
        let erased = Set(person.members.map(\.identifier.description))
        _ = try #require(try scratch.store.erase(contact, at: Instant(9)))
        let before = try scratch.store.canonicalDump()
        let own = events.filter { Self.names($0, anyOf: erased) }
        for _ in 0..<2 {
            scratch.folder.suppress(scratch.store.erasedTokens)
            let records = try scratch.store.streams().reduce(0) { $0 + $1[.suppressed] }
            try scratch.commit(own)
            let after = try scratch.store.streams().reduce(0) { $0 + $1[.suppressed] }
            #expect(after - records == Int64(own.filter { $0.type != "unknown_thing" }.count))
            #expect(try scratch.store.canonicalDump() == before, "seed \(seed)")
            let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }
            let mass = try scratch.store.mass(scratch.store.names())
            #expect(mass + (try scratch.store.departed()) == applied, "seed \(seed)")
            try scratch.reopen()
        }
    }
}
