import CLinux
import Core
import Foundation
import Logging
import Store
import Synchronization
import TestKit
import Testing

@testable import Service

/// The day change, with a clock that is about to strike midnight in the configured zone.
@Suite struct MidnightTests {
    private static let rules = """
        time_zone: "+02:00"
        signals:
          - {name: click, when: {type: click}, weight: 8, half_life: 1d}
        """
    /// 2026-09-14T00:00:00+02:00.
    private static let midnight: Int64 = 1_789_336_800_000

    /// A wall clock that stands a minute before midnight until it is let go shortly before it.
    private final class Wall: Sendable {
        private let released = Mutex<Int64?>(nil)
        private let monotonic = Clock.system().monotonic

        var now: Int64 {
            released.withLock { $0.map { midnight - 300 + monotonic() - $0 } } ?? midnight - 60_000
        }

        func release() { released.withLock { $0 = monotonic() } }
        var clock: Clock { Clock(now: { Instant(self.now) }, monotonic: monotonic) }
    }

    /// A wall clock that is an hour before midnight, some days later, and one that is some hours ahead.
    private final class Hands: Sendable {
        let days = Atomic<Int64>(0)
        let hours = Atomic<Int64>(0)
        private let monotonic = Clock.system().monotonic

        var clock: Clock {
            Clock(
                now: {
                    let days = self.days.load(ordering: .relaxed)
                    return Instant(midnight - 3_600_000 + days * 86_400_000)
                },
                monotonic: {
                    self.monotonic() + self.hours.load(ordering: .relaxed) * 3_600_000
                })
        }
    }

