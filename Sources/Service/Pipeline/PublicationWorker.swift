import Core
import Foundation
import Logging
import Store
import Synchronization

/// The thread that writes `leads.db`. Whatever an analyst does to that file, it waits or makes a new
/// one; nobody else notices.
///
/// SAFETY: `leads` is used by the worker's thread only, and by `init` before that starts.
final class PublicationWorker: @unchecked Sendable {
    /// A step of publishing, meant for one life of the file.
    struct Step: Sendable {
        var publication: Publication
        var epoch: Int
        /// Whether everything has been published with it, so that a file being built is complete.
        var completes: Bool
    }

    /// What the file showed when it was opened.
    struct Start: Sendable {
        var lastQuarantined: Int64
        var quarantinedCount: Int64
        var lastChange: Int64
        var lastStageChange: Int64
        /// Whether nobody can see it until it is complete.
        var isHidden: Bool
    }

    private let directory: String
    private let queue = BoundedQueue<Step>(capacity: 2)
    private let degraded: Degraded
    private let clock: Clock
    private let logger: Logger
    private let latest: Int64
    private let walLimit: Int64
    private let space: FreeSpace?
    private let ended = DispatchSemaphore(value: 0)
    /// Nil only as long as no file can be had at all.
    private var leads: LeadsStore?
    private let state: Mutex<(epoch: Int, start: Start, published: Int64, busy: Bool)>
    /// When `leads.db` was last written, in milliseconds since 1970; 0: not since the start.
    let lastWritten = Atomic<Int64>(0)
    private let abandoned = Atomic<Bool>(false)
    /// How long to wait before the file is made anew once more, in seconds.
    private var pause = 0.0

    /// A WAL that a reader lets grow beyond so many bytes is not written to any more.
    static let walLimit: Int64 = 1 << 30

    /// Opens `leads.db`, or begins a new one, and starts the thread.
    ///
    /// - Parameter isPatient: Where no file can be had, to go on trying rather than to throw: what
    ///   is counted does not depend on it.
    /// - Parameter space: What pauses publishing; nil goes on to the last byte.
    init(
        directory: String, latest: Int64, state token: String? = nil, isPatient: Bool = false,
        degraded: Degraded, clock: Clock, logger: Logger,
        walLimit: Int64 = PublicationWorker.walLimit, space: FreeSpace? = nil
    ) throws(StoreError) {
        self.directory = directory
        self.walLimit = walLimit
        self.space = space
        self.degraded = degraded
        self.clock = clock
        self.logger = logger
        self.latest = latest
        do throws(StoreError) {
            let opened = try LeadsStore(directory: directory, latest: latest, state: token)
            leads = opened
            state = Mutex((1, Self.start(of: opened), opened.sequence, false))
        } catch {
            guard isPatient else { throw error }
            leads = nil
            state = Mutex(
                (
                    0,
                    Start(
                        lastQuarantined: 0, quarantinedCount: 0, lastChange: 0,
                        lastStageChange: 0, isHidden: true), 0, false
                ))
        }
        startThread("publication", stackBytes: 1 << 20) { self.run() }
    }

    /// Which life of the file this is; a new one wants everything published again.
    var epoch: Int { state.withLock { $0.epoch } }
    /// What the file of this epoch showed when it was opened.
    var start: Start { state.withLock { $0.start } }
    /// The checkpoint that is shown.
    var published: Int64 { state.withLock { $0.published } }
    /// Whether nothing waits to be written.
    var isIdle: Bool { queue.isEmpty && !state.withLock { $0.busy } }
    /// Whether another step would be taken at once.
    var hasRoom: Bool { queue.hasRoom }

    /// Waits until another step would be taken at once; false if that takes longer.
    func waitForRoom(milliseconds: Int64) -> Bool { queue.waitForRoom(milliseconds: milliseconds) }

    /// Publishes a step, waiting for room.
    func publish(_ step: Step) { queue.put(step) }

    /// Takes nothing more; the thread writes what waits and ends.
    func close() { queue.close() }

