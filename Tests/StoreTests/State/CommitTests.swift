import Core
import TestKit
import Testing

@testable import Store

@Suite struct CommitTests {
    /// Events of which some come twice, and some of those have an id by which that is noticed.
    private static func events(_ seed: UInt64, _ count: Int) -> [OwnedEvent] {
        var source = RandomEvents(seed: seed)
        var random = SeededGenerator(seed: seed &+ 1)
        var events = source.next(count)
        for _ in 0..<(count / 5) { events.append(random.pick(events)) }
        events.append(OwnedEvent(at: 0, type: "click", ["cookie": "old"]))
        events.append(OwnedEvent(at: RandomEvents.start, type: "click", ["email": "nobody"]))
        return events.shuffled(using: &random)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `any split, order and reopening gives the same facts and counts`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed &* 977)
        let events = Self.events(seed, 300)
        let slow = Folder(hash: scratch.store.hash, names: scratch.folder.names)
        var whole = FactDelta()
        var verdicts: [Verdict: Int64] = [:]
        for event in events { verdicts[slow.add(event, to: &whole), default: 0] += 1 }

        var rest = events.shuffled(using: &random)[...]
        var checkpoints: Int64 = 0
        while !rest.isEmpty {
            let count = Int.random(in: 1...60, using: &random)
            try scratch.commit(rest.prefix(count))
            rest = rest.dropFirst(count)
            checkpoints += 1
            if random.oneIn(3) {
                let lines = scratch.folder.lines
                try scratch.reopen()
                scratch.folder.advance(to: lines)
            }
            #expect(scratch.store.sequence == checkpoints, "seed \(seed)")
        }
        let names = scratch.folder.names
        #expect(
            try scratch.store.canonicalDump() == whole.canonicalDump(name: names.name),
            "seed \(seed)")

        let stream = try #require(try scratch.store.streams().first)
        #expect(stream.position == Folder.position(1, offset: Int64(events.count)))
        #expect(stream.lines == Int64(events.count) && stream.records == stream.lines)
        for verdict in Verdict.allCases {
            #expect(
                stream.outcomes[verdict.outcome.name]?[verdict.reason] == verdicts[verdict],
                "\(verdict), seed \(seed)")
        }
        #expect(try scratch.store.mass(names) == verdicts[.applied], "seed \(seed)")
        #expect(try scratch.store.misplaced(after: 0, limit: 1000).found.isEmpty, "seed \(seed)")
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `duplicates are remembered over a reopening, and evicted days are forgotten`(
        seed: UInt64
    ) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed)
        let limit = 600
        try scratch.reopen(limit: limit)
        for step in 0..<12 {
            var events: [OwnedEvent] = []
            for place in 0..<Int.random(in: 1...200, using: &random) {
                let day = Int64.random(in: 0..<6, using: &random)
                events.append(
                    OwnedEvent(
                        at: RandomEvents.start + day * 86_400_000, type: "click",
                        ["cookie": "c", "id": "\(step) \(place)"]))
            }
            try scratch.commit(events)
            if random.oneIn(4) { try scratch.reopen(limit: limit) }
            var restored = Deduplicator(limit: limit)
            try scratch.store.restoreKeys(into: &restored)
            var live = scratch.folder.deduplicator
            #expect(restored.count == live.count, "seed \(seed), step \(step)")
            // Whatever is asked, both answer alike: known keys, keys let go, and new ones.
            var delta = FactDelta()
            let asked = Folder(hash: scratch.store.hash, names: scratch.folder.names, restored)
            let known = Folder(hash: scratch.store.hash, names: scratch.folder.names, live)
            for event in events {
                #expect(asked.add(event, to: &delta) == known.add(event, to: &delta))
            }
            _ = live.takeChanges()
        }
        let chunks = try scratch.rows("SELECT max(length(keys)) <= 3200 + 1600 FROM duplicate")
        #expect(chunks == ["1"])
    }

    @Test func `positions come back as they were`() throws {
        let scratch = try StateScratch()
        var checkpoint = Checkpoint()
        checkpoint.positions = [
            Folder.position(1, offset: 5), Folder.position(2, offset: .max - 10),
            StreamPosition(
                id: 9, source: "", path: [0xFF, 0],
                identity: FileIdentity(
                    device: .max, inode: 0, generation: 1 << 63, born: .min)),
        ]
        _ = try scratch.store.commit(checkpoint, at: Instant(0))
        #expect(try scratch.store.positions() == checkpoint.positions)
        try scratch.reopen()
        #expect(try scratch.store.positions() == checkpoint.positions)
        checkpoint.positions = [Folder.position(9, offset: 1)]
        _ = try scratch.store.commit(checkpoint, at: Instant(0))
        #expect(try scratch.store.positions()[2] == checkpoint.positions[0])
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `identifiers of one hash stay apart`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed)
        let signal = try #require(scratch.folder.names.number("click"))
        // Hashes that are neighbours around the end of the range, three identifiers on each.
        let hashes: [UInt64] = [.max - 1, .max, 0, 1]
        var whole = FactDelta()
        func add(_ name: Int, _ at: Instant, to delta: inout FactDelta) {
            let number = "n\(name / 2)".withSlice {
                delta.number(
                    of: $0, kind: name % 2 == 0 ? .cookie : .email,
                    hash: name < 12 ? hashes[name / 3] : UInt64(name) << 32)
            }
            delta.saw(number, at: at)
            delta.add(
                Tally(n: 1, value: 2),
                to: CellKey(identifier: number, day: Day(of: at, in: .utc), signal: signal))
        }
        for _ in 0..<20 {
            var checkpoint = Checkpoint()
            checkpoint.positions = [Folder.position(1, offset: 1)]
            // With many others new identifiers are written several at a time.
            let isLarge = random.oneIn(3)
            for _ in 0..<Int.random(in: 1...(isLarge ? 80 : 8), using: &random) {
                let name = Int.random(in: 0..<(isLarge ? 600 : 12), using: &random)
                let at = Instant(RandomEvents.start + Int64.random(in: 0..<1000, using: &random))
                add(name, at, to: &checkpoint.facts)
                add(name, at, to: &whole)
            }
            _ = try scratch.store.commit(checkpoint, at: Instant(0))
            if random.oneIn(5) { try scratch.reopen() }
        }
        let names = scratch.folder.names
        #expect(
            try scratch.store.canonicalDump() == whole.canonicalDump(name: names.name),
            "seed \(seed)")
        #expect(
            try scratch.rows("SELECT count(*) FROM identifier WHERE hash BETWEEN 2 AND 99") != ["0"]
        )
    }

    @Test func `the quarantine keeps the newest records`() throws {
        let scratch = try StateScratch()
        var checkpoint = Checkpoint()
        checkpoint.positions = [Folder.position(1, offset: 1)]
        for batch in 0..<3 {
            checkpoint.quarantined = (0..<40_000).map {
                QuarantinedRecord(
                    stream: 1, offset: Int64(batch * 40_000 + $0), verdict: .json, bytes: [])
            }
            _ = try scratch.store.commit(checkpoint, at: Instant(0))
        }
        let kept = try scratch.rows("SELECT count(*) || ' ' || min(offset) FROM quarantine")
        #expect(kept == ["\(Bounds.quarantinedRecords) 20000"])
        let (rows, start) = try scratch.store.quarantine(after: 0, limit: 2)
        #expect(rows.map(\.id) == [start, start + 1])
    }
}
