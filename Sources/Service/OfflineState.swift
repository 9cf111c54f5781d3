public import Core
import Glibc
import Ingest
import Store

/// Commands on a state that no daemon owns at the moment: takes the lock and opens it itself.
public final class OfflineState {
    private let lock: StateLock
    private let store: StateStore
    private let rules: Rules
    private let day: Day
    private let configuration: Configuration?
    private let directory: String

    /// Opens a state directory.
    ///
    /// - Parameters:
    ///   - configuration: By which scores are derived; nil for what takes the facts as they are.
    ///   - asOf: The day for which; nil for today.
    /// - Throws: `StateLockError`, `StoreError`.
    public init(directory: String, configuration: Configuration?, asOf: Day? = nil) throws {
        self.directory = directory
        let path = directory + "/state.db"
        lock = try StateLock.acquire(directory: directory)
        guard unsafe access(path, F_OK) == 0 else {
            throw StoreError.sqlite(
                path: path, code: 14, message: "there is no such file", doing: "opening")
        }
        store = try StateStore(path: path, zone: configuration?.model.zone, random: { _ in [] })
        rules = Rules(
            model: configuration?.model ?? Model(), names: try store.names(),
            configurationHash: configuration?.hash ?? "")
        day = Clock.system(asOf: asOf).day(in: store.zone)
        self.configuration = configuration
        guard configuration != nil else { return }
        store.retention = rules.retention(on: day)
        store.machines = rules.machines(on: day)
    }

    /// Whether a command asks for more than the facts.
    public static func needsConfiguration(_ command: String) -> Bool {
        ["verify", "whatif", "requeue"].contains(command)
    }

    /// What `status` shows: the counts, and how far the files have grown beyond them.
    public func status() throws -> ControlValue {
        let streams = try store.streams()
        var report = StatusReport(streams: streams)
        report.sequence = store.sequence
        report.day = day
        report.configurationHash = configuration?.hash
        for stream in streams where !stream.position.retired {
            var status = stat()
            guard unsafe stat(stream.position.displayPath, &status) == 0,
                UInt64(status.st_ino) == stream.position.identity.inode
            else { continue }
            report.lagBytes += max(Int64(status.st_size) - stream.position.offset, 0)
        }
        return report.value
    }

    /// Does what commands ask that are neither `status` nor `verify`. Who is erased is taken out of `leads.db` too; all
    /// else is shown there when the daemon runs again.
    public func answer(_ request: ControlRequest) throws -> ControlResponse {
        switch request.command {
        case "whatif": return WhatIf.answer(request, self)
        case "quarantine": return try QuarantineList.answer(request, self)
        case "requeue": return try requeue(request)
        case "ambiguous": return try AmbiguityReport.answer(request, self)
        case "backup": return try Backup.make(self, directory: directory)
        default: break
        }
        let clock = Clock.system(asOf: nil)
        var commands = PersonCommands(store: store, now: clock.now())
        let response = commands.answer(request)
        if commands.erased {
            let leads = try LeadsStore(
                directory: directory + "/published", latest: store.sequence, state: store.token)
            guard !leads.isBuilding else { return response }
            var publication = Publication(sequence: leads.sequence, day: day)
            publication.erases = true
            for contact in commands.touched.sorted() where try store.person(contact) == nil {
                publication.remove(contact)
            }
            try leads.publish(publication, at: clock.now())
        }
        return response
    }

    /// What is read again shows in `leads.db` when the daemon runs.
    private func requeue(_ request: ControlRequest) throws -> ControlResponse {
        guard let configuration else {
            return .failure("requeue takes a configuration", exitCode: 78)
        }
        let clock = Clock.system(asOf: nil)
        let ingestor = try Assembly.makeIngestor(
            configuration, store, store.intern(configuration.model), clock, watcher: nil)
        ingestor.suppress(store.erasedTokens)
        return try Requeue.answer(request, self) { lines in
            let results = ingestor.requeue(lines)
            let checkpoint = ingestor.takeCheckpoint()
            if !checkpoint.isEmpty { _ = try store.commit(checkpoint, at: clock.now()) }
            return results
        }
    }

    /// What `verify` shows: `{ok, checks}`.
    public func verify() throws -> ControlValue { try Verification(self).value }
}

extension OfflineState: StateAccess {
    func read<T: Sendable>(
        _ body: @escaping @Sendable (StateStore, Rules, Day) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        try body(store, rules, day)
    }
}
