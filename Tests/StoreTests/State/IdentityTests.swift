import Core
import Foundation
import TestKit
import Testing

@testable import Store

@Suite struct IdentityTests {
    private static func persons(_ scratch: StateScratch) throws -> [String] {
        try scratch.rows(
            "SELECT id || ' ' || coalesce(root, '-') || ' ' || ambiguous FROM identifier ORDER BY 1"
        )
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `what was linked and unlinked again is as it was before`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed &* 31)
        var source = RandomEvents(seed: seed, people: 8)
        try scratch.commit(source.next(120))
        let ids = try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init)
        let before = try Self.persons(scratch)
        var said: [(joined: Bool, a: Int64, b: Int64)] = []
        for _ in 0..<12 {
            let a = random.pick(ids)
            let b = random.pick(ids)
            let isNew = !said.contains { Set([$0.a, $0.b]) == Set([a, b]) }
            guard a != b, isNew else { continue }
            let joined = random.oneIn(2)
            let result = try scratch.store.assert(
                joined: joined, a, b, by: "test", at: Instant(1))
            #expect(!result.revoked)
            if joined { #expect(result.isOnePerson, "seed \(seed)") }
            said.append((joined, a, b))
            #expect(try scratch.store.misplaced(after: 0, limit: 1_000_000).found == [])
        }
        // In any order: each is taken back by its opposite.
        for entry in said.shuffled(using: &random) {
            let result = try scratch.store.assert(
                joined: !entry.joined, entry.a, entry.b, by: "test", at: Instant(2))
            #expect(result.revoked)
        }
        #expect(try Self.persons(scratch) == before, "seed \(seed)")
    }

    @Test func `events do not undo what was asserted`() throws {
        let scratch = try StateScratch()
        func event(_ fields: [String: String]) -> OwnedEvent {
            OwnedEvent(at: RandomEvents.start, type: "click", fields)
        }
        try scratch.commit([
            event(["email": "a@x.de", "cookie": "c"]), event(["email": "b@x.de"]),
        ])
        func number(_ kind: IdentifierKind, _ text: String) throws -> Int64 {
            let identifier = try #require(Identifier(kind: kind, text: text))
            return try #require(try scratch.store.number(of: identifier))
        }
        let (a, b, c) = (
            try number(.email, "a@x.de"), try number(.email, "b@x.de"), try number(.cookie, "c")
        )
        _ = try scratch.store.assert(joined: true, b, a, by: "test", at: Instant(1))
        _ = try scratch.store.assert(joined: false, c, a, by: "test", at: Instant(1))
        #expect(try scratch.store.contact(of: b) == a)
        for _ in 0..<20 {
            try scratch.commit([
                event(["email": "a@x.de", "cookie": "c"]),
                event(["email": "b@x.de", "cookie": "d"]),
            ])
        }
        #expect(try scratch.store.contact(of: b) == a)
        #expect(try scratch.store.contact(of: c) == c)
        #expect(try scratch.store.contact(of: try number(.cookie, "d")) == a)
    }

    /// Events of people who share nothing; one of them is to be erased.
    private static func events(_ random: inout SeededGenerator) -> [OwnedEvent] {
        (0..<80).map { _ in
            let person = Int.random(in: 0..<5, using: &random)
            let type = random.pick(["visit", "click", "purchase", "profile"])
            let at = RandomEvents.start + Int64.random(in: 0..<(90 * 86_400_000), using: &random)
            var fields: [String: String] = [:]
            if random.oneIn(2) { fields["customer_id"] = "K\(person)" }
            if random.oneIn(2) { fields["email"] = "p\(person)@x.de" }
            fields["cookie"] = "c\(person)-\(Int.random(in: 0...1, using: &random))"
            return OwnedEvent(at: at, type: type, fields)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `who is erased was never there, but for the counters`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 57)
        let events = Self.events(&random)
        let scratch = try StateScratch()
        try scratch.commit(events)
        let owner = events.first { $0.fields["customer_id"] != nil }
        let name = try #require(owner?.fields["customer_id"])
        let identifier = try #require(Identifier(kind: .customerID, text: name))
        let number = try #require(try scratch.store.number(of: identifier))
        let person = try #require(try scratch.store.person(number))
        let names = Set(person.members.map { String(decoding: $0.identifier.value, as: UTF8.self) })
        let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }

        let result = try #require(try scratch.store.erase(number, at: Instant(9)))
        #expect(result.identifiers == person.members.count)
        let mass = try scratch.store.mass(scratch.store.names())
        #expect(mass + (try scratch.store.departed()) == applied)

        let never = try StateScratch()
        try never.commit(
            events.filter { event in !event.fields.values.contains(where: names.contains) })
        let dump = try scratch.store.canonicalDump()
        #expect(try never.store.canonicalDump() == dump, "seed \(seed)")

        // Read before it was known, or after: neither comes back.
        try scratch.commit(events.filter { $0.fields["customer_id"] == name })
        let kept = try scratch.store.canonicalDump()
        #expect(kept == dump, "seed \(seed)")
        try scratch.reopen()
        #expect(scratch.store.erasedTokens.count == names.count)
        scratch.close()
        let bytes = try Data(contentsOf: URL(filePath: scratch.path))
        for name in names where name.count > 3 {
            #expect(bytes.range(of: Data(name.utf8)) == nil, "seed \(seed): \(name)")
        }
    }

    @Test func `identifiers of one hash are still found when one of them goes`() throws {
        let scratch = try StateScratch()
        let emails = (0..<6).map { "p\($0)@x.de" }
        try scratch.commit(
            emails.map { OwnedEvent(at: RandomEvents.start, type: "click", ["email": $0]) })
        // As if the first four had the hash of the first: they stand next to each other.
        let first = try #require(Identifier(kind: .email, text: emails[0]))
        let home = scratch.store.token(of: first)
        let second = try #require(Identifier(kind: .email, text: emails[1]))
        let other = try #require(try scratch.store.number(of: second))
        try scratch.store.connection.execute(
            "UPDATE identifier SET hash = \(Int64(bitPattern: home &+ 1)) WHERE id = \(other)")
        #expect(
            try scratch.store.erase(
                try #require(try scratch.store.number(of: first)), at: Instant(1)) != nil)
        // It has moved up or stayed, but nothing lies between its own hash and it.
        let place = try scratch.rows("SELECT hash FROM identifier WHERE id = \(other)")
        #expect(
            place == ["\(Int64(bitPattern: home))"] || place == ["\(Int64(bitPattern: home &+ 1))"])
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `what is published does not depend on order or split`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 91)
        var source = RandomEvents(seed: seed, people: 9)
        let events = source.next(150)
        var shown: [[String]] = []
        for _ in 0..<2 {
            let scratch = try StateScratch()
            var rest = events.shuffled(using: &random)[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...40, using: &random)
                try scratch.commit(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            var model = RandomEvents.model
            model.signals[3].halfLife = .days(45)
            model.segments = [
                SegmentRule(
                    name: "warm", condition: Condition(sql: "score > 20 AND purchases", place: ""))
            ]
            model.fit = [
                FitRule(
                    name: "buys", condition: Condition(sql: "counts->>'purchase' > 2", place: ""),
                    points: 40)
            ]
            let directory = scratch.directory + "/published"
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            let leads = try LeadsStore(directory: directory, latest: .max)
            let publishing = try Publishing(
                store: scratch.store, model: model,
                day: Day(of: Instant(RandomEvents.start), in: .utc).adding(200))
            try publishing.publishAll(to: leads, chunk: 7)
            let columns = LeadColumn.allCases.filter { $0 != .contactID }
                .map { "quote(l.\($0.rawValue))" }.joined(separator: "||','||")
            shown.append(
                try StateScratch.rows(
                    """
                    SELECT (SELECT group_concat(q, ' ') FROM (
                            SELECT kind||':'||value||ambiguous AS q FROM identifiers i
                            WHERE i.contact_id = l.contact_id ORDER BY 1))
                        ||','||\(columns)||(SELECT count(*) FROM segment_members m
                            WHERE m.contact_id = l.contact_id)
                    FROM leads l ORDER BY 1
                    """, Connection(path: leads.path, pragmas: [])))
        }
        #expect(shown[0] == shown[1] && shown[0].count > 5, "seed \(seed)")
    }
}
