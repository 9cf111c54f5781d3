import Core
import TestKit
import Testing

@testable import Store

/// What is looked at when a run did not come to its end.
@Suite struct RunTests {
    @Test func `a run that did not come to its end is known to the next`() throws {
        let scratch = try StateScratch()
        #expect(try !scratch.store.beginRun())
        try scratch.reopen()
        #expect(try scratch.store.beginRun())
        try scratch.store.endRun()
        try scratch.reopen()
        #expect(try !scratch.store.beginRun())
    }

    @Test func `a suspect is counted, and let go when it did no harm for long`() throws {
        let scratch = try StateScratch()
        let line = SuspectLine(offset: 7, length: 3, hash: .max)
        try scratch.store.note(line, at: Instant(0))
        #expect(try scratch.store.suspects() == [line])
        #expect(try !scratch.store.suspects().contains(where: \.isPoison))
        try scratch.store.note(line, at: Instant(86_400_000))
        try scratch.reopen()
        #expect(try scratch.store.suspects().map(\.tries) == [2])
        #expect(try scratch.store.suspects().allSatisfy(\.isPoison))
        let other = SuspectLine(offset: 7, length: 3, hash: 1)
        try scratch.store.note(other, at: Instant(9 * 86_400_000))
        #expect(try scratch.store.suspects() == [other])
    }

    @Test func `a sound state keeps the laws`() throws {
        let scratch = try filled()
        let found = try scratch.store.breach(within: 10_000, clock: { 0 })
        #expect(found.detail == nil && found.isComplete)
    }

    @Test(arguments: [
        "UPDATE outcome SET n = n + 1 WHERE outcome = 'applied'",
        "UPDATE stream SET records_read = records_read - 1",
        "DELETE FROM cell WHERE key = (SELECT max(key) FROM cell)",
        "UPDATE stream SET lines_read = records_read + 1",
    ])
    func `what does not add up is found`(sql: String) throws {
        let scratch = try filled()
        try scratch.store.connection.execute(sql)
        #expect(try scratch.store.breach(within: 10_000, clock: { 0 }).detail != nil)
    }

    @Test func `the look ends in time`() throws {
        let scratch = try filled()
        try scratch.store.connection.execute(
            """
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 20000)
            INSERT INTO cell(key, packed)
            SELECT 400 << 40 | value + 100000, (SELECT packed FROM cell LIMIT 1) FROM n
            """)
        var now: Int64 = 0
        let found = try scratch.store.breach(within: 3) {
            now += 1
            return now
        }
        #expect(found.detail == nil && !found.isComplete && now < 6)
    }

    private func filled() throws -> StateScratch {
        let scratch = try StateScratch()
        var events = RandomEvents(seed: 5, people: 30, days: 100)
        for _ in 0..<3 { try scratch.commit(events.next(200)) }
        return scratch
    }
}
