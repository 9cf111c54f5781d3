internal import Foundation
internal import Glibc

/// Waits until a condition holds.
///
/// - Returns: false if it still does not after `seconds`.
public func holds(within seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = monotonicSeconds() + seconds
    while true {
        if try condition() { return true }
        if monotonicSeconds() >= deadline { return false }
        Thread.sleep(forTimeInterval: 0.01)
    }
}

/// Seconds of a clock that never jumps.
public func monotonicSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
