import CLinux
import Core
import Foundation
import Glibc
import Store
import Synchronization

/// Answers the commands that come through the control socket.
///
/// SAFETY: the parts it holds are asked only through what is made for several threads.
final class DaemonCommands: @unchecked Sendable {
    private let parts: Assembly
    private let clock: Clock
    private let degraded: Degraded
    private let directory: String
    private let isCopying = Atomic<Bool>(false)
    private let isRequeuing = Atomic<Bool>(false)

    init(parts: Assembly, directory: String, clock: Clock, degraded: Degraded) {
        self.directory = directory
        self.parts = parts
        self.clock = clock
        self.degraded = degraded
    }

    /// The answer to a request.
    func answer(_ request: ControlRequest) -> ControlResponse {
        switch request.command {
        case "status": status()
        case "verify": verify()
        case "whatif": WhatIf.answer(request, parts.worker)
        case "quarantine": quarantine(request)
        case "requeue": requeue(request)
        case "backup": backup()
        case "ambiguous": ambiguous(request)
        case _ where PersonCommands.names.contains(request.command): person(request)
        default:
            .failure("unknown command '\(request.command)'", exitCode: 64)
        }
    }

    /// The status after a fresh look at every file, waiting a moment for what is being read.
    private func status() -> ControlResponse {
        settle()
        let snapshot = parts.loop.current
        do throws(StoreError) {
            // What the store's thread goes by; others are the main thread's to change.
            let (streams, day, hash) = try parts.worker.read {
                store, rules, day throws(StoreError) in
                (try store.streams(), day, rules.configurationHash)
            }
            var report = StatusReport(streams: streams)
            report.isRunning = true
            report.sequence = parts.worker.sequence
            report.day = day
            report.lagBytes = snapshot.lagBytes
            report.partialBytes = snapshot.partialBytes
            report.openFiles = snapshot.openFiles
            report.rate = snapshot.rate
            report.degraded = degraded.current
            report.configurationHash = hash
            report.publishedSequence = parts.publication.published
            report.pendingContacts = parts.worker.pendingContacts
            report.duplicateKeys = snapshot.duplicateKeys
            report.foreignCurrency = snapshot.foreignCurrency
            report.started = parts.started
            return .result(report.value)
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }

    /// Waits until all files were looked at, and up to half a second for what is under way.
    private func settle() {
        let before = parts.loop.current.looks
        parts.loop.requestLook()
        let deadline = clock.monotonic() + 1000
        while parts.loop.current.looks == before, clock.monotonic() < deadline {
            Thread.sleep(forTimeInterval: 0.002)
        }
        while clock.monotonic() < deadline {
            let isPublished =
                parts.worker.pendingContacts == 0 && parts.publication.isIdle
                && parts.publication.published >= parts.worker.sequence
            if parts.loop.current.lagBytes > 0 || isPublished || !degraded.current.isEmpty {
                return
            }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    /// Done between two commits; comes back when it is committed, and soon published.
    private func person(_ request: ControlRequest) -> ControlResponse {
        let now = clock.now()
        let response = parts.worker.perform { worker in
            var commands = PersonCommands(store: worker.store, now: now)
            let response = commands.answer(request)
            if !commands.touched.isEmpty {
                worker.note(touched: commands.touched, erasing: commands.erased)
            }
            return response
        }
        settle()
        return response ?? .failure("the daemon is ending", exitCode: 75)
    }

    private func quarantine(_ request: ControlRequest) -> ControlResponse {
        do throws(StoreError) {
            return try QuarantineList.answer(request, parts.worker)
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }

    private func ambiguous(_ request: ControlRequest) -> ControlResponse {
        do throws(StoreError) {
            return try AmbiguityReport.answer(request, parts.worker)
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }

    /// Folded by the ingest loop, between two blocks: it alone knows which events came before.
    ///
    /// One at a time, and only when nothing is left of the one before: a line that was read from the
    /// quarantine while another request has it in hand would count twice.
    private func requeue(_ request: ControlRequest) -> ControlResponse {
        guard !isRequeuing.exchange(true, ordering: .acquiring) else { return Self.underWay }
        defer {
            isRequeuing.store(false, ordering: .releasing)
            settle()
        }
        guard !parts.loop.isRequeuing else { return Self.underWay }
        do {
            return try Requeue.answer(request, parts.worker) { lines in
                let job = RequeueJob(lines)
                guard parts.loop.requeue(job) else { throw RequeueUnderWay() }
                guard let results = job.wait(milliseconds: Self.requeueMilliseconds) else {
                    throw RequeueUnderWay()
                }
                return results
            }
        } catch let error as StoreError {
            return .failure("\(error)", exitCode: error.exitCode)
        } catch {
            return Self.underWay
        }
    }

    private static let underWay = ControlResponse.failure(
        "lines from the quarantine wait to be committed; see `leadscore status`, then try again",
        exitCode: 75)

    private func backup() -> ControlResponse {
        guard !isCopying.exchange(true, ordering: .acquiring) else {
            return .failure("a backup is being made; wait for its end", exitCode: 75)
        }
        defer { isCopying.store(false, ordering: .releasing) }
        do throws(StoreError) {
            return try Backup.make(parts.worker, directory: directory)
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }

    /// Lines that were to be read again are not committed yet.
    private struct RequeueUnderWay: Error {}
    /// How long to wait until some lines are committed: as long as a full disk may take to be noticed.
    private static let requeueMilliseconds = 30_000

    private func verify() -> ControlResponse {
        do throws(StoreError) {
            return .result(try Verification(parts.worker).value)
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }
}

extension StoreWorker: StateAccess {
    func read<T: Sendable>(
        _ body: @escaping @Sendable (StateStore, Rules, Day) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        let result = perform { worker in
            Result { () throws(StoreError) in try body(worker.store, worker.rules, worker.day) }
        }
        guard let result else { throw .ending }
        return try result.get()
    }
}
