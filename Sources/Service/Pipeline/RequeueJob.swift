import Dispatch
import Ingest
import Synchronization

/// Quarantined lines on their way through the ingest loop: they wait for it, are folded, and come back
/// when the checkpoint that they went into is committed.
final class RequeueJob: Sendable {
    let lines: [RequeuedLine]
    private let results = Mutex<[RequeueResult]?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ lines: [RequeuedLine]) { self.lines = lines }

    /// Says what came of the lines.
    func finish(_ results: [RequeueResult]) {
        self.results.withLock { $0 = results }
        done.signal()
    }

    /// What came of the lines, after waiting for that; nil if it takes longer.
    func wait(milliseconds: Int) -> [RequeueResult]? {
        guard done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
            return nil
        }
        return results.withLock { $0 }
    }
}

/// Where the ingest loop finds the job that is wanted, one at a time. A job leaves it only when it is
/// committed, so that no line is ever read again twice.
final class RequeueDesk: Sendable {
    private enum Stage {
        case wanted, folded, handedOver
    }

    private struct Entry {
        let job: RequeueJob
        var stage = Stage.wanted
        var results: [RequeueResult] = []
    }

    private let current = Mutex<Entry?>(nil)

    /// Whether there is no job.
    var isFree: Bool { current.withLock { $0 == nil } }

    /// Puts a job on the desk; false if there is one.
    func put(_ job: RequeueJob) -> Bool {
        current.withLock { entry in
            guard entry == nil else { return false }
            entry = Entry(job: job)
            return true
        }
    }

    /// Has the wanted job done.
    func fold(_ body: ([RequeuedLine]) -> [RequeueResult]) {
        guard let job = wanted else { return }
        let results = body(job.lines)
        current.withLock { $0 = Entry(job: job, stage: .folded, results: results) }
    }

    /// Notes that everything folded so far is on its way to the store.
    func handOver() {
        current.withLock { entry in
            if entry?.stage == .folded { entry?.stage = .handedOver }
        }
    }

    /// Notes that everything handed over is committed.
    func commit() {
        let done = current.withLock { entry -> Entry? in
            guard entry?.stage == .handedOver else { return nil }
            defer { entry = nil }
            return entry
        }
        if let done { done.job.finish(done.results) }
    }

    private var wanted: RequeueJob? {
        current.withLock { $0?.stage == .wanted ? $0?.job : nil }
    }
}
