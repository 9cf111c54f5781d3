import Core
import TestKit
import Testing

@Suite("Deduplicator")
struct DeduplicatorTests {
    @Test func `it remembers each key of each day once, zero too`() {
        var random = SeededGenerator(seed: 1)
        var deduplicator = Deduplicator(limit: 1_000_000)
        var known: [Int32: Set<UInt64>] = [:]
        for _ in 0..<50_000 {
            let key = UInt64.random(in: 0..<20_000, using: &random) &* 0x9E37_79B9_7F4A_7C15
            if key == 1 { continue }  // 0 and 1 share a place, which two real hashes never meet
            let day = Int32.random(in: 0..<3, using: &random)
            let isNew = known[day, default: []].insert(key).inserted
            let isFirst = deduplicator.isFirst(key, day: Day(day))
            #expect(isFirst == isNew)
        }
        #expect(deduplicator.count == known.values.reduce(0) { $0 + $1.count })
    }

    @Test func `the oldest day goes when there are too many, and is counted`() {
        var deduplicator = Deduplicator(limit: 10)
        for key in 1...8 as ClosedRange<UInt64> { _ = deduplicator.isFirst(key, day: Day(1)) }
        for key in 1...3 as ClosedRange<UInt64> { _ = deduplicator.isFirst(key, day: Day(2)) }
        #expect(deduplicator.count == 3)
        #expect(deduplicator.evicted == 8)
        let changes = deduplicator.takeChanges()
        #expect(changes.dropped == [Day(1)])
        #expect(changes.added.map(\.day) == [Day(2)])
        let isFirst = deduplicator.isFirst(1, day: Day(1))
        #expect(isFirst)
    }

    @Test func `a lower limit lets the oldest days go at once`() {
        var deduplicator = Deduplicator(limit: 10)
        for day in 1...3 as ClosedRange<Int32> { _ = deduplicator.isFirst(5, day: Day(day)) }
        deduplicator.use(limit: 2)
        #expect(deduplicator.count == 2 && deduplicator.evicted == 1)
        #expect(deduplicator.takeChanges().dropped == [Day(1)])
    }

    @Test func `days before the window are let go`() {
        var deduplicator = Deduplicator(limit: 100)
        for day in 1...9 as ClosedRange<Int32> { _ = deduplicator.isFirst(5, day: Day(day)) }
        deduplicator.forget(before: Day(4))
        #expect(deduplicator.count == 6)
        #expect(deduplicator.evicted == 0)
        let (gone, kept) = (
            deduplicator.isFirst(5, day: Day(3)), deduplicator.isFirst(5, day: Day(4))
        )
        #expect(gone && !kept)
    }

    @Test func `a new day gets the room of the one before, and one that comes late does not`() {
        var deduplicator = Deduplicator(limit: 1_000_000)
        func fill(_ day: Int32, _ keys: UInt64) -> Int {
            for key in 0..<keys {
                _ = deduplicator.isFirst(key &* 0x9E37_79B9_7F4A_7C15, day: Day(day))
            }
            return deduplicator.footprint
        }
        let first = fill(20_000, 5000)
        let late = fill(19_000, 1)
        #expect(late - first < 1000)
        let second = fill(20_001, 1)
        #expect((50_000..<60_000).contains(second - late))
        #expect(fill(20_001, 4900) == second)
        let third = fill(20_002, 1)
        #expect((49_000..<60_000).contains(third - second))
        let quiet = fill(20_003, 1)
        #expect(quiet - third < 1000)
        let busy = fill(20_004, 100_000)
        #expect((600_000..<700_000).contains(fill(20_005, 1) - busy))
    }
}
