import Core
import TestKit
import Testing

@testable import Store

@Suite struct ExpiryTests {
    private static func day(_ event: OwnedEvent) -> Day { Day(of: Instant(event.at), in: .utc) }

    /// The slow way: cookies that never stood beside anybody, and rested for 90 days.
    private static func resting(_ events: [OwnedEvent], on day: Day) -> Set<String> {
        var last: [String: Day] = [:]
        var known: Set<String> = []
        for event in events where event.type != "unknown_thing" {
            guard let cookie = event.fields["cookie"] else { continue }
            last[cookie] = max(last[cookie] ?? Self.day(event), Self.day(event))
            if event.fields["email"] != nil || event.fields["customer_id"] != nil {
                known.insert(cookie)
            }
        }
        return Set(last.filter { !known.contains($0.key) && day.days(since: $0.value) > 90 }.keys)
    }

    /// Expires all, in small steps.
    @discardableResult
    private static func expire(
        _ store: StateStore, on day: Day, looking: Int = 7, limit: Int = 2
    ) throws -> (contacts: [Int64], events: Int64) {
        var all: (contacts: [Int64], events: Int64) = ([], 0)
        var after: Int64? = 0
        while let id = after {
            let step = try store.expireCookies(
                after: id, on: day, in: .utc, at: Instant(9), looking: looking, limit: limit)
            all.contacts += step.contacts
            all.events += step.events
            after = step.last
        }
        return all
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `what is left is what there is if expired cookies had never come`(seed: UInt64) throws {
        var source = RandomEvents(seed: seed, people: 150, days: 300)
        let events = source.next(300)
        let scratch = try StateScratch()
        try scratch.commit(events)
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(260)
        let resting = Self.resting(events, on: day)
        let gone = try Self.expire(scratch.store, on: day)
        #expect(gone.contacts.count == resting.count && resting.count > 5, "seed \(seed)")

        let others = try StateScratch()
        try others.commit(events.filter { !resting.contains($0.fields["cookie"] ?? "") })
        #expect(
            try scratch.store.canonicalDump() == others.store.canonicalDump(), "seed \(seed)")
        #expect(try scratch.store.departed() == gone.events)
        let mass = try scratch.store.mass(scratch.folder.names)
        let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }
        #expect(mass + gone.events == applied, "seed \(seed)")
        for table in ["lifetime", "trait"] {
            let orphans = try scratch.rows(
                "SELECT identifier FROM \(table) WHERE identifier NOT IN (SELECT id FROM identifier)"
            )
            #expect(orphans == [])
        }
        #expect(try Self.expire(scratch.store, on: day).contacts == [])
    }

    @Test func `whoever comes back is somebody new, also after a restart`() throws {
        let scratch = try StateScratch()
        let event = OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": "c"])
        let first = try scratch.commit([event])
        let day = Self.day(event)
        #expect(try Self.expire(scratch.store, on: day.adding(90)).contacts == [])
        #expect(try Self.expire(scratch.store, on: day.adding(91)).contacts == first)
        try scratch.reopen()
        var later = event
        later.at += 100 * 86_400_000
        let second = try scratch.commit([later])
        #expect(second.count == 1 && Set(second).isDisjoint(with: first))
    }

    @Test func `whose place is behind that of an expired cookie is found as before`() throws {
        let scratch = try StateScratch()
        let old = OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": "old"])
        var fresh = OwnedEvent(at: old.at + 80 * 86_400_000, type: "click", ["cookie": "fresh"])
        try scratch.commit([old])
        try scratch.commit([fresh])
        // As if both had one hash, and the old one had come first.
        try scratch.store.connection.execute(
            """
            UPDATE identifier SET hash = hash + 1 WHERE value = 'fresh';
            UPDATE identifier SET hash = (SELECT hash - 1 FROM identifier WHERE value = 'fresh')
            WHERE value = 'old'
            """)
        #expect(try Self.expire(scratch.store, on: Self.day(old).adding(95)).contacts == [1])
        fresh.at += 1
        #expect(try scratch.commit([fresh]) == [2])
        #expect(try scratch.rows("SELECT value FROM identifier") == ["fresh"])
    }

    @Test func `who was asserted to be somebody stays`() throws {
        let scratch = try StateScratch()
        let names = ["a", "b", "c"]
        try scratch.commit(
            names.map { OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": $0]) })
        _ = try scratch.store.assert(joined: true, 1, 2, by: "test", at: Instant(1))
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(200)
        #expect(try Self.expire(scratch.store, on: day).contacts == [3])
    }
}
