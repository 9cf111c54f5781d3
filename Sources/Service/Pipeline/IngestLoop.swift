import CLinux
import Core
import Foundation
import Glibc
import Ingest
import Logging
import Store
import Synchronization

/// What the ingest loop last saw, for whoever asks.
struct IngestSnapshot: Sendable {
    /// Bytes that are neither read nor partial lines, and bytes read but not committed.
    var lagBytes: Int64 = 0
    /// Bytes of last lines without a newline.
    var partialBytes: Int64 = 0
    /// Open files.
    var openFiles = 0
    /// Records a second, over the last seconds.
    var rate = 0.0
    /// Records since the start.
    var records: Int64 = 0
    /// Events whose value counted as 0 because of their currency.
    var foreignCurrency: Int64 = 0
    /// Duplicate keys held and evicted.
    var duplicateKeys = (held: 0, evicted: Int64(0))
    /// Complete looks at all files since the start.
    var looks: Int64 = 0
}

/// Why the ingest loop came back.
enum IngestPause {
    /// A signal wants something: SIGHUP a reload, the others the end.
    case signal(Int32)
    /// The day has changed.
    case newDay(Day)
    /// Everything was read and committed, which is the end of `--once`.
    case caughtUp
    /// The store has failed.
    case failed(StoreError)
}

/// The main loop: reads, folds, and hands over a checkpoint whenever the store has time for one, so
/// that commits follow each other. It alone feeds the watchdog.
final class IngestLoop {
    /// While there is a backlog, milliseconds between two checkpoints: larger ones cost less.
    private static let catchUpInterval: Int64 = 50
    /// More unread bytes than this are a backlog.
    private static let backlogBytes: Int64 = 8 << 20
    /// While there is a backlog, milliseconds between two reports of how far it is.
    private static let reportInterval: Int64 = 100
    /// A store that has not moved for so many milliseconds is stuck, and the watchdog may bite.
    private static let patience: Int64 = 60_000
    /// A clock that leaps by more days than this is believed after so many milliseconds.
    private static let longestStep = 31
    private static let leapPatience: Int64 = 3_600_000

    private let ingestor: Ingestor
    private let worker: StoreWorker
    private let notifier: Notifier
    private let clock: Clock
    private let logger: Logger
    private let degraded: Degraded
    private let signalDescriptor: Int32
    private let wakeDescriptor: Int32
    private let snapshot = Mutex(IngestSnapshot())
    private let wantsLook = Atomic<Bool>(false)
    private let desk = RequeueDesk()

    var zone: FixedZone
    var day: Day
    private var wasTrusted = true
    /// Since when the clock has been many days ahead, if it is.
    private var leaptAt: Int64?
    private var lastUpdate: Int64 = 0
    private var lastHandover: Int64 = 0
    private var lastPing: Int64 = 0
    private var lastHeartbeat: (count: Int, at: Int64) = (-1, 0)
    private var uncommittedBytes: Int64 = 0
    private var handedOverBytes: Int64 = 0
    private var rate = Rate()

    init(
        ingestor: Ingestor, worker: StoreWorker, notifier: Notifier, clock: Clock, logger: Logger,
        degraded: Degraded, signalDescriptor: Int32, wakeDescriptor: Int32, zone: FixedZone
    ) {
        self.ingestor = ingestor
        self.worker = worker
        self.notifier = notifier
        self.clock = clock
        self.logger = logger
        self.degraded = degraded
        self.signalDescriptor = signalDescriptor
        self.wakeDescriptor = wakeDescriptor
        self.zone = zone
        day = clock.day(in: zone)
    }

    /// What the loop last saw.
    var current: IngestSnapshot { snapshot.withLock { $0 } }

    /// Asks for a fresh look at all files; `current.looks` counts it.
    func requestLook() {
        wantsLook.store(true, ordering: .releasing)
        clinux_event_signal(wakeDescriptor)
    }

    /// Whether quarantined lines are on their way to a commit.
    var isRequeuing: Bool { !desk.isFree }

    /// Asks for quarantined lines to be read again; false if that is being done for somebody.
    func requeue(_ job: RequeueJob) -> Bool {
        guard desk.put(job) else { return false }
        clinux_event_signal(wakeDescriptor)
        return true
    }

    /// Looks for files once; the daemon is ready after that.
    func discover() {
        ingestor.follower.discover()
        report()
        update()
    }