    @Test func `a leap over many days is believed when it has lasted for an hour`() throws {
        let scratch = try DaemonScratch(rules: Self.rules)
        try scratch.append(
            [#"{"ts":"2026-09-12T12:00:00Z","type":"click","email":"ann@example.com"}"#],
            to: "a.ndjson")
        let hands = Hands()
        let parts = try assemble(scratch, hands.clock)
        parts.loop.discover()
        func newDay() -> String? {
            switch parts.loop.run(once: true) {
            case .newDay(let day): day.description
            default: nil
            }
        }
        #expect(newDay() == nil)
        hands.days.store(400, ordering: .relaxed)
        #expect(newDay() == nil)
        // What does not last leaves nothing behind.
        hands.days.store(0, ordering: .relaxed)
        hands.hours.store(1, ordering: .relaxed)
        #expect(newDay() == nil)
        hands.days.store(400, ordering: .relaxed)
        #expect(newDay() == nil)
        hands.hours.store(2, ordering: .relaxed)
        #expect(newDay() == "2027-10-18")
        parts.loop.day = Day("2027-10-18") ?? parts.loop.day
        // A few days, as after a rest, are believed at once.
        hands.days.store(431, ordering: .relaxed)
        #expect(newDay() == "2027-11-18")
        parts.loop.drain()
        parts.worker.stop(full: false)
        #expect(parts.worker.hasEnded(milliseconds: 5000))
        parts.publication.stop(milliseconds: 2000)
    }

    @Test func `scores roll over at midnight of the configured zone without a restart`() throws {
        let scratch = try DaemonScratch(rules: Self.rules)
        try scratch.append(
            [
                #"{"ts":"2026-09-13T21:59:00Z","type":"click","email":"ann@example.com"}"#,
                #"{"ts":"2026-09-12T12:00:00Z","type":"click","email":"ann@example.com"}"#,
                #"{"ts":"2026-09-14T22:00:00Z","type":"click","email":"late@example.com"}"#,
            ], to: "a.ndjson")
        let wall = Wall()
        let parts = try assemble(scratch, wall.clock)
        parts.loop.discover()
        guard case .caughtUp = parts.loop.run(once: true) else {
            Issue.record("not caught up")
            return
        }
        #expect(holds(within: 5) { scores(scratch) == ["2026-09-13 ann@example.com 12.0"] })
        wall.release()
        // Nothing wakes the loop but the clock.
        guard case .newDay(let day) = parts.loop.run(once: false) else {
            Issue.record("no new day")
            return
        }
        #expect(day.description == "2026-09-14")
        parts.begin(day)
        #expect(holds(within: 5) { scores(scratch) == ["2026-09-14 ann@example.com 6.0"] })

        // What was too far ahead yesterday may be counted today.
        try scratch.append(
            [#"{"ts":"2026-09-14T22:00:00Z","type":"click","email":"next@example.com"}"#],
            to: "b.ndjson")
        parts.loop.discover()
        guard case .caughtUp = parts.loop.run(once: true) else {
            Issue.record("not caught up")
            return
        }
        #expect(holds(within: 5) { scores(scratch).count == 2 })
        #expect(scratch.number("SELECT count(*) FROM quarantine WHERE reason = 'future'") == 1)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE as_of_day = '2026-09-14'") == 2)
        parts.loop.drain()
        parts.worker.stop(full: false)
        #expect(parts.worker.hasEnded(milliseconds: 5000))
        parts.publication.stop(milliseconds: 2000)
    }

    @Test func `a cookie that rested for 90 days goes at midnight, and its events are expired`()
        throws
    {
        let scratch = try DaemonScratch(rules: Self.rules)
        try scratch.append(
            [
                #"{"ts":"2026-06-12T12:00:00Z","type":"click","cookie":"resting"}"#,
                #"{"ts":"2026-06-14T12:00:00Z","type":"click","cookie":"resting"}"#,
                #"{"ts":"2026-06-14T12:00:00Z","type":"click","cookie":"of-ann"}"#,
                #"{"ts":"2026-06-14T12:00:00Z","type":"click","cookie":"of-ann","email":"a@x.de"}"#,
                #"{"ts":"2026-06-16T12:00:00Z","type":"click","cookie":"fresh"}"#,
                #"{"ts":"2026-06-17T12:00:00Z","type":"click","cookie":"fresh"}"#,
            ], to: "a.ndjson")
        let wall = Wall()
        let parts = try assemble(scratch, wall.clock)
        parts.loop.discover()
        guard case .caughtUp = parts.loop.run(once: true) else {
            Issue.record("not caught up")
            return
        }
        func shown() -> Int64? { scratch.number("SELECT count(*) FROM leads") }
        #expect(holds(within: 5) { shown() == 3 })
        wall.release()
        guard case .newDay(let day) = parts.loop.run(once: false) else {
            Issue.record("no new day")
            return
        }
        parts.begin(day)
        #expect(holds(within: 5) { shown() == 2 })
        #expect(scratch.number("SELECT count(*) FROM identifiers WHERE value = 'resting'") == 0)
        parts.loop.drain()
        let departed = parts.worker.perform { try? $0.store.departed() }
        #expect(departed == 2)
        let verified = try parts.worker.perform { worker in
            Result { try Verification(DirectAccess(worker: worker)) }
        }?.get()
        #expect(verified?.checks.allSatisfy(\.isKept) == true)
        parts.worker.stop(full: false)
        #expect(parts.worker.hasEnded(milliseconds: 5000))
        parts.publication.stop(milliseconds: 2000)
    }

    /// The state as its own thread sees it.
    private struct DirectAccess: StateAccess, @unchecked Sendable {
        let worker: StoreWorker
        func read<T: Sendable>(
            _ body: @escaping @Sendable (StateStore, Rules, Day) throws(StoreError) -> T
        ) throws(StoreError) -> T { try body(worker.store, worker.rules, worker.day) }
    }

    private func scores(_ scratch: DaemonScratch) -> [String] {
        let rows = try? scratch.rows(
            "SELECT as_of_day || ' ' || email || ' ' || engagement AS line FROM leads ORDER BY email"
        )
        return (rows ?? []).map { "\($0["line"] ?? .null)" }
    }

    private func assemble(_ scratch: DaemonScratch, _ clock: Clock) throws -> Assembly {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        return try Assembly(
            configuration: try Configuration.load(path: scratch.configuration),
            options: DaemonOptions(
                configuration: scratch.configuration, state: scratch.state, once: false, asOf: nil),
            lock: try StateLock.acquire(directory: scratch.state), clock: clock,
            degraded: Degraded(clock: clock, logger: logger), logger: logger,
            notifier: Notifier(monotonicMicroseconds: { 0 }, send: { _ in }),
            signalDescriptor: clinux_event_fd())
    }
}
