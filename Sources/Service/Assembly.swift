import CLinux
import Core
import Foundation
import Glibc
import Ingest
import Logging
import Store

/// The system lets the daemon start no threads.
struct NoThreads: Error, CustomStringConvertible {
    /// What happened, and what to do.
    let description = "no thread can be started: raise TasksMax of the service, or its LimitNPROC"
}

/// The parts of a running daemon, put together.
final class Assembly {
    let loop: IngestLoop
    let worker: StoreWorker
    let publication: PublicationWorker
    private var configuration: Configuration
    let started: Instant
    private let ingestor: Ingestor
    private let clock: Clock

    /// Opens the state and what is published, and makes the threads.
    ///
    /// - Throws: `StoreError`, `NoThreads`.
    init(
        configuration: Configuration, options: DaemonOptions, lock: StateLock, clock: Clock,
        degraded: Degraded, logger: Logger, notifier: Notifier, signalDescriptor: Int32
    ) throws {
        let zone = configuration.model.zone
        let store = try StateStore(
            path: options.state + "/state.db", zone: zone, random: Self.randomBytes)
        var day = clock.day(in: zone)
        if !clock.isTrusted, let last = try store.kept("day") {
            day = max(day, Day(Int32(clamping: last)))
        }
        try LastRun(lock).look(into: store, clock, logger)
        let names = try store.intern(configuration.model)
        try store.remember(configuration.sources)
        let rules = Rules(
            model: configuration.model, names: names, configurationHash: configuration.hash)
        let ingestor = try Self.makeIngestor(
            configuration, store, names, clock, watcher: try? InotifyWatcher())
        ingestor.follower.poison = try store.suspects().filter(\.isPoison)
        try Self.makePublishedDirectory(options.state + "/published")
        let wakeDescriptor = clinux_event_fd()
        publication = try PublicationWorker(
            directory: options.state + "/published", latest: store.sequence,
            state: store.token, isPatient: !options.once, degraded: degraded,
            clock: clock, logger: logger,
            space: options.once
                ? nil : .system(environment: ProcessInfo.processInfo.environment))
        worker = StoreWorker(
            store: store, rules: rules, day: day, publication: publication,
            publishesAtOnce: !options.once, wakeDescriptor: wakeDescriptor, degraded: degraded,
            clock: clock, logger: logger)
        guard worker.hasBegun(milliseconds: 10_000) else { throw NoThreads() }
        loop = IngestLoop(
            ingestor: ingestor, worker: worker, notifier: notifier, clock: clock, logger: logger,
            degraded: degraded, signalDescriptor: signalDescriptor,
            wakeDescriptor: wakeDescriptor, zone: zone)
        loop.day = day
        self.ingestor = ingestor
        self.configuration = configuration
        self.clock = clock
        started = clock.now()
    }

    /// A new day begins: every score decays by a day, and old duplicate keys go.
    func begin(_ day: Day) {
        loop.day = day
        ingestor.advance(
            latest: clock.latestEvent(in: loop.zone),
            forgetBefore: day.adding(-configuration.model.dedupeDays))
        worker.republish(day: day)
    }

    /// Puts another configuration in force.
    ///
    /// - Throws: `StoreError.zone` for another time zone, which a state cannot take up.
    func use(_ configuration: Configuration) throws {
        let stored = self.configuration.model.zone
        guard configuration.model.zone == stored else {
            throw StoreError.zone(
                path: worker.store.path, stored: stored.description,
                configured: configuration.model.zone.description)
        }
        let model = configuration.model
        let sources = configuration.sources
        let interned = worker.perform { worker in
            Result { () throws(StoreError) in
                try worker.store.remember(sources)
                return try worker.store.intern(model)
            }
        }
        guard let names = try interned?.get() else { return }
        ingestor.reconfigure(
            sources: configuration.sources, model: model,
            matcher: SignalMatcher(model: model, names: names))
        worker.republish(
            rules: Rules(model: model, names: names, configurationHash: configuration.hash))
        self.configuration = configuration
    }

    /// An ingestor that goes on where a state ends.
    static func makeIngestor(
        _ configuration: Configuration, _ store: StateStore, _ names: NameTable, _ clock: Clock,
        watcher: (any FileWatcher)?
    ) throws -> Ingestor {
        let model = configuration.model
        let day = clock.day(in: model.zone)
        var deduplicator = Deduplicator(limit: model.dedupeMax)
        try store.restoreKeys(into: &deduplicator)
        if let last = try store.kept("day"), last < Int64(day.number) {
            deduplicator.forget(before: day.adding(-model.dedupeDays))
        }
        let fold = EventFold(
            model: model, matcher: SignalMatcher(model: model, names: names), hash: store.hash,
            deduplicator: deduplicator, latest: clock.latestEvent(in: model.zone))
        let positions = try store.positions()
        let follower = Follower(
            sources: configuration.sources, files: LinuxFileSystem(),
            watcher: watcher, positions: positions,
            nextStreamID: (positions.map(\.id).max() ?? 0) + 1,
            hash: store.hash, clock: clock.monotonic)
        let ingestor = Ingestor(
            follower: follower, sources: configuration.sources, hash: store.hash, fold: fold)
        for source in configuration.sources {
            ingestor.restore(try store.remembered(of: source.name), of: source.name)
        }
        return ingestor
    }

    /// Makes the directory of `leads.db` if the package's tmpfiles have not.
    private static func makePublishedDirectory(_ path: String) throws {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return }
        guard unsafe mkdir(path, 0o750) == 0 else {
            throw StoreError.sqlite(
                path: path, code: 14, message: unsafe String(cString: strerror(errno)),
                doing: "making the directory")
        }
        // New files take the directory's group; a sandbox may forbid the bit, and then tmpfiles.d
        // has to make the directory.
        if unsafe chmod(path, 0o2750) != 0 { unsafe chmod(path, 0o750) }
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

extension StateStore {
    /// The numbers of a model's names.
    func intern(_ model: Model) throws(StoreError) -> NameTable {
        try intern(signals: model.signals.map(\.name), topics: model.topics.map(\.name))
    }

    /// Keeps for good which sources have, or once had, lines of several records: of all others
    /// there are as many records as lines.
    func remember(_ sources: [SourceDefinition]) throws(StoreError) {
        for source in sources where source.mayHoldSeveral {
            if try !hasHeldSeveral(source.name) { try keep(1, for: "several \(source.name)") }
        }
    }

    /// Whether lines of a source may be, or once were, several records.
    func hasHeldSeveral(_ source: String) throws(StoreError) -> Bool {
        try kept("several \(source)") != nil
    }
}

extension SignalMatcher {
    /// The matcher of a model whose names have been interned.
    init(model: Model, names: NameTable) {
        self.init(
            model: model, signalID: { names.number($0) ?? 0 },
            topicID: { names.number($0, .topic) ?? 0 },
            twinID: { names.number($0, .machineTwin) },
            originID: { names.number($0.name, .originRule) })
    }
}
