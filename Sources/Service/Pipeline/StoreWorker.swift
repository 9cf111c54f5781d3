import CLinux
import Core
import Foundation
import Logging
import Store
import Synchronization

/// The thread that owns `state.db`: commits checkpoints one after the other, and between them
/// derives what is to be published.
///
/// SAFETY: `store`, `rules`, `day`, `dirty` and all that follows them are used by the worker's thread
/// only, and by `init` before that starts.
final class StoreWorker: @unchecked Sendable {
    private enum Job: Sendable {
        case commit(Checkpoint)
        case perform(@Sendable (StoreWorker) -> Void)
    }

    /// How the worker ended, if it did before it was told to.
    let failure = Mutex<StoreError?>(nil)
    /// The tokens of erased persons since the ingest loop asked for them last; nil if none are new.
    private let erased = Mutex<Set<UInt64>?>(nil)
    private let hasErased = Atomic<Bool>(false)
    /// Streams that are no rows of their own any more since the ingest loop asked for them last.
    private let goneStreams = Mutex<[Int64]>([])
    private let hasGoneStreams = Atomic<Bool>(false)
    /// Counts the steps of work, so that others see that it goes on.
    let heartbeat = Atomic<Int>(0)

    /// When the last checkpoint was committed, in milliseconds since 1970; 0: none since the start.
    let lastCommit = Atomic<Int64>(0)

    private let queue = BoundedQueue<Job>(capacity: 8)
    private let unfinished = Atomic<Int>(0)
    private let retrying = Atomic<Bool>(false)
    let ending = Atomic<Bool>(false)
    private let wakeDescriptor: Int32
    let publication: PublicationWorker
    private let publishesAtOnce: Bool
    let degraded: Degraded
    let clock: Clock
    private let logger: Logger
    private let hasBegun = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    let store: StateStore
    private(set) var rules: Rules
    private(set) var day: Day
    var dirty: DirtyContacts
    var dirtyStreams: Set<Int64> = []
    var sweep: Sweep?
    /// Whether everything was published once in this life of the file, so that it shows the facts of
    /// everybody who is not in `dirty`.
    var factsAreShown = false
    var epoch = 0
    /// The life of the file in which everything was handed over: from then on it can be seen.
    var completedEpoch = 0
    var quarantineSent: Int64 = 0
    /// Whether lines that are shown may have left the quarantine while nothing was published.
    var mayShowRequeued = false
    /// Whether the quarantine is to be shown anew from its beginning.
    var clearsQuarantine = false
    var changesSent: Int64 = 0
    var stageChangesSent: Int64 = 0
    /// The rules made ready; nil until something is published under them.
    var book: SegmentBook?
    /// What the day still has to put away; nil if all of it is.
    var upkeep: Upkeep?
    var scales = BuyingScales()
    /// Whether somebody was erased whose row is still shown.
    var isErasing = false
    /// The checkpoint that the last step shows, in this life of the file; it never falls.
    var sequenceSent: Int64 = 0
    var load = RecentLoad()
    let shared = Mutex<(sequence: Int64, pending: Int, committedBytes: Int64)>((0, 0, 0))

    /// While there is a backlog, publishing rests so many times as long as it took: reading comes
    /// first, and what is shown of an old event is soon old itself.
    private static let catchUpShare: Int64 = 19
    /// Whether there is a backlog; told by the ingest loop.
    let isCatchingUp = Atomic<Bool>(false)
    private var nextPublication: Int64 = 0
    /// Until when nothing is published because there was no space to note who entered a segment.
    var pausedUntil: Int64 = 0

    private var mayPublishNow: Bool {
        let now = clock.monotonic()
        return now >= pausedUntil
            && (!isCatchingUp.load(ordering: .relaxed) || now >= nextPublication)
    }
    /// Putting away waits while so many rows are behind: what it removes has to be told too.
    private static let behindAtMost = 20_000
    /// Whether to put something away now: reading and showing come first.
    private var mayTidy: Bool {
        upkeep != nil && publishesAtOnce && dirty.count < Self.behindAtMost
            && !isCatchingUp.load(ordering: .relaxed) && clock.monotonic() >= pausedUntil
    }

