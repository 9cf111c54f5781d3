import Core
import Logging
import Store

/// What the last run of the daemon left behind, looked at before the next one begins.
struct LastRun {
    private let lock: StateLock

    /// How long the sums of the state may take to be checked, in milliseconds: READY waits for it.
    private static let checkMilliseconds: Int64 = 800

    /// - Parameter lock: Of the state directory, where a fault leaves its mark.
    init(_ lock: StateLock) { self.lock = lock }

    /// Takes note of a line that ended the last run, and holds the state to the laws of counting if that
    /// run did not come to its end.
    ///
    /// - Throws: `StoreError`; `.damaged` if a law does not hold. The state is left as it is then.
    func look(into store: StateStore, _ clock: Clock, _ logger: Logger) throws(StoreError) {
        var isCut = true
        try unlessFull { () throws(StoreError) in isCut = try store.beginRun() }
        if let suspect = lock.suspect {
            try unlessFull { () throws(StoreError) in
                try store.note(suspect, at: clock.now())
                lock.forgetSuspect()
            }
            logger.error(
                "a line ended the daemon",
                metadata: ["offset": "\(suspect.offset)", "length": "\(suspect.length)"])
        }
        guard isCut else { return }
        let start = clock.monotonic()
        let found = try store.breach(within: Self.checkMilliseconds, clock: clock.monotonic)
        if let detail = found.detail {
            throw .damaged(path: store.path, detail: "its counts do not add up: \(detail)")
        }
        logger.notice(
            "checked after an unclean end",
            metadata: [
                "complete": "\(found.isComplete)",
                "milliseconds": "\(clock.monotonic() - start)",
            ])
    }

    /// Without space nothing is noted, and the daemon starts all the same.
    private func unlessFull(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard error.isTransient else { throw error }
        }
    }
}
