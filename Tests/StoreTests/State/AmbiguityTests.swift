import Core
import TestKit
import Testing

@testable import Store

@Suite struct AmbiguityTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `the report has every ambiguous identifier with what its edges say`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var source = RandomEvents(seed: seed, people: 10)
        try scratch.commit(source.next(200))
        let names = try scratch.rows("SELECT id || ' ' || value FROM identifier ORDER BY id")
        let ids = names.compactMap { $0.split(separator: " ").first.flatMap { Int64($0) } }
        // A link takes one out of the report, an unlink changes what is said of another.
        _ = try scratch.store.assert(
            joined: true, ids[ids.count - 1], ids[0], by: "test", at: Instant(1))
        _ = try scratch.store.assert(
            joined: false, ids[ids.count - 2], ids[1], by: "test", at: Instant(1))

        let expected = try scratch.rows(
            """
            SELECT i.value || ' ' || coalesce(h.root, h.id) || ' ' || sum(e.n)
            FROM identifier i JOIN edge e ON e.lower = i.id JOIN identifier h ON h.id = e.higher
            WHERE i.ambiguous AND NOT EXISTS (
                SELECT 1 FROM assertion a JOIN identifier t ON t.id = a.higher WHERE a.lower = i.id
                    AND coalesce(t.root, t.id) = coalesce(h.root, h.id))
            GROUP BY i.id, coalesce(h.root, h.id)
            """)
        var found: [String] = []
        var last: Int64? = 0
        while let after = last {
            let step = try scratch.store.ambiguous(after: after, limit: 7)
            for entry in step.found {
                #expect(entry.people.count > 1)
                #expect(entry.people.allSatisfy { $0.n * 4 < entry.n * 3 }, "seed \(seed)")
                #expect(entry.people.map(\.n) == entry.people.map(\.n).sorted(by: >))
                #expect(try scratch.store.contact(of: entry.id) == entry.id)
                for person in entry.people {
                    #expect(try scratch.store.identifier(person.contact) == person.identifier)
                    let value = String(decoding: entry.identifier.value, as: UTF8.self)
                    found.append("\(value) \(person.contact) \(person.n)")
                }
            }
            last = step.last
        }
        #expect(!found.isEmpty)
        #expect(found.sorted() == expected.sorted(), "seed \(seed)")
    }
}