    /// Reads until something else is wanted.
    ///
    /// - Parameter once: Come back when all files are read to their end and committed.
    func run(once: Bool) -> IngestPause {
        while true {
            if let failure = worker.failure.withLock({ $0 }) { return .failed(failure) }
            let signal = clinux_next_signal(signalDescriptor)
            if signal > 0 { return .signal(signal) }
            if let today = newDay() { return .newDay(today) }
            ingestor.advance(latest: clock.latestEvent(in: zone), forgetBefore: nil)
            if let erased = worker.takeErased() { ingestor.suppress(erased) }
            ingestor.follower.forget(worker.takeGoneStreams())

            if !ingestor.isFull { desk.fold { ingestor.requeue($0) } }
            let worked = turn()
            handOver(isIdle: !worked)
            if !worked || clock.monotonic() - lastUpdate >= Self.reportInterval { update() }
            feedWatchdog()
            if worked { continue }
            if once, ingestor.pendingRecords == 0, worker.isIdle, !ingestor.follower.hasWork {
                return .caughtUp
            }
            wait()
        }
    }

    /// Commits what has been read, waiting for the store; gives up when that fails, or cannot be done
    /// at present.
    func drain() {
        while worker.failure.withLock({ $0 == nil }), !worker.isRetrying {
            handOver(isIdle: true)
            if worker.isIdle, ingestor.pendingRecords == 0 { break }
            sleep(milliseconds: 100, watch: false)
        }
        update()
    }

    /// Lets go of what only reading needs, after which the loop does not run any more.
    func letGo() { ingestor.letGo() }

    // MARK: One turn

    /// Reads one block, unless the checkpoint in the making is full and the store is busy.
    private func turn() -> Bool {
        let isWanted = wantsLook.exchange(false, ordering: .acquiring)
        if isWanted {
            looksWanted = true
            lookedAt = clock.monotonic()
        }
        if isWanted || ingestor.follower.needsDiscovery { discover() }
        if ingestor.isFull || !isClockTrusted() { return false }
        let before = ingestor.bytes
        let worked = ingestor.turn()
        uncommittedBytes += ingestor.bytes - before
        return worked
    }

    /// The day that has begun, if one has. A leap over many days has to last before it is believed: what a
    /// new day puts away does not come back when the clock is set right. After a time that could not be
    /// right any leap is welcome.
    private func newDay() -> Day? {
        guard clock.isTrusted else {
            wasTrusted = false
            return nil
        }
        let today = clock.day(in: zone)
        let now = clock.monotonic()
        let since = leaptAt ?? now
        leaptAt = wasTrusted && today > day.adding(Self.longestStep) ? since : nil
        wasTrusted = true
        guard today > day, leaptAt == nil || now - since >= Self.leapPatience else { return nil }
        leaptAt = nil
        return today
    }

    /// Whether the time can be right. Until it can, nothing is read: by it every event would be of the
    /// future.
    private func isClockTrusted() -> Bool {
        if clock.isTrusted {
            if leaptAt == nil {
                degraded.leave("clock")
            } else {
                degraded.enter(
                    "clock",
                    "set the clock, which leapt from \(day) to \(clock.now().rfc3339); if that is right, "
                        + "restart the daemon, or wait for an hour")
            }
            return true
        }
        degraded.enter(
            "clock",
            "set the clock, which shows \(clock.now().rfc3339); nothing is read until it is right")
        return false
    }

    private var looksWanted = false
    private var lookedAt: Int64 = 0

    private func handOver(isIdle: Bool) {
        guard worker.isIdle else { return }
        if worker.failure.withLock({ $0 == nil }) { desk.commit() }
        handedOverBytes = 0
        let now = clock.monotonic()
        let isReady = isIdle || ingestor.isFull || now - lastHandover >= Self.catchUpInterval
        guard isReady else { return }
        let checkpoint = ingestor.takeCheckpoint()
        desk.handOver()
        guard !checkpoint.isEmpty else { return desk.commit() }
        lastHandover = now
        handedOverBytes = uncommittedBytes
        uncommittedBytes = 0
        worker.commit(checkpoint)
    }

    private func wait() {
        let now = clock.monotonic()
        // Full of what the store has no time for yet: it will wake us.
        let isBlocked = ingestor.isFull && !worker.isIdle || !clock.isTrusted
        var until = now + (isBlocked ? 1000 : ingestor.follower.waitMilliseconds)
        if let interval = notifier.watchdogInterval { until = min(until, lastPing + interval) }
        let midnight = day.end(in: zone).milliseconds - clock.now().milliseconds
        let limit = clock.asOf == nil && leaptAt == nil ? max(midnight, 0) + 1 : Int64.max
        sleep(milliseconds: max(0, min(until - now, limit)), watch: true)
    }

