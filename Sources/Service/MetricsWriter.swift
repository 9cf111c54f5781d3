import Core
import Dispatch
import Foundation
import Glibc
import Store
import Synchronization

/// The thread that writes `metrics.prom`. It looks every five seconds and writes what has changed, so
/// that an idle daemon writes nothing.
///
/// SAFETY: what it keeps is used by its thread, and by `finish` only if that has ended.
final class MetricsWriter: @unchecked Sendable {
    private let parts: Assembly
    private let path: String
    private let degraded: Degraded
    private let clock: Clock
    private let ending = BoundedQueue<Never>(capacity: 1)
    private let ended = DispatchSemaphore(value: 0)
    private var hasEnded = false
    private var written: MetricsPage?
    private var counted = MetricsPage.Counted()
    /// How many there were at which checkpoint, and when they may be counted again.
    private var contacts: (count: Int64, sequence: Int64, next: Int64) = (0, -1, 0)

    /// Milliseconds between two looks.
    private static let interval: Int64 = 5000
    /// To count all contacts reads a whole table: it rests so many times as long as it took.
    private static let contactsRest: Int64 = 200

    /// Starts the thread.
    init(_ parts: Assembly, directory: String, degraded: Degraded, clock: Clock) {
        self.parts = parts
        path = directory + "/metrics.prom"
        self.degraded = degraded
        self.clock = clock
        let thread = Thread { self.run() }
        thread.name = "metrics"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Counts for the last time and ends the thread; before the store ends.
    func stop() {
        ending.close()
        hasEnded = ended.wait(timeout: .now() + .seconds(2)) == .success
    }

    /// Writes how it ended; after everything else has.
    func finish() {
        if hasEnded { write(page) }
    }

    private func run() {
        while !ending.isFinished {
            look(isLast: false)
            _ = ending.take(milliseconds: Self.interval)
        }
        look(isLast: true)
        ended.signal()
    }

    private func look(isLast: Bool) {
        let sequence = parts.worker.sequence
        let wantsContacts =
            contacts.sequence != sequence && (isLast || clock.monotonic() >= contacts.next)
        if sequence != counted.sequence || wantsContacts || written == nil {
            count(contacts: wantsContacts)
        }
        write(page)
    }

    /// Asks the store; one that is ending does not answer.
    private func count(contacts wantsContacts: Bool) {
        let clock = self.clock
        let found = parts.worker.perform { worker in
            Result { () throws(StoreError) in
                let counted = MetricsPage.Counted(
                    sources: try worker.store.sourceTotals(), sequence: worker.store.sequence)
                let start = clock.monotonic()
                let contacts = wantsContacts ? try worker.store.contactCount() : nil
                return (counted, contacts, clock.monotonic() - start)
            }
        }
        guard let (counted, count, milliseconds) = try? found?.get() else { return }
        self.counted = counted
        guard let count else { return }
        let next = clock.monotonic() + milliseconds * Self.contactsRest
        contacts = (count, counted.sequence, next)
    }

    private var page: MetricsPage {
        let snapshot = parts.loop.current
        return MetricsPage(
            counted: counted, contacts: contacts.count, lagBytes: snapshot.lagBytes,
            partialBytes: snapshot.partialBytes, openFiles: snapshot.openFiles,
            duplicateKeys: Int64(snapshot.duplicateKeys.held),
            evictedKeys: snapshot.duplicateKeys.evicted,
            publishedSequence: parts.publication.published,
            pendingContacts: Int64(parts.worker.pendingContacts),
            lastCommit: parts.worker.lastCommit.load(ordering: .relaxed),
            lastPublication: parts.publication.lastWritten.load(ordering: .relaxed),
            started: parts.started.milliseconds,
            degraded: degraded.current.map(\.reason))
    }

    /// Puts a new file in the place of the old one, if it says something else.
    private func write(_ page: MetricsPage) {
        guard page != written else { return }
        if let code = Self.replace(path, by: page.text) {
            degraded.enter(
                "metrics", "\(path) cannot be written: \(unsafe String(cString: strerror(code)))")
        } else {
            degraded.leave("metrics")
            written = page
        }
    }

    /// - Returns: the error number if that fails.
    private static func replace(_ path: String, by text: String) -> Int32? {
        let new = path + ".tmp"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe open(new, flags, 0o640)
        guard file >= 0 else { return errno }
        fchmod(file, 0o640)
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                let code = errno
                close(file)
                unsafe unlink(new)
                return code
            }
            bytes = bytes.dropFirst(count)
        }
        close(file)
        return unsafe rename(new, path) == 0 ? nil : errno
    }
}
