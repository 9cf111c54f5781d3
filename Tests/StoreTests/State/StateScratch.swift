import Core
import Foundation
import Glibc
import TestKit

@testable import Store

/// A directory with a `state.db` of a test's own, gone with the test.
final class StateScratch {
    let directory: String
    private var opened: StateStore?
    var store: StateStore {
        guard let opened else { preconditionFailure("closed") }
        return opened
    }
    private(set) var folder: Folder
    var path: String { directory + "/state.db" }

    init() throws {
        directory = "/tmp/leadscored-store-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let store = try Self.open(directory)
        opened = store
        folder = Folder(hash: store.hash, names: try Self.intern(store))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Ends the store.
    func close() { opened = nil }

    /// Ends the store as a stopped daemon does, and opens it again with what is remembered.
    func reopen(limit: Int = 1_000_000) throws {
        opened = nil
        opened = try Self.open(directory)
        var deduplicator = Deduplicator(limit: limit)
        try store.restoreKeys(into: &deduplicator)
        folder = Folder(hash: store.hash, names: try Self.intern(store), deduplicator)
    }

    static func open(_ directory: String) throws(StoreError) -> StateStore {
        try StateStore(
            path: directory + "/state.db", zone: .utc,
            random: { (0..<$0).map { UInt8(truncatingIfNeeded: $0 &* 37) } })
    }

    static func intern(_ store: StateStore) throws -> NameTable {
        let model = RandomEvents.model
        return try store.intern(
            signals: model.signals.map(\.name), topics: model.topics.map(\.name))
    }

    /// Commits events as one checkpoint.
    @discardableResult
    func commit(_ events: some Sequence<OwnedEvent>) throws -> [Int64] {
        try store.commit(folder.checkpoint(of: events), at: Instant(RandomEvents.start))
    }

    /// Rows of a query, each as one text.
    func rows(_ sql: String) throws -> [String] { try Self.rows(sql, store.connection) }

    static func rows(_ sql: String, _ connection: Connection) throws -> [String] {
        let read = try connection.prepare(sql)
        var rows: [String] = []
        while try read.step() { rows.append(read.text(0)) }
        return rows
    }
}

/// Folds events into checkpoints as the ingest does, without files.
final class Folder {
    static let source = SourceScope(name: "test", trust: .full, scope: 0)
    let names: NameTable
    private var fold: EventFold
    /// What was committed of the one stream.
    private(set) var lines: Int64 = 0

    init(
        hash: KeyedHash, names: NameTable,
        _ deduplicator: Deduplicator = Deduplicator(limit: 1_000_000),
        model: Model = RandomEvents.model
    ) {
        self.names = names
        fold = EventFold(
            model: model,
            matcher: SignalMatcher(
                model: model, signalID: { names.number($0) ?? 0 },
                topicID: { names.number($0, .topic) ?? 0 },
                twinID: { names.number($0, .machineTwin) },
                originID: { names.number($0.name, .originRule) }),
            hash: hash, deduplicator: deduplicator, latest: Instant(.max))
    }

    var deduplicator: Deduplicator { fold.deduplicator }

    /// Has events suppressed that name erased persons.
    func suppress(_ tokens: Set<UInt64>) { fold.erased = tokens }

    /// Goes on after so many lines that were committed before.
    func advance(to lines: Int64) { self.lines = lines }

    /// Adds an event to a delta.
    func add(_ event: OwnedEvent, to delta: inout FactDelta) -> Verdict {
        event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
    }

    /// A checkpoint of events that stand in one stream, one line each.
    func checkpoint(of events: some Sequence<OwnedEvent>, stream: Int64 = 1) -> Checkpoint {
        var checkpoint = Checkpoint()
        var tally = StreamTally()
        for event in events {
            let verdict = add(event, to: &checkpoint.facts)
            tally.lines += 1
            tally.count(verdict)
            if verdict.outcome == .quarantined {
                checkpoint.quarantined.append(
                    .init(stream: stream, offset: lines, verdict: verdict, bytes: [1, 2]))
            }
        }
        lines += tally.lines
        checkpoint.tallies[stream] = tally
        checkpoint.positions = [Self.position(stream, offset: lines)]
        let changes = fold.deduplicator.takeChanges()
        checkpoint.duplicateKeys = changes.added
        checkpoint.droppedDays = changes.dropped
        return checkpoint
    }

    static func position(_ stream: Int64, offset: Int64) -> StreamPosition {
        StreamPosition(
            id: stream, source: "events", path: Array("/log/a.\(stream)".utf8),
            identity: FileIdentity(device: 1, inode: .max, generation: 2, born: -3),
            offset: offset, size: offset + 5, head: [0, 255, 10], anchor: .max - 1,
            anchorLength: 3, lostBytes: 7, retired: stream == 2)
    }
}
