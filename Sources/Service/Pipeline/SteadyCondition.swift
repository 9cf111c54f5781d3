import CLinux
import Glibc

/// A lock and a condition that is waited for by the clock that never jumps. Foundation's goes by the wall
/// clock: a wait during which that is set back by an hour lasts an hour longer.
///
/// SAFETY: both lie in memory of their own from `init` to `deinit`, and are made for several threads.
@safe
final class SteadyCondition: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func lock() { unsafe pthread_mutex_lock(mutex) }
    func unlock() { unsafe pthread_mutex_unlock(mutex) }
    /// Wakes all who wait.
    func broadcast() { unsafe pthread_cond_broadcast(condition) }
    /// Waits to be woken, with the lock held.
    func wait() { unsafe pthread_cond_wait(condition, mutex) }

    /// Waits to be woken, with the lock held.
    ///
    /// - Returns: false when `deadline` has come, in milliseconds of CLOCK_MONOTONIC.
    func wait(until deadline: Int64) -> Bool { unsafe clinux_wait(condition, mutex, deadline) == 0 }
}