    /// Whether the thread has ended, after waiting for that for some time.
    func hasEnded(milliseconds: Int) -> Bool {
        guard ended.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
            return false
        }
        ended.signal()  // for whoever asks again
        return true
    }

    /// Writes what waits, for at most `milliseconds`, and ends the thread.
    func stop(milliseconds: Int) {
        close()
        if !hasEnded(milliseconds: milliseconds) { abandoned.store(true, ordering: .relaxed) }
    }

    private func run() {
        if leads == nil { begin("it could not be opened") }
        while !queue.isFinished {
            let step = queue.take(milliseconds: 2000)
            if leads?.isInPlace != true { begin("it was removed, replaced or written to") }
            guard let step else { continue }
            state.withLock { $0.busy = true }
            if step.epoch == epoch, let leads { write(step, to: leads) }
            state.withLock { $0.busy = false }
        }
        ended.signal()
    }

    private func write(_ step: Step, to leads: LeadsStore) {
        while !abandoned.load(ordering: .relaxed) {
            if !leads.isInPlace {
                begin("it was removed, replaced or written to")
                return
            }
            if let space, space.isShort(at: directory) {
                let percent = Int((space.minimum * 100).rounded())
                degraded.enter(
                    "publish",
                    "less than \(percent) % of the file system of \(leads.path) is free; free some"
                )
                Thread.sleep(forTimeInterval: 0.25)
                continue
            }
            guard leads.walBytes < walLimit || leads.shortenWAL() else {
                degraded.enter(
                    "publish",
                    "a reader holds on to an old state of \(leads.path); end its transaction")
                Thread.sleep(forTimeInterval: 0.25)
                continue
            }
            do throws(StoreError) {
                try leads.publish(step.publication, at: clock.now())
                lastWritten.store(clock.now().milliseconds, ordering: .relaxed)
                if step.completes {
                    try leads.finish()
                    pause = 0
                }
                if !leads.isBuilding {
                    state.withLock { $0.published = leads.sequence }
                    degraded.leave("publish")
                }
                return
            } catch {
                if error.exitCode == 75 {
                    degraded.enter(
                        "publish",
                        "a reader holds \(leads.path) locked; end its transaction: \(error)")
                    Thread.sleep(forTimeInterval: 0.05)
                } else if error.isTransient, !leads.isBuilding {
                    degraded.enter("publish", "free some space, or make it writable: \(error)")
                    Thread.sleep(forTimeInterval: 0.5)
                } else {
                    giveUp(error)
                    return
                }
            }
        }
    }

    /// Begins a new file because the old one is of no more use; the more often in a row, the later,
    /// because each costs a full publication.
    private func giveUp(_ error: StoreError) {
        if pause > 0 {
            degraded.enter("publish", "\(directory) does not take a new leads.db: \(error)")
            Thread.sleep(forTimeInterval: pause)
        }
        pause = min(max(pause * 2, 1), 30)
        begin("\(error)")
    }

    /// Begins a new file. Tried until it works: without a file there is nothing else to do.
    private func begin(_ why: String) {
        logger.warning("leads.db is made anew", metadata: ["why": "\(why)"])
        while !abandoned.load(ordering: .relaxed) {
            do throws(StoreError) {
                // Nothing is shown by a file beyond every checkpoint: it is never taken up again.
                let new = try LeadsStore(directory: directory, latest: -1)
                leads = new
                state.withLock { $0 = ($0.epoch + 1, Self.start(of: new), 0, $0.busy) }
                return
            } catch {
                degraded.enter("publish", "\(directory) cannot be written: \(error)")
                Thread.sleep(forTimeInterval: 1)
                if queue.isFinished { return }
            }
        }
    }

    private static func start(of leads: LeadsStore) -> Start {
        Start(
            lastQuarantined: leads.lastQuarantined, quarantinedCount: leads.quarantinedCount,
            lastChange: leads.lastChange, lastStageChange: leads.lastStageChange,
            isHidden: leads.isBuilding)
    }
}
