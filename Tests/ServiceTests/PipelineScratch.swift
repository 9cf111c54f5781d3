import CLinux
import Core
import Foundation
import GRDB
import Glibc
import Logging
import Store
import Synchronization
import TestKit

@testable import Service

/// A state with its two threads in a directory of a test's own, and a clock that stands still until
/// it is moved.
final class PipelineScratch: Sendable {
    let scratch: ControlScratch
    let publication: PublicationWorker
    let worker: StoreWorker
    let degraded: Degraded
    let time: Time
    private let folder: PipelineFolder
    var leads: String { scratch.path + "/published/leads.db" }

    /// Monotonic milliseconds.
    final class Time: Sendable {
        private let value = Atomic<Int64>(1_000_000)
        var now: Int64 { value.load(ordering: .relaxed) }
        func advance(_ milliseconds: Int64) { value.add(milliseconds, ordering: .relaxed) }
    }

    init(
        walLimit: Int64 = 1 << 30, publishesAtOnce: Bool = true, space: FreeSpace? = nil
    ) throws {
        scratch = try ControlScratch()
        let time = Time()
        self.time = time
        let clock = Clock(
            now: { Instant(RandomEvents.start + time.now) }, monotonic: { time.now })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        degraded = Degraded(clock: clock, logger: logger)
        let store = try StateStore(
            path: scratch.path + "/state.db", zone: .utc,
            random: { [UInt8](repeating: 3, count: $0) })
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)  // what never fades is slow to look ahead at
        let names = try store.intern(model)
        folder = PipelineFolder(hash: store.hash, model: model, names: names)
        let published = scratch.path + "/published"
        try FileManager.default.createDirectory(
            atPath: published, withIntermediateDirectories: true)
        publication = try PublicationWorker(
            directory: published, latest: store.sequence, degraded: degraded, clock: clock,
            logger: logger, walLimit: walLimit, space: space)
        worker = StoreWorker(
            store: store, rules: Rules(model: model, names: names, configurationHash: "h"),
            day: Day(of: Instant(RandomEvents.start), in: .utc).adding(30),
            publication: publication, publishesAtOnce: publishesAtOnce,
            wakeDescriptor: clinux_event_fd(), degraded: degraded, clock: clock, logger: logger)
    }

    /// Hands over events as one checkpoint.
    func commit(_ events: [OwnedEvent]) { worker.commit(folder.checkpoint(of: events)) }

    /// Whether everything committed is shown.
    var isPublished: Bool {
        worker.isIdle && worker.pendingContacts == 0 && publication.isIdle
            && publication.published == worker.sequence && worker.sequence > 0
    }

    /// Ends both threads as the daemon does; false if that takes longer than ten seconds.
    func stop(full: Bool = false) -> Bool {
        let ended = Flag()
        Thread {
            self.worker.stop(full: full)
            while !self.worker.hasEnded(milliseconds: 100) {}
            self.publication.stop(milliseconds: 2000)
            ended.raise()
        }.start()
        return eventually { ended.isRaised }
    }

    final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        func raise() { value.store(true, ordering: .releasing) }
        var isRaised: Bool { value.load(ordering: .acquiring) }
    }

    /// Lets the clock go on until something holds, at most ten seconds of its own time.
    func passTime(until condition: () -> Bool) -> Bool {
        eventually {
            time.advance(20)
            return condition()
        }
    }

    /// What a reader finds.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: leads, configuration: configuration).read(body)
    }
}

/// Folds events on the test's thread.
final class PipelineFolder: @unchecked Sendable {
    private let lock = NSLock()
    private var fold: EventFold
    private var lines: Int64 = 0

    init(hash: KeyedHash, model: Model, names: NameTable) {
        fold = EventFold(
            model: model, matcher: SignalMatcher(model: model, names: names), hash: hash,
            deduplicator: Deduplicator(limit: 1000), latest: Instant(.max))
    }

    func checkpoint(of events: [OwnedEvent]) -> Checkpoint {
        lock.withLock {
            var checkpoint = Checkpoint()
            var tally = StreamTally()
            let source = SourceScope(name: "test", trust: .full, scope: 0)
            for event in events {
                tally.lines += 1
                tally.count(
                    event.withEvent { fold.fold($0, from: source, into: &checkpoint.facts) })
            }
            lines += tally.lines
            checkpoint.tallies[1] = tally
            checkpoint.positions = [
                StreamPosition(
                    id: 1, source: "s", path: [],
                    identity: FileIdentity(device: 1, inode: 1, generation: 1, born: 1),
                    offset: lines)
            ]
            return checkpoint
        }
    }
}
