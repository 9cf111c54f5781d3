import Core
import FormatFixtures
import TestKit
import Testing

@testable import Ingest

/// Each format through the follower, however the file grows.
@Suite struct FormatChunkTests {
    private static let hash = KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength))

    private func ingestor(
        _ fixture: FormatFixture, _ files: MemoryFileSystem, _ positions: [StreamPosition],
        _ keys: [(day: Day, keys: [UInt64])] = []
    ) -> Ingestor {
        var deduplicator = Deduplicator(limit: 100_000)
        for (day, keys) in keys {
            for key in keys { deduplicator.restore(key, day: day) }
        }
        let follower = Follower(
            sources: [fixture.source], files: files, watcher: nil, positions: positions,
            nextStreamID: (positions.map(\.id).max() ?? 0) + 1, hash: Self.hash, clock: { 0 })
        var model = Model()
        model.signals = [
            SignalRule(
                name: "any", when: [ConditionSet(globs: [.type: [Glob("*")]])], weight: 1)
        ]
        return Ingestor(
            follower: follower, sources: [fixture.source], hash: Self.hash,
            fold: EventFold(
                model: model,
                matcher: SignalMatcher(model: model, signalID: { _ in 1 }, topicID: { _ in 2 }),
                hash: Self.hash, deduplicator: deduplicator,
                latest: Instant(1_800_000_000_000)))
    }

    /// Everything that came of a file.
    private struct Result: Equatable {
        var tally = StreamTally()
        var facts: [String] = []
        var quarantined: [QuarantinedRecord] = []
        var offset: Int64 = 0
        var keys: [(day: Day, keys: [UInt64])] = []

        static func == (left: Result, right: Result) -> Bool {
            left.tally == right.tally && left.facts == right.facts
                && left.quarantined == right.quarantined && left.offset == right.offset
        }

        mutating func add(_ checkpoint: Checkpoint) {
            for one in checkpoint.tallies.values { tally.add(one) }
            let dump = checkpoint.facts.canonicalDump { _ in "any" }
            // Cells of several checkpoints are not added up here: each event has an id or a time of
            // its own, so that their lines tell them apart well enough once they are sorted.
            facts += dump.split(separator: "\n").filter { $0.hasPrefix("cell") }.flatMap { line in
                let words = line.split(separator: " ")
                let n = Int(words[words.count - 2]) ?? 0
                let name = words.dropLast(2).joined(separator: " ")
                return (0..<n).map { _ in name }
            }
            facts.sort()
            quarantined += checkpoint.quarantined
            keys += checkpoint.duplicateKeys
            offset = checkpoint.positions.first?.offset ?? offset
        }
    }

    private func read(_ ingestor: Ingestor, _ result: inout Result) -> [StreamPosition] {
        ingestor.follower.discover()
        while ingestor.turn() {}
        let checkpoint = ingestor.takeCheckpoint()
        result.add(checkpoint)
        return checkpoint.positions
    }

    @Test(arguments: FormatFixture.all, 1...6)
    func `chunks that end anywhere, and restarts between them, give the same`(
        fixture: FormatFixture, seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for round in 0..<20 {
            for line in fixture.lines {
                bytes += line + [0x0A]
                if round > 0, random.oneIn(3) {
                    bytes += random.pick(FormatFixture.hostile) + [0x0A]
                }
            }
        }
        let whole = MemoryFileSystem()
        whole.create("/log/a.log")
        whole.append("/log/a.log", bytes)
        var expected = Result()
        _ = read(ingestor(fixture, whole, []), &expected)
        #expect(expected.tally[.applied] + expected.tally[.duplicate] >= 20)
        #expect(expected.tally.records >= expected.tally.lines)

        let pieces = MemoryFileSystem()
        pieces.create("/log/a.log")
        var found = Result()
        var positions: [StreamPosition] = []
        var reader = ingestor(fixture, pieces, [])
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, place + Int.random(in: 1...700, using: &random))
            pieces.append("/log/a.log", Array(bytes[place..<end]))
            place = end
            let changed = read(reader, &found)
            if !changed.isEmpty { positions = changed }
            if random.oneIn(4) { reader = ingestor(fixture, pieces, positions, found.keys) }
        }
        #expect(found == expected, "\(fixture) seed \(seed)")
        let total = Outcome.allCases.reduce(0) { $0 + found.tally[$1] }
        #expect(total == found.tally.records)
    }

    @Test func `a batch counts records, a line counts once`() {
        guard let webhook = FormatFixture.all.first(where: { $0.name == "webhook" }) else { return }
        let files = MemoryFileSystem()
        files.create(
            "/log/a.log",
            #"[{"timestamp":1789374067,"event":"click","email":"a@b.example"},{"event":"open"},"#
                + #"{"event":"click","email":"a@b.example"}]"# + "\n[]\n[{}]\n")
        var result = Result()
        _ = read(ingestor(webhook, files, []), &result)
        #expect(result.tally.lines == 3 && result.tally.records == 5)
        #expect(result.tally[.applied] == 1 && result.tally[.filtered] == 3)
        #expect(result.quarantined.map(\.verdict) == [.time])
        #expect(result.quarantined.map(\.offset) == [0])
    }

    @Test func `too many unusable lines are noticed, and forgotten when they have passed`() {
        let fixture = FormatFixture.all[0]
        let files = MemoryFileSystem()
        let reader = ingestor(fixture, files, [])
        var result = Result()
        func append(good: Int, bad: Int) -> Bool {
            for _ in 0..<bad { files.append("/log/a.log", "nonsense\n") }
            for _ in 0..<good { files.append("/log/a.log", fixture.lines[0] + [0x0A]) }
            _ = read(reader, &result)
            return !reader.unhealthy.isEmpty
        }
        #expect(!append(good: 100, bad: 9))
        #expect(append(good: 0, bad: 1))
        #expect(!append(good: 100, bad: 0))
        #expect(!append(good: 890, bad: 0))
        #expect(!append(good: 950, bad: 0))
        #expect(!append(good: 0, bad: 50))
        #expect(append(good: 0, bad: 1))
        #expect(reader.unhealthy.map(\.source) == ["nginx"])
        #expect(reader.unhealthy.first?.health.mostly == .format)
        #expect(reader.unhealthy.first?.health.seen == 1000)
        #expect(append(good: 900, bad: 0))
        #expect(!append(good: 60, bad: 0))
        #expect(append(good: 0, bad: 5000))
        #expect(reader.unhealthy.first?.health.unusable == 1000)
    }
}