    /// Takes over a state and starts the thread.
    ///
    /// - Parameters:
    ///   - publishesAtOnce: Whether to publish while events come in, or only at the end.
    ///   - wakeDescriptor: An eventfd that is signalled after every commit.
    init(
        store: StateStore, rules: Rules, day: Day, publication: PublicationWorker,
        publishesAtOnce: Bool, wakeDescriptor: Int32, degraded: Degraded, clock: Clock,
        logger: Logger
    ) {
        self.store = store
        self.rules = rules
        self.day = day
        self.publication = publication
        self.publishesAtOnce = publishesAtOnce
        // Where everything is published in the end, nobody is kept one by one.
        dirty = publishesAtOnce ? DirtyContacts() : DirtyContacts(limit: 0)
        self.wakeDescriptor = wakeDescriptor
        self.degraded = degraded
        self.clock = clock
        self.logger = logger
        store.retention = rules.retention(on: day)
        store.machines = rules.machines(on: day)
        shared.withLock { $0.sequence = store.sequence }
        if !store.erasedTokens.isEmpty {
            erased.withLock { $0 = store.erasedTokens }
            hasErased.store(true, ordering: .releasing)
        }
        startThread("store", stackBytes: 4 << 20) { self.run() }
    }

    /// Whether everything handed over is committed.
    var isIdle: Bool { unfinished.load(ordering: .acquiring) == 0 }
    /// Whether what was handed over cannot be committed at present, and is tried again.
    var isRetrying: Bool { retrying.load(ordering: .acquiring) }
    /// The last checkpoint.
    var sequence: Int64 { shared.withLock { $0.sequence } }
    /// Contacts whose row is not handed over for publishing yet.
    var pendingContacts: Int { shared.withLock { $0.pending } }

    /// Hands over a checkpoint. The caller does so only while the worker is idle.
    func commit(_ checkpoint: Checkpoint) {
        unfinished.add(1, ordering: .releasing)
        queue.put(.commit(checkpoint))
    }

    /// Runs `body` on the worker's thread and waits for it; nil if the worker has ended.
    func perform<T: Sendable>(_ body: @escaping @Sendable (StoreWorker) -> T) -> T? {
        let result = Mutex<T?>(nil)
        let done = DispatchSemaphore(value: 0)
        let box = PerformBox(result: result, done: done)
        queue.put(
            .perform { worker in
                let value = body(worker)
                box.result.withLock { $0 = value }
                box.done.signal()
            })
        while box.done.wait(timeout: .now() + .seconds(1)) == .timedOut {
            if queue.isFinished { return nil }
        }
        return box.result.withLock { $0 }
    }

    private final class PerformBox<T: Sendable>: Sendable {
        let result: Mutex<T?>
        let done: DispatchSemaphore
        init(result: consuming Mutex<T?>, done: DispatchSemaphore) {
            self.result = result
            self.done = done
        }
    }

    /// The tokens of all erased persons, if there are new ones.
    func takeErased() -> Set<UInt64>? {
        guard hasErased.exchange(false, ordering: .acquiring) else { return nil }
        return erased.withLock { $0 }
    }

    /// Notes streams that are no rows of their own any more.
    func tell(gone streams: [Int64]) {
        goneStreams.withLock { $0 += streams }
        hasGoneStreams.store(true, ordering: .releasing)
    }

    /// The streams that are no rows of their own any more, if there are new ones.
    func takeGoneStreams() -> [Int64] {
        guard hasGoneStreams.exchange(false, ordering: .acquiring) else { return [] }
        return goneStreams.withLock { streams in
            defer { streams = [] }
            return streams
        }
    }

    /// Notes that contacts changed otherwise than by a checkpoint. On the worker's thread only.
    func note(touched contacts: Set<Int64>, erasing: Bool) {
        isErasing = isErasing || erasing
        dirty.touch(contacts.sorted())
        shared.withLock { $0.pending = dirty.count }
        erased.withLock { $0 = store.erasedTokens }
        hasErased.store(true, ordering: .releasing)
        clinux_event_signal(wakeDescriptor)
    }

    /// Everything is to be published anew: the day or the rules have changed.
    func republish(rules: Rules? = nil, day: Day? = nil) {
        queue.put(
            .perform { worker in
                if let rules {
                    worker.rules = rules
                    worker.book = nil
                    worker.degraded.leave("rules")
                }
                if let day { worker.day = day }
                worker.keep(worker.rules.retention(on: worker.day))
                worker.watch(worker.rules.machines(on: worker.day))
                worker.sweep = worker.newSweep()
                if day != nil { worker.beginUpkeep() }
            })
    }

    /// What is kept by day from now on. Where that is more than before, days may be shown again that
    /// were not.
    private func keep(_ retention: Retention?) {
        let before = store.retention
        store.retention = retention
        if retention == before { return }
        guard let retention, let before, retention.start >= before.start,
            retention.purchase == before.purchase
        else { return factsAreShown = false }
    }

    /// What tells machines from people from now on. It is applied to counts as they are read.
    private func watch(_ machines: MachineWatch) {
        if machines.crawlers != store.machines?.crawlers { factsAreShown = false }
        store.machines = machines
    }

