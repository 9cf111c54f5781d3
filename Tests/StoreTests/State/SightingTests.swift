import Core
import TestKit
import Testing

@testable import Store

@Suite struct SightingTests {
    @Test func `a row holds the first and last time of 64 identifiers`() throws {
        var row = SightingRow()
        var expected: [Int64: SightingRow.Times] = [:]
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let id = Int64.random(in: 128..<192, using: &random)
            #expect(SightingRow.key(of: id) == 2)
            let times = [0, 1].map { _ in Int64.random(in: 1..<(1 << 47), using: &random) }.sorted()
            if Int.random(in: 0..<8, using: &random) == 0 {
                row.forget(id)
                expected[id] = nil
            } else {
                let known = expected[id] ?? (times[0], times[1])
                let wider = (min(known.first, times[0]), max(known.last, times[1]))
                let isChanged = expected[id].map { $0 != wider } ?? true
                #expect(row.widen(id, to: (times[0], times[1])) == isChanged)
                expected[id] = wider
            }
            for id in Int64(128)..<192 {
                #expect(row.times(of: id)?.first == expected[id]?.first)
                #expect(row.times(of: id)?.last == expected[id]?.last)
            }
            #expect(row.isEmpty == expected.isEmpty)
        }
    }

    @Test func `the row of those who are gone goes too`() throws {
        let scratch = try StateScratch()
        try scratch.commit([
            OwnedEvent(at: RandomEvents.start, type: "click", ["email": "a@example.com"])
        ])
        #expect(try scratch.rows("SELECT count(*) FROM sighting") == ["1"])
        _ = try scratch.store.erase(1, at: Instant(RandomEvents.start))
        #expect(try scratch.rows("SELECT count(*) FROM sighting") == ["0"])
    }
}
