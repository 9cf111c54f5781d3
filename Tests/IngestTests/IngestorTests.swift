import Core
import Testing

@testable import Ingest

@Suite struct IngestorTests {
    private static let hash = KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength))
    private let files = MemoryFileSystem()

    private func ingestor(limit: Int = 1000, latest: Instant = Instant(1_800_000_000_000))
        -> Ingestor
    {
        let model = Model()
        let sources = [SourceDefinition(name: "s", paths: ["/log/*.log"])]
        let follower = Follower(
            sources: sources, files: files, watcher: nil, positions: [], nextStreamID: 1,
            hash: Self.hash, clock: { 0 })
        return Ingestor(
            follower: follower, sources: sources, hash: Self.hash,
            fold: EventFold(
                model: model,
                matcher: SignalMatcher(model: model, signalID: { _ in 1 }, topicID: { _ in 2 }),
                hash: Self.hash, deduplicator: Deduplicator(limit: limit), latest: latest))
    }

    private func line(_ ts: String, _ rest: String = "") -> String {
        #"{"ts":"\#(ts)","type":"identify","cookie":"k"\#(rest)}"# + "\n"
    }

    private func readAll(_ ingestor: Ingestor) -> Checkpoint {
        ingestor.follower.discover()
        while ingestor.turn() {}
        return ingestor.takeCheckpoint()
    }

    @Test func `positions, counts, facts and keys of a checkpoint are of the same lines`() {
        let ingestor = ingestor()
        files.create(
            "/log/a.log",
            line("2026-01-01T00:00:00Z", #","id":"1""#)
                + line("2026-01-01T00:00:00Z", #","id":"1""#)
                + "nonsense\n" + line("2026-01-02T00:00:00Z", #","id":"2""#) + "partial")
        let checkpoint = readAll(ingestor)
        let tally = checkpoint.tallies[1]
        #expect(tally?.lines == 4 && tally?.records == 4)
        #expect(tally?[.applied] == 2 && tally?[.duplicate] == 1 && tally?[.quarantined] == 1)
        #expect(checkpoint.quarantined.map(\.bytes) == [Array("nonsense".utf8)])
        #expect(checkpoint.duplicateKeys.map { ($0.day.number, $0.keys.count).1 } == [1, 1])
        #expect(checkpoint.positions.map(\.offset) == [checkpoint.positions[0].size - 7])
        #expect(ingestor.pendingRecords == 0 && ingestor.records == 4)
        #expect(ingestor.takeCheckpoint().isEmpty)
    }

    @Test func `behind a cut only an id tells what was counted`() {
        let ingestor = ingestor()
        let at = "2026-01-01T00:00:00Z"
        let before = (0..<40).map { line(at, #","id":"\#($0)""#) + line(at) + "nonsense\n" }
        files.create("/log/a.log", before.joined())
        #expect(readAll(ingestor).tallies[1]?[.applied] == 80)
        files.truncate("/log/a.log", to: before.prefix(30).joined().utf8.count)
        files.append("/log/a.log", line(at, #","id":"new""#) + line(at))
        let checkpoint = readAll(ingestor)
        let tally = checkpoint.tallies[2]
        #expect(tally?[.applied] == 1 && tally?[.duplicate] == tally.map { $0.records - 1 })
        #expect(tally?[.duplicate] ?? 0 > 1 && checkpoint.quarantined.isEmpty)
        #expect(checkpoint.positions.map(\.seam).max() == checkpoint.positions.map(\.offset).last)
        files.append("/log/a.log", line(at) + "nonsense\n")
        let next = readAll(ingestor)
        #expect(next.tallies[2]?[.applied] == 1 && next.quarantined.count == 1)
    }

    @Test(arguments: [false, true])
    func `behind a cut too the beginning keeps nothing of an erased person`(hasID: Bool) {
        let ingestor = ingestor()
        func of(_ cookie: String, _ number: Int) -> String {
            #"{"ts":"2026-01-01T00:00:00Z","type":"identify","cookie":"\#(cookie)""#
                + (hasID ? #","id":"\#(number)"}"# : "}") + "\n"
        }
        // One block, with no anchor before its last lines.
        let lines = (0..<6).map { of($0 < 5 ? "gone" : "stays", $0) }
        files.create("/log/a.log", lines.joined())
        _ = readAll(ingestor)
        ingestor.suppress([
            Self.hash([IdentifierKind.cookie.rawValue] + Array("gone".utf8))
        ])
        files.truncate("/log/a.log", to: lines.prefix(5).joined().utf8.count - 3)
        let checkpoint = readAll(ingestor)
        let position = checkpoint.positions.last
        let suppressed = checkpoint.suppressed[position?.id ?? 0] ?? []
        let whole = lines[0].utf8.count - 1
        #expect(!suppressed.isEmpty && suppressed.allSatisfy { $0.count == whole })
        #expect(checkpoint.tallies[2]?[.applied] == 0)
    }

    @Test func `keys that are let go in the quiet are let go on disk too`() {
        let ingestor = ingestor()
        files.create("/log/a.log", line("2026-01-01T00:00:00Z", #","id":"1""#))
        _ = readAll(ingestor)
        ingestor.advance(latest: Instant(1_800_000_000_000), forgetBefore: Day("2026-01-09"))
        let checkpoint = ingestor.takeCheckpoint()
        #expect(checkpoint.droppedDays.map(\.description) == ["2026-01-01"])
        #expect(!checkpoint.isEmpty)
    }

    @Test func `an event beyond the days that can be kept is in the future for every clock`() {
        let ingestor = ingestor(latest: Instant(.max))
        files.create(
            "/log/a.log",
            line("2149-06-06T00:00:00Z") + line("2149-06-07T12:00:00Z")
                + line("9999-12-31T23:59:59Z"))
        let tally = readAll(ingestor).tallies[1]
        #expect(tally?[.applied] == 1 && tally?[.quarantined] == 2)
    }

    @Test func `no log states an attribute that is the CRM's own`() {
        let ingestor = ingestor()
        files.create(
            "/log/a.log", line("2026-01-01T00:00:00Z", #","traits":{"$owner":"\"me\"","team":1}"#))
        let checkpoint = readAll(ingestor)
        let stated = checkpoint.facts.traits.keys.map {
            String(decoding: $0.attribute, as: UTF8.self)
        }
        #expect(!stated.contains("$owner"))
    }
}
