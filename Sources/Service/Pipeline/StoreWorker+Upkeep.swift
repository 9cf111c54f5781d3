import Core
import Store
import Synchronization

/// Putting away what a new day made old, some milliseconds at a time.
extension StoreWorker {
    func beginUpkeep() {
        attempt { () throws(StoreError) in
            try unlessFull { () throws(StoreError) in upkeep = try Upkeep(on: day, in: store) }
        }
    }

    /// Takes a step of what the day has to put away.
    ///
    /// - Returns: false if there is no space for that at present; then nothing was.
    func tidy() throws(StoreError) -> Bool {
        guard var work = upkeep else { return true }
        heartbeat.add(1, ordering: .relaxed)
        do throws(StoreError) {
            dirty.touch(
                try work.advance(in: store, under: rules, at: clock.now()).sorted())
            degraded.leave("storage")
            if !work.goneStreams.isEmpty {
                tell(gone: work.goneStreams)
                work.goneStreams = []
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
}
