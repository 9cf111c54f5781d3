public import Core
import Glibc

/// Where the daemon gets its time from: a parameter, so that a test can hold it still or jump.
public struct Clock: Sendable {
    /// The wall clock.
    public var now: @Sendable () -> Instant
    /// Milliseconds of a clock that never jumps.
    public var monotonic: @Sendable () -> Int64
    /// The day that everything is derived for, if it is not today.
    public var asOf: Day?

    /// A clock of these parts.
    public init(
        now: @escaping @Sendable () -> Instant, monotonic: @escaping @Sendable () -> Int64,
        asOf: Day? = nil
    ) {
        self.now = now
        self.monotonic = monotonic
        self.asOf = asOf
    }

    /// The system's clocks; with `asOf` the day stands still.
    public static func system(asOf: Day? = nil) -> Clock {
        Clock(
            now: {
                var time = timespec()
                unsafe clock_gettime(CLOCK_REALTIME, &time)
                return Instant(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
            },
            monotonic: {
                var time = timespec()
                unsafe clock_gettime(CLOCK_MONOTONIC, &time)
                return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
            }, asOf: asOf)
    }

    /// Whether the time can be right. A machine without a battery for its clock may start in 1970.
    public var isTrusted: Bool { asOf != nil || now() >= Version.released }

    /// The day that everything is derived for.
    public func day(in zone: FixedZone) -> Day { asOf ?? Day(of: now(), in: zone) }

    /// The time after which events are `future`: 24 hours from now, or from the end of the day that
    /// stands still.
    public func latestEvent(in zone: FixedZone) -> Instant {
        let base = asOf.map { $0.end(in: zone) } ?? now()
        return Instant(base.milliseconds + 86_400_000)
    }
}
