import Core
import Ingest

/// Something that counts the lines of the simulated disk.
protocol LineCounter: AnyObject {
    /// How often each line was counted, for good.
    var counts: [String: Int64] { get }
    /// Which laws of counting do not hold.
    var breaches: [String] { get }
    func crash()
    func discover()
    func turn() -> Bool
    func commit(hasSpace: Bool, dies: Bool)
}

/// The daemon's reading side and a store, driven as its main loop drives them; it can die between any
/// two steps.
final class SimulatedDaemon: LineCounter {
    private let disk: SimulatedDisk
    private let bug: PlantedBug?
    private let clock: () -> Int64
    /// Called with what the follower notices.
    var trace: ((String) -> Void)?
    private(set) var ledger = Ledger()
    private(set) var ingestor: Ingestor
    /// What was handed over and is not committed yet.
    private var inHand: Checkpoint?

    private static let hash = KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength))
    private static let sources = [SourceDefinition(name: "s", paths: ["/log/*.log"])]

    init(_ disk: SimulatedDisk, bug: PlantedBug?, clock: @escaping () -> Int64) {
        self.disk = disk
        self.bug = bug
        self.clock = clock
        ingestor = Self.start(disk, bug, [], clock)
    }

    private static func start(
        _ disk: SimulatedDisk, _ bug: PlantedBug?, _ positions: [StreamPosition],
        _ clock: @escaping () -> Int64
    ) -> Ingestor {
        let files: any LogFileSystem = bug.map { MistakenFiles(disk, $0) } ?? disk
        let restored = positions.compactMap { bug?.restored($0) ?? (bug == nil ? $0 : nil) }
        let follower = Follower(
            sources: sources, files: files, watcher: nil, positions: restored,
            nextStreamID: (positions.map(\.id).max() ?? 0) + 1, hash: hash, clock: clock)
        return Ingestor(
            follower: follower, sources: sources, hash: hash,
            fold: EventFold(
                model: Model(),
                matcher: SignalMatcher(model: Model(), signalID: { _ in 1 }, topicID: { _ in 2 }),
                hash: hash, deduplicator: Deduplicator(limit: 10),
                latest: Instant(4_000_000_000_000)))
    }

    var counts: [String: Int64] { ledger.counts }

    var breaches: [String] {
        ledger.lines == ledger.outcomes ? [] : ["outcomes do not add up"]
    }

    /// Dies, and begins again where the committed positions end.
    func crash() {
        inHand = nil
        disk.closeAll()
        let positions = ledger.positions.values.sorted { $0.id < $1.id }
        ingestor = Self.start(disk, bug, positions, clock)
    }

    func discover() {
        ingestor.follower.discover()
        tell()
    }

    func turn() -> Bool {
        if ingestor.follower.needsDiscovery { ingestor.follower.discover() }
        defer { tell() }
        return ingestor.turn()
    }

    private func tell() {
        guard let trace else { return }
        ingestor.follower.tracedStreams.forEach(trace)
        for notice in ingestor.follower.takeNotices() {
            trace("  \(notice.kind) \(notice.displayPath) \(notice.detail) \(notice.lostBytes)")
        }
    }

    /// Hands over what was read; the store may be able to commit it or not.
    ///
    /// - Parameters:
    ///   - hasSpace: Whether the disk of the state has room.
    ///   - dies: Whether the process dies in the middle of the commit: before it took effect.
    func commit(hasSpace: Bool, dies: Bool) {
        if inHand == nil {
            var taken = ingestor.takeCheckpoint()
            if bug == .positionsLate {
                _ = ingestor.turn()
                var late = taken.positions
                let after = ingestor.follower.takePositions()
                late.removeAll { known in after.contains { $0.id == known.id } }
                taken.positions = late + after
            }
            inHand = taken
        }
        guard let checkpoint = inHand else { return }
        if dies {
            if bug == .positionsFirst { ledger.commitPositions(of: checkpoint) }
            if bug == .factsFirst { ledger.commitFacts(of: checkpoint) }
            crash()
        } else if hasSpace {
            ledger.commit(checkpoint)
            inHand = nil
        } else if bug == .dropsWhatFailed {
            inHand = nil
        } else if bug == .failsHalfway {
            ledger.commitFacts(of: checkpoint)
        }
    }
}

/// What `tail -F FILE... | count` does: files by name, from where they end at its start, and counts
/// that are kept when it is time to.
final class TailCounter: LineCounter {
    private let disk: SimulatedDisk
    private var open: [String: (node: SimulatedDisk.Node, offset: Int)] = [:]
    private var pending: [String: Int64] = [:]
    private(set) var counts: [String: Int64] = [:]
    private var isFirst = true
    let breaches: [String] = []

    init(_ disk: SimulatedDisk) { self.disk = disk }

    func crash() {
        open = [:]
        pending = [:]
        isFirst = true
    }

    func discover() {
        for (path, node) in disk.names where path.hasSuffix(".log") && open[path]?.node !== node {
            open[path] = (node, isFirst ? node.bytes.count : 0)
        }
        isFirst = false
    }

    func turn() -> Bool {
        for (path, tail) in open {
            let start = tail.offset > tail.node.bytes.count ? 0 : tail.offset
            let new = tail.node.bytes[start...]
            guard let end = new.lastIndex(of: 0x0A) else { continue }
            for cookie in World.cookies(in: new[...end]) { pending[cookie, default: 0] += 1 }
            open[path] = (tail.node, end + 1)
            return true
        }
        return false
    }

    func commit(hasSpace: Bool, dies: Bool) {
        if dies { return crash() }
        guard hasSpace else { return }
        counts.merge(pending) { $0 + $1 }
        pending = [:]
    }
}