    /// Commits what was handed over, publishes what is touched (everything, with `full`), and ends.
    /// What cannot be committed is given up: no position says that it was read.
    ///
    /// Comes back at once; `hasEnded` waits.
    func stop(full: Bool) {
        ending.store(true, ordering: .releasing)
        queue.put(.perform { worker in worker.finish(full: full) })
        queue.close()
    }

    /// Whether the thread has ended, after waiting for that for some time.
    func hasEnded(milliseconds: Int) -> Bool {
        guard ended.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
            return false
        }
        ended.signal()  // for whoever asks again
        return true
    }

    /// Whether the thread has begun, after waiting for that for some time: a system that has no room for
    /// another thread does not say so. The wall clock, by which semaphores wait, may be set meanwhile.
    func hasBegun(milliseconds: Int64) -> Bool {
        let deadline = clock.monotonic() + milliseconds
        while !hasBegun.load(ordering: .acquiring) {
            guard clock.monotonic() < deadline else { return false }
            usleep(500)
        }
        return true
    }

    // MARK: The thread

    private func run() {
        hasBegun.store(true, ordering: .releasing)
        beginUpkeep()
        while !queue.isFinished {
            heartbeat.add(1, ordering: .relaxed)
            let canPublish = publishesAtOnce && publication.hasRoom && mayPublishNow
            let isDue = canPublish && hasSomethingDue
            let tidies = !isDue && mayTidy
            guard let job = queue.take(milliseconds: isDue || tidies ? 0 : idleMilliseconds) else {
                if tidies {
                    attempt { () throws(StoreError) in _ = try tidy() }
                } else if canPublish {
                    let start = clock.monotonic()
                    attempt { () throws(StoreError) in try publishSome() }
                    let end = clock.monotonic()
                    nextPublication = end + (end - start + 1) * Self.catchUpShare
                }
                continue
            }
            switch job {
            case .commit(let checkpoint): commitUntilDone(checkpoint)
            case .perform(let body): body(self)
            }
        }
        ended.signal()
    }

    /// How long to wait when nothing is due: until the first contact may be published again.
    private var idleMilliseconds: Int64 {
        if publishesAtOnce, !dirty.isEmpty || sweep != nil { return 5 }
        return 2000
    }

    private var hasSomethingDue: Bool {
        noticeNewFile()
        return sweep != nil || !dirtyStreams.isEmpty || dirty.hasDue(at: clock.monotonic())
            || (dirty.isEmpty && sequenceSent != store.sequence)
    }

    /// Commits a checkpoint. Without space, or on a file system that has become read-only, what is in
    /// hand stays in hand and is tried again; any other failure ends the worker.
    private func commitUntilDone(_ checkpoint: Checkpoint) {
        var pause: Int64 = 1000
        while failure.withLock({ $0 == nil }) {
            do throws(StoreError) {
                let touched = try store.commit(checkpoint, at: clock.now())
                degraded.leave("storage")
                lastCommit.store(clock.now().milliseconds, ordering: .relaxed)
                let now = clock.monotonic()
                load.add(checkpoint.records, at: now)
                dirty.touch(touched)
                dirtyStreams.formUnion(checkpoint.positions.map(\.id))
                dirtyStreams.formUnion(checkpoint.tallies.keys)
                if !checkpoint.requeued.isEmpty { showQuarantineAnew() }
                break
            } catch {
                guard error.isTransient else {
                    fail(error)
                    break
                }
                degraded.enter("storage", "free some space, or make it writable: \(error)")
                retrying.store(true, ordering: .releasing)
                answer(milliseconds: pause)
                if ending.load(ordering: .acquiring) { break }
                pause = min(pause * 2, 5000)
            }
        }
        retrying.store(false, ordering: .releasing)
        shared.withLock {
            $0.sequence = store.sequence
            $0.pending = dirty.count
        }
        unfinished.subtract(1, ordering: .releasing)
        clinux_event_signal(wakeDescriptor)
    }

    /// Waits, and does what is asked meanwhile: a full disk must not hide what is the matter.
    private func answer(milliseconds: Int64) {
        let deadline = clock.monotonic() + milliseconds
        while clock.monotonic() < deadline, !ending.load(ordering: .acquiring) {
            heartbeat.add(1, ordering: .relaxed)
            guard case .perform(let body) = queue.take(milliseconds: 100) else { continue }
            body(self)
        }
    }

    func attempt(_ body: () throws(StoreError) -> Void) {
        do throws(StoreError) { try body() } catch { fail(error) }
    }

    private func fail(_ error: StoreError) {
        failure.withLock { if $0 == nil { $0 = error } }
        clinux_event_signal(wakeDescriptor)
    }
}