    /// Waits for a signal, news of a file, or the store.
    private func sleep(milliseconds: Int64, watch: Bool) {
        var descriptors = [
            pollfd(fd: signalDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        let watched = ingestor.follower.watchDescriptor
        if watch, let watched {
            descriptors.append(pollfd(fd: watched, events: Int16(POLLIN), revents: 0))
        }
        let count = unsafe poll(
            &descriptors, nfds_t(descriptors.count), Int32(clamping: milliseconds))
        guard count > 0 else { return }
        if descriptors[1].revents != 0 { clinux_event_drain(wakeDescriptor) }
        if descriptors.count > 2, descriptors[2].revents != 0 { ingestor.follower.drainWatch() }
    }

    // MARK: Telling

    /// Feeds the watchdog, unless the store has been stuck for too long.
    private func feedWatchdog() {
        guard let interval = notifier.watchdogInterval else { return }
        let now = clock.monotonic()
        let beat = worker.heartbeat.load(ordering: .relaxed)
        if beat != lastHeartbeat.count || worker.isIdle { lastHeartbeat = (beat, now) }
        guard now - lastPing >= interval, now - lastHeartbeat.at < Self.patience else { return }
        lastPing = now
        notifier.watchdog()
    }

    private func update() {
        let now = clock.monotonic()
        lastUpdate = now
        rate.note(ingestor.records, at: now)
        let follower = ingestor.follower
        judgeFormats()
        let isSettled = !follower.hasWork && ingestor.pendingRecords == 0 && worker.isIdle
        let inFlight = worker.isIdle ? 0 : handedOverBytes
        let lag = follower.lagBytes + uncommittedBytes + inFlight
        worker.isCatchingUp.store(follower.lagBytes > Self.backlogBytes, ordering: .relaxed)
        snapshot.withLock {
            $0.lagBytes = lag
            $0.partialBytes = follower.partialBytes
            $0.openFiles = follower.openFiles
            $0.rate = rate.perSecond
            $0.records = ingestor.records
            $0.foreignCurrency = ingestor.foreignCurrency
            $0.duplicateKeys = ingestor.duplicateKeys
            if looksWanted, isSettled || now - lookedAt > 500 {
                $0.looks += 1
                looksWanted = false
            }
        }
        notifier.status(Self.status(lag: lag, rate: rate.perSecond, files: follower.openFiles))
    }

    /// Says which sources have lines that are mostly not what the configuration says.
    private func judgeFormats() {
        let remedies = ingestor.unhealthy.map { source, health in
            let reason = health.mostly
            return "source '\(source)': \(health.unusable) of the last \(health.seen) lines are "
                + "unusable, mostly '\(reason?.reason ?? "")' (\(reason?.explanation ?? "")); see "
                + "what becomes of them with: leadscore try --source \(source) FILE"
        }
        if remedies.isEmpty {
            degraded.leave("format")
        } else {
            degraded.enter("format", remedies.joined(separator: "; "))
        }
    }

    private static func status(lag: Int64, rate: Double, files: Int) -> String {
        guard lag > 1 << 20 else { return "Up to date, files followed: \(files)" }
        return "Catching up: \(lag >> 20) MiB behind, \(Int(rate)) events a second, \(files) files"
    }

    /// Says in the log and in the degraded states what the follower noticed.
    private func report() {
        for notice in ingestor.follower.takeNotices() {
            var about: Logger.Metadata = [:]
            let facts = [
                ("source", notice.source), ("path", notice.displayPath), ("detail", notice.detail),
            ]
            for (key, value) in facts where !value.isEmpty { about[key] = "\(value)" }
            if notice.lostBytes > 0 { about["lost_bytes"] = "\(notice.lostBytes)" }
            let isNews = notice.kind == .vanished && notice.lostBytes == 0
            switch notice.kind {
            case .new, .rotated, .copyAdopted:
                logger.info("file \(notice.kind.rawValue)", metadata: about)
            case .truncated, .shrunk, .vanished, .skipped, .unreadable, .damaged, .polling:
                logger.log(
                    level: isNews ? .info : .warning, "file \(notice.kind.rawValue)",
                    metadata: about)
            }
        }
        reportStates()
    }

    /// What lasts: files that cannot be read, and files that cannot be watched.
    private func reportStates() {
        let troubles = ingestor.follower.troubles
        if let first = troubles.first {
            let more = troubles.count > 1 ? ", and \(troubles.count - 1) more" : ""
            degraded.enter(
                "files", "let the daemon read it, or replace it by an intact copy: \(first)\(more)")
        } else {
            degraded.leave("files")
        }
        if ingestor.follower.isPolling {
            degraded.enter(
                "watch", "files are looked at every second; raise fs.inotify.max_user_watches")
        } else {
            degraded.leave("watch")
        }
    }
}

/// A rate over the last seconds.
private struct Rate {
    private(set) var perSecond = 0.0
    private var last: (count: Int64, at: Int64)?

    /// Notes a running count at a time in monotonic milliseconds.
    mutating func note(_ count: Int64, at now: Int64) {
        guard let last else {
            self.last = (count, now)
            return
        }
        let elapsed = now - last.at
        guard elapsed >= 500 else { return }
        let fresh = Double(count - last.count) * 1000 / Double(elapsed)
        perSecond = elapsed > 5000 ? fresh : perSecond * 0.5 + fresh * 0.5
        self.last = (count, now)
    }
}
