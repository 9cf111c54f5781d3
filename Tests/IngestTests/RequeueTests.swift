import Core
import TestKit
import Testing

@testable import Ingest

/// Quarantined lines that are read again, and lines that are looked for in their files.
@Suite struct RequeueTests {
    private static let hash = KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength))
    private static let late = Instant(1_800_000_000_000)
    private let files = MemoryFileSystem()

    private func ingestor(latest: Instant = late, each: [String] = []) -> Ingestor {
        let model = Model()
        var layout = FieldLayout()
        layout.fields = [.ts: ["/ts"], .cookie: ["/cookie"]]
        layout.type = "visit"
        layout.each = each
        let sources = [
            SourceDefinition(name: "s", paths: ["/log/*.log"]),
            SourceDefinition(
                name: "hooks", paths: ["/hooks/*.log"], format: "json", layout: .fields(layout)),
        ]
        let follower = Follower(
            sources: sources, files: files, watcher: nil, positions: [], nextStreamID: 1,
            hash: Self.hash, clock: { 0 })
        return Ingestor(
            follower: follower, sources: sources, hash: Self.hash,
            fold: EventFold(
                model: model,
                matcher: SignalMatcher(model: model, signalID: { _ in 1 }, topicID: { _ in 2 }),
                hash: Self.hash, deduplicator: Deduplicator(limit: 10_000), latest: latest))
    }

    private func readAll(_ ingestor: Ingestor) -> Checkpoint {
        ingestor.follower.discover()
        while ingestor.turn() {}
        return ingestor.takeCheckpoint()
    }

    /// What a store would hand over of a checkpoint's quarantine.
    private func lines(
        of checkpoint: Checkpoint, source: String = "s"
    ) -> [RequeuedLine] {
        checkpoint.quarantined.enumerated().map { place, record in
            RequeuedLine(
                id: Int64(place + 1), stream: record.stream, source: source, head: [],
                offset: record.offset, verdict: record.verdict, line: record.bytes)
        }
    }

    @Test func `what is read again comes to what it would have come to at once`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var text = ""
        for _ in 0..<500 {
            // Some are in the future at first, some of those repeat each other, some are nonsense.
            let day = Int.random(in: 10...28, using: &random)
            let id = Int.random(in: 0..<60, using: &random)
            text +=
                random.oneIn(9)
                ? "nonsense\n"
                : #"{"ts":"2026-01-\#(day)T00:00:00Z","type":"identify","cookie":"k","id":"\#(id)"}"#
                    + "\n"
        }
        files.create("/log/a.log", text)
        let expected = readAll(ingestor()).tallies[1]
        let early = ingestor(latest: Instant(1_768_780_800_000))  // 2026-01-19
        let first = readAll(early)
        early.advance(latest: Self.late, forgetBefore: nil)
        let asked = lines(of: first)
        let results = early.requeue(asked)
        let second = early.takeCheckpoint()
        #expect(results.count == asked.count)
        #expect(second.records == 0 && !second.requeued.isEmpty)
        var sum = first.tallies[1]
        if let more = second.tallies[1] { sum?.add(more) }
        #expect(sum == expected)
        let futures = asked.filter { $0.verdict == .future }
        #expect(second.requeued.map(\.id) == futures.map(\.id))
        #expect(!futures.isEmpty)
    }

    @Test func `erased persons, other sources and lines of several events are respected`() {
        let ingestor = ingestor(each: ["/events"])
        func line(_ text: String, _ source: String) -> RequeuedLine {
            RequeuedLine(
                id: 9, stream: 4, source: source, head: [], offset: 0, verdict: .field,
                line: Array(text.utf8))
        }
        let one = #"{"ts":"2026-01-01T00:00:00Z","cookie":"k"}"#
        let results = ingestor.requeue([
            line(#"{"events":[\#(one),\#(one)]}"#, "hooks"),
            line(#"{"events":[\#(one)]}"#, "hooks"),
            line(one, "gone"), line(#"{"events":["x"]}"#, "hooks"),
            line(String(repeating: "x", count: Bounds.lineBytes + 1), "s"),
        ])
        #expect(results[0] == .several && results[2] == .noSource)
        #expect(results[4] == .became(.oversize))
        guard case .became(let single) = results[1], case .became(let bad) = results[3] else {
            Issue.record("\(results)")
            return
        }
        #expect(single.outcome != .quarantined && bad.outcome == .quarantined)
        let tally = ingestor.takeCheckpoint().tallies[4]
        #expect(tally?.records == 0 && tally?.verdicts.reduce(0, +) == 0)
    }

    @Test func `a long line is found in its file as long as that is the same`() throws {
        let long = String(repeating: "y", count: 3000)
        files.create("/log/a.log", "first\n" + long + "\nlast\n")
        let position = try #require(readAll(ingestor()).positions.first)
        let recovery = LineRecovery(files: files, hash: Self.hash)
        let kept = Array(long.utf8.prefix(1024))
        func find() -> LineRecovery.Found {
            recovery.line(at: 6, beginning: kept, of: position)
        }
        #expect(find() == .line(Array(long.utf8)))
        files.append("/log/a.log", "more\n")
        #expect(find() == .line(Array(long.utf8)))
        #expect(recovery.line(at: 5, beginning: kept, of: position) == .changed)
        var packed = position
        packed.packed = PackedFile(size: 1, modified: 1, isRead: true)
        #expect(recovery.line(at: 6, beginning: kept, of: packed) == .packed)
        files.rename("/log/a.log", "/log/b.log")
        #expect(find() == .missing)
        files.create("/log/a.log", "first\n" + long + "\nlast\n")
        #expect(find() == .changed)
        #expect(files.openFilesNow <= 1)
    }
}
