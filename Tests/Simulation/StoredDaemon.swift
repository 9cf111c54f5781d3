import Core
import Foundation
import Ingest
import Store
import TestKit

/// The daemon with its real store: facts and positions in an SQLite file of its own, whose every write
/// can fail or be the last one, from the first moment of a new state on.
///
/// What fails is done as the daemon does it: without space the same checkpoint is tried again, after any
/// other failure the process ends, and the next one begins where the file stands.
final class StoredDaemon: LineCounter {
    private let disk: SimulatedDisk
    private let bug: PlantedBug?
    private let clock: () -> Int64
    private let storage = FailingStorage()
    private let directory: String
    private var random: SeededGenerator
    private var store: StateStore?
    private var ingestor: Ingestor?
    /// What was handed over and is not committed yet.
    private var inHand: Checkpoint?
    private(set) var breaches: [String] = []
    /// Called with what the follower notices.
    var trace: ((String) -> Void)?

    private static let sources = ["a", "b"].map {
        SourceDefinition(name: $0, paths: ["/log/\($0)*.log"])
    }

    init(_ disk: SimulatedDisk, seed: UInt64, bug: PlantedBug?, clock: @escaping () -> Int64) {
        self.disk = disk
        self.bug = bug
        self.clock = clock
        random = SeededGenerator(seed: ~seed)
        directory = Self.memory + "/leadscored-simulation-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        start()
    }

