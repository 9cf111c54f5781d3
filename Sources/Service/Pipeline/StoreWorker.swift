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
    private let ending = Atomic<Bool>(false)
    private let wakeDescriptor: Int32
    private let publication: PublicationWorker
    private let publishesAtOnce: Bool
    private let degraded: Degraded
    private let clock: Clock
    private let logger: Logger
    private let ended = DispatchSemaphore(value: 0)

    let store: StateStore
    private(set) var rules: Rules
    private(set) var day: Day
    private var dirty = DirtyContacts()
    private var dirtyStreams: Set<Int64> = []
    private var sweep: Sweep?
    private var epoch = 0
    private var quarantineSent: Int64 = 0
    /// Whether lines that are shown may have left the quarantine while nothing was published.
    private var mayShowRequeued = false
    /// Whether the quarantine is to be shown anew from its beginning.
    private var clearsQuarantine = false
    private var changesSent: Int64 = 0
    private var stageChangesSent: Int64 = 0
    /// The rules made ready; nil until something is published under them.
    private var book: SegmentBook?
    /// What the day still has to put away; nil if all of it is.
    private var upkeep: Upkeep?
    private var scales = BuyingScales()
    /// Whether somebody was erased whose row is still shown.
    private var isErasing = false
    /// The checkpoint that the last step shows, in this life of the file; it never falls.
    private var sequenceSent: Int64 = 0
    private var load = RecentLoad()
    private let shared = Mutex<(sequence: Int64, pending: Int, committedBytes: Int64)>((0, 0, 0))

    /// A full publication under way.
    private struct Sweep {
        /// What all contacts bought, which is collected first; nil once that is done.
        var purchases: PurchaseCollector?
        var after: Int64 = 0
        var isFirst = true
    }

    /// Contacts rendered between two looks at the queue: a few milliseconds of work.
    private static let chunk = 1000
    /// Packed rows looked at for purchases at a time.
    private static let purchaseChunk = 20_000
    /// Contacts of a full publication at a time: more, because they are read and written in order.
    private static let sweepChunk = 2000
    /// While there is a backlog, publishing rests so many times as long as it took: reading comes
    /// first, and what is shown of an old event is soon old itself.
    private static let catchUpShare: Int64 = 19
    /// Whether there is a backlog; told by the ingest loop.
    let isCatchingUp = Atomic<Bool>(false)
    private var nextPublication: Int64 = 0
    /// Until when nothing is published because there was no space to note who entered a segment.
    private var pausedUntil: Int64 = 0

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
    /// How long the last publications may take to be handed over at the end.
    private static let farewellMilliseconds: Int64 = 1500

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
        let thread = Thread { self.run() }
        thread.name = "store"
        thread.stackSize = 4 << 20
        thread.start()
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
        dirty.touch(contacts)
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
                worker.sweep = worker.newSweep()
                if let day { worker.day = day }
                worker.store.retention = worker.rules.retention(on: worker.day)
                worker.store.machines = worker.rules.machines(on: worker.day)
                if day != nil { worker.beginUpkeep() }
            })
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

    // MARK: The thread

    private func run() {
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

    private func attempt(_ body: () throws(StoreError) -> Void) {
        do throws(StoreError) { try body() } catch { fail(error) }
    }

    private func fail(_ error: StoreError) {
        failure.withLock { if $0 == nil { $0 = error } }
        clinux_event_signal(wakeDescriptor)
    }

    // MARK: Putting away

    private func beginUpkeep() {
        attempt { () throws(StoreError) in
            try unlessFull { () throws(StoreError) in upkeep = try Upkeep(on: day, in: store) }
        }
    }

    /// Takes a step of what the day has to put away.
    ///
    /// - Returns: false if there is no space for that at present; then nothing was.
    private func tidy() throws(StoreError) -> Bool {
        guard var work = upkeep else { return true }
        heartbeat.add(1, ordering: .relaxed)
        do throws(StoreError) {
            dirty.touch(try work.advance(in: store, under: rules, at: clock.now()))
            degraded.leave("storage")
            if !work.goneStreams.isEmpty {
                goneStreams.withLock { $0 += work.goneStreams }
                work.goneStreams = []
                hasGoneStreams.store(true, ordering: .releasing)
            }
            upkeep = work.isDone ? nil : work
            shared.withLock { $0.pending = dirty.count + (sweep == nil ? 0 : 1) }
            return true
        } catch {
            guard error.isTransient else { throw error }
            degraded.enter("storage", "free some space, or make it writable: \(error)")
            pausedUntil = clock.monotonic() + 1000
            return false
        }
    }

    // MARK: Publishing

    /// A file that was made anew wants everything.
    private func noticeNewFile() {
        guard publication.epoch != epoch else { return }
        epoch = publication.epoch
        quarantineSent = publication.start.lastQuarantined
        mayShowRequeued = true
        clearsQuarantine = false
        changesSent = publication.start.lastChange
        stageChangesSent = publication.start.lastStageChange
        sequenceSent = publication.published
        sweep = newSweep()
    }

    /// Publishes one chunk: touched contacts first, then the sweep's next ones.
    private func publishSome() throws(StoreError) {
        noticeNewFile()
        let now = clock.monotonic()
        let due = dirty.takeDue(at: now, limit: Self.chunk, busy: load.isBusy(at: now))
        let before = sweep
        if let sweep, sweep.purchases != nil { try collect(sweep) }
        var publication = Publication(sequence: sequenceSent, day: day)
        var publisher = Publisher(
            model: rules.scoring, topics: rules.topics, names: rules.names, day: day,
            profile: rules.profile, buying: scales, mail: rules.mail)
        for contact in due {
            publisher.add(try store.person(contact), contact: contact, to: &publication)
        }
        var completes = false
        // Also while contacts are touched without end: a new file has to be complete some day.
        if let sweep, sweep.purchases == nil {
            completes = try advance(sweep, &publication, &publisher, but: Set(due))
        }
        guard try settle(&publication) else {
            dirty.touch(Set(due))
            sweep = before
            return
        }
        publication.erases = isErasing
        isErasing = isErasing && !dirty.isEmpty
        try addTheRest(to: &publication)
        if dirty.isEmpty, sweep == nil { publication.sequence = store.sequence }
        let isNews =
            publication.isAboutContacts || publication.sweep != nil || completes
            || !publication.streams.isEmpty || !publication.quarantined.isEmpty
            || publication.clearsQuarantine
            || !publication.changes.isEmpty || !publication.stageChanges.isEmpty
            || publication.sequence != sequenceSent
        shared.withLock { $0.pending = dirty.count + (sweep == nil ? 0 : 1) }
        guard isNews else { return }
        sequenceSent = publication.sequence
        self.publication.publish(
            .init(publication: publication, epoch: epoch, completes: completes))
    }

    /// Has the rules applied to the contacts of a publication, and what changed committed.
    ///
    /// - Returns: false if there is no space for that at present; then nothing was.
    private func settle(_ publication: inout Publication) throws(StoreError) -> Bool {
        do throws(StoreError) {
            var book = try readyBook()
            try book.settle(&publication, in: store, at: clock.now())
            self.book = book
            if let fault = book.faults.first {
                degraded.enter("rules", "a condition could not be evaluated: \(fault)")
            }
            return true
        } catch {
            guard error.isTransient, !ending.load(ordering: .acquiring) else { throw error }
            degraded.enter("storage", "free some space, or make it writable: \(error)")
            pausedUntil = clock.monotonic() + 1000
            return false
        }
    }

    /// Collects purchases for a while; when all are known, fixes the scales for the sweep to come.
    private func collect(_ sweep: Sweep) throws(StoreError) {
        guard var purchases = sweep.purchases else { return }
        let isDone = try purchases.advance(in: store, limit: Self.purchaseChunk)
        self.sweep = Sweep(purchases: isDone ? nil : purchases)
        guard isDone else { return }
        scales = BuyingScales(
            of: purchases.buyers(), on: day, under: rules.model, last: try store.keptBuyingModel())
        guard scales.isFitted, let model = scales.buying else { return }
        try unlessFull { () throws(StoreError) in try store.keep(model) }
    }

    private func readyBook() throws(StoreError) -> SegmentBook {
        if let book { return book }
        return try SegmentBook(LeadRules(rules.model), rules.model, in: store)
    }

    /// The next contacts of a full publication, but for those that are published already.
    ///
    /// - Returns: whether they were the last.
    private func advance(
        _ sweep: Sweep, _ publication: inout Publication, _ publisher: inout Publisher,
        but done: Set<Int64>
    ) throws(StoreError) -> Bool {
        let persons = try store.persons(after: sweep.after, limit: Self.sweepChunk)
        for person in persons where !done.contains(person.contact) {
            publisher.add(person, contact: person.contact, to: &publication)
            dirty.remove(person.contact)
        }
        let isLast = persons.count < Self.sweepChunk
        let end = isLast ? Int64.max : persons[persons.count - 1].contact
        publication.sweep = (sweep.after + 1)...end
        if sweep.isFirst {
            publication.model = .init(rules.model, names: rules.names)
            publication.state(scales.buying)
        }
        guard isLast else {
            self.sweep = Sweep(purchases: nil, after: end, isFirst: false)
            return false
        }
        self.sweep = nil
        publication.streams = try store.streams()
        dirtyStreams.removeAll()
        publication.meta["as_of_day"] = day.description
        publication.meta["state"] = store.token
        publication.meta["config_hash"] = rules.configurationHash
        // What `top --as-of` and `explain` need besides the tables of the model.
        publication.meta["machine_signals"] = rules.machineSignals
        publication.meta["mql"] = String(rules.model.mql)
        publication.meta["retention_days"] = String(rules.model.retentionDays)
        try keepDay()
        (publication.changesStart, publication.stageChangesStart) = try store.journalStarts()
        return true
    }

    private func newSweep() -> Sweep {
        Sweep(purchases: PurchaseCollector(of: rules.scoring.purchase))
    }

    /// Only old duplicate keys and old journals wait for the next full publication.
    private func keepDay() throws(StoreError) {
        try unlessFull { () throws(StoreError) in
            try store.keep(Int64(day.number), for: "day")
            let oldest = day.adding(-rules.model.retentionDays).end(in: rules.model.zone)
            try store.forgetJournal(before: oldest)
        }
    }

    /// What can wait until there is space again.
    private func unlessFull(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard error.isTransient else { throw error }
        }
    }

    /// Counts, quarantine and journal since the last step.
    private func addTheRest(to publication: inout Publication) throws(StoreError) {
        publication.streams += try store.streams(dirtyStreams)
        dirtyStreams.removeAll()
        if mayShowRequeued {
            mayShowRequeued = false
            let kept = try store.quarantinedCount(through: quarantineSent)
            if kept != self.publication.start.quarantinedCount { showQuarantineAnew() }
        }
        publication.clearsQuarantine = clearsQuarantine
        clearsQuarantine = false
        let (rows, start) = try store.quarantine(after: quarantineSent, limit: 5000)
        publication.quarantined = rows
        publication.quarantineStart = start
        quarantineSent = rows.last?.id ?? quarantineSent
        let changes = try store.journal(after: changesSent, limit: 5000)
        publication.changes = changes
        changesSent = changes.last?.sequence ?? changesSent
        let stages = try store.stageChanges(after: stageChangesSent, limit: 5000)
        publication.stageChanges = stages
        stageChangesSent = stages.last?.sequence ?? stageChangesSent
        if !publication.quarantined.isEmpty || !changes.isEmpty || !stages.isEmpty {
            dirtyStreams.insert(0)  // no stream has this number: there may be more of the rest
        }
        publication.meta["activity_seq"] = String(
            dirty.isEmpty && sweep == nil ? store.sequence : publication.sequence)
    }

    /// Lines have left the quarantine: what is shown of it begins anew.
    private func showQuarantineAnew() {
        quarantineSent = 0
        clearsQuarantine = true
        dirtyStreams.insert(0)  // as in `addTheRest`
    }

    /// The last publications before the end.
    private func finish(full: Bool) {
        guard failure.withLock({ $0 == nil }) else { return }
        if full {
            attempt { () throws(StoreError) in
                while upkeep != nil { guard try tidy() else { break } }
            }
            // Everything is published anyway, so nothing is published twice.
            dirty = DirtyContacts()
            sweep = newSweep()
        }
        noticeNewFile()
        let deadline = clock.monotonic() + (full ? Int64.max / 2 : Self.farewellMilliseconds)
        dirty.release()
        attempt { () throws(StoreError) in
            while !dirty.isEmpty || (full && sweep != nil) || !dirtyStreams.isEmpty,
                clock.monotonic() < deadline
            {
                if !full, sweep != nil, dirty.isEmpty { break }
                // A reader may hold the file for longer than anybody would wait.
                guard publication.waitForRoom(milliseconds: 50) else { continue }
                try publishSome()
                dirty.release()
            }
        }
        guard failure.withLock({ $0 == nil }), !isRetrying else { return }
        attempt { () throws(StoreError) in
            try unlessFull { () throws(StoreError) in try store.endRun() }
        }
    }
}