    deinit {
        storage.die()
        leave()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A directory in memory, so that nothing waits for a disk.
    private static var memory: String {
        FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    }

    // MARK: Lives of the process

    /// Starts until it comes up: a start may fail, or be the end of it as well.
    private func start() {
        for attempt in 1... {
            storage.revive()
            let isStruck = attempt <= 3 && random.oneIn(4)
            if isStruck {
                let kind = random.pick(FailingStorage.Kind.allCases)
                storage.strike(after: Int.random(in: 0..<40, using: &random), kind)
            }
            do {
                try storage.use(open)
                storage.heal()
                if !storage.isDead { break }
            } catch {
                if !isStruck || !(error is StoreError) || Self.isRefusal(error) {
                    breaches.append("does not start: \(error)")
                    if attempt > 10 { break }
                }
            }
            storage.die()
            leave()
        }
        audit()
    }

    /// Whether an error says that the file is not to be touched, which no failure of a disk may say.
    private static func isRefusal(_ error: any Error) -> Bool {
        switch error as? StoreError {
        case .damaged, .newer, .foreign, .zone, .replaced, .unlawful, .ending, nil: true
        case .sqlite: false
        }
    }

    private func open() throws {
        let store = try StateStore(
            path: directory + "/state.db", zone: .utc,
            random: { (0..<$0).map { UInt8(truncatingIfNeeded: $0 &* 37) } })
        let names = try store.intern(signals: Model().signals.map(\.name), topics: [])
        var deduplicator = Deduplicator(limit: 1_000_000)
        try store.restoreKeys(into: &deduplicator)
        let positions = try store.positions()
        let files: any LogFileSystem = bug.map { MistakenFiles(disk, $0) } ?? disk
        let follower = Follower(
            sources: Self.sources, files: files, watcher: nil,
            positions: positions.compactMap { bug == nil ? $0 : bug?.restored($0) },
            nextStreamID: (positions.map(\.id).max() ?? 0) + 1, hash: store.hash, clock: clock)
        self.store = store
        ingestor = Ingestor(
            follower: follower, sources: Self.sources, hash: store.hash,
            fold: EventFold(
                model: Model(),
                matcher: SignalMatcher(
                    model: Model(), signalID: { names.number($0) ?? 0 },
                    topicID: { names.number($0, .topic) ?? 0 }),
                hash: store.hash, deduplicator: deduplicator,
                latest: Instant(4_000_000_000_000)))
    }

    /// Lets go of everything that the process had.
    private func leave() {
        ingestor = nil
        inHand = nil
        storage.use { store = nil }
        disk.closeAll()
    }

    /// Ends in one of three ways: suddenly, on request with everything committed, or suddenly within
    /// that.
    func crash() {
        if random.oneIn(2) {
            if random.oneIn(2) {
                storage.strike(after: Int.random(in: 0..<30, using: &random), .death)
            }
            write()
        } else {
            storage.die()
        }
        leave()
        start()
    }

    // MARK: Steps

    func discover() {
        ingestor?.follower.discover()
        tell()
    }

    func turn() -> Bool {
        guard let ingestor else { return false }
        if ingestor.follower.needsDiscovery { ingestor.follower.discover() }
        defer { tell() }
        return ingestor.turn()
    }

    func commit(hasSpace: Bool, dies: Bool) {
        if !hasSpace || dies || random.oneIn(30) {
            let kind: FailingStorage.Kind = dies ? .death : hasSpace ? .broken : .full
            storage.strike(after: Int.random(in: 0..<12, using: &random), kind)
        }
        write()
        storage.heal()
        if dies { storage.die() }
        guard storage.isDead else { return }
        leave()
        start()
    }

    /// Commits what was read, or what could not be committed before.
    private func write() {
        guard let store, let ingestor else { return }
        let checkpoint = inHand ?? ingestor.takeCheckpoint()
        inHand = nil
        guard !checkpoint.isEmpty else { return }
        do {
            try storage.use {
                for part in parts(of: checkpoint) { _ = try store.commit(part, at: Instant(7)) }
            }
        } catch {
            guard let error = error as? StoreError, error.isTransient, !storage.isDead else {
                if Self.isRefusal(error) { breaches.append("does not commit: \(error)") }
                // Exit 74: the connection is given up, whatever it had in mind.
                return storage.die()
            }
            if bug != .dropsWhatFailed { inHand = checkpoint }
        }
    }

    /// What is committed together: all of it, unless a mistake is planted.
    private func parts(of checkpoint: Checkpoint) -> [Checkpoint] {
        var facts = checkpoint
        facts.positions = []
        var positions = Checkpoint()
        positions.positions = checkpoint.positions
        switch bug {
        case .positionsFirst: return [positions, facts]
        case .factsFirst: return [facts, positions]
        case .forgetsKeys:
            facts = checkpoint
            facts.duplicateKeys = []
            return [facts]
        default: return [checkpoint]
        }
    }

    private func tell() {
        guard let trace, let ingestor else { return }
        ingestor.follower.tracedStreams.forEach(trace)
        for notice in ingestor.follower.takeNotices() {
            trace("  \(notice.kind) \(notice.displayPath) \(notice.detail) \(notice.lostBytes)")
        }
    }

    // MARK: What is stored

    /// Of every line, how often it was counted: the cell in which it alone stands.
    var counts: [String: Int64] {
        audit()
        auditOffsets()
        return stored().cells
    }

    /// Once everything is read: an offset is 0, or just behind a newline, or at the end of a file that
    /// nobody will complete. A file whose end was cut off goes on at its end, wherever that is.
    private func auditOffsets() {
        for position in (try? store?.positions()) ?? [] where position.packed == nil {
            let node = disk.names.first {
                $0.value.inode == position.identity.inode
                    && $0.value.generation == position.identity.generation
                    && $0.value.content == nil && $0.value.cutFrom == 0
            }
            guard let node, !position.retired, position.offset > 0 else { continue }
            let (bytes, offset) = (node.value.bytes, Int(position.offset))
            let isEnd = offset == bytes.count && !node.key.hasSuffix(".log")
            if offset > bytes.count || (bytes[offset - 1] != 0x0A && !isEnd) {
                breaches.append("\(node.key) is read up to \(offset), within a line")
            }
        }
    }

    private func stored() -> (cells: [String: Int64], edges: [String: Int64]) {
        var cells: [String: Int64] = [:]
        var edges: [String: Int64] = [:]
        for fact in (try? store?.canonicalDump())?.split(separator: "\n") ?? [] {
            let words = fact.split(separator: " ")
            switch words[0] {
            case "cell":
                let name = StoredLine.name(of: words[1], on: words[2])
                cells[name, default: 0] += Int64(words[4]) ?? 0
            case "edge":
                edges[String(words[1].dropFirst("cookie:".count)), default: 0] +=
                    Int64(words[5]) ?? 0
            default: break
            }
        }
        return (cells, edges)
    }

    /// Holds what is stored to the laws of counting (E1 and E5 of conservation), and its parts to each other.
    private func audit() {
        guard let store else { return breaches.append("has no state") }
        do {
            let streams = try store.streams()
            for stream in streams {
                let sum = Outcome.allCases.reduce(0) { $0 + stream[$1] }
                if stream.records != sum || stream.lines != sum {
                    breaches.append("stream \(stream.position.id): \(sum) outcomes")
                }
            }
            let applied = streams.reduce(0) { $0 + $1[.applied] }
            let mass = try store.mass(store.names()) + store.departed()
            if mass != applied { breaches.append("\(mass) in cells, \(applied) applied") }
            let (cells, edges) = stored()
            if cells != edges { breaches.append("cells and edges are not of the same lines") }
            if let damage = try store.damage(budgetSeconds: 5) { breaches.append(damage) }
        } catch {
            breaches.append("\(error)")
        }
    }
}
