import Core
import Store

/// What a new day puts away in the state, some rows at a time, so that commits come in between.
///
/// Each step is a transaction of its own, and none depends on the ones before: after a crash all of
/// it begins again, and finds less to do.
struct Upkeep: Sendable {
    private enum Phase {
        /// What tells machines from people, which is needed for some days only.
        case traces
        /// Cookies that rest, looked for among the identifiers above a number.
        case cookies(after: Int64)
        /// Counts that became too old, looked for in the packed rows above a key.
        case cells(after: Int64)
        /// Streams that are long gone.
        case streams
        case done
    }

    /// The day that has begun.
    let day: Day
    /// Streams that are no rows of their own any more, since they were last asked for.
    var goneStreams: [Int64] = []
    private var phase = Phase.traces

    /// The day up to which everything was put away last.
    private static let key = "upkeep_day"

    /// What has to be done on a day; nil if it was, and for a state that is new: nothing in it is old.
    init?(on day: Day, in store: StateStore) throws(StoreError) {
        self.day = day
        var last = try store.kept(Self.key)
        if last == nil { last = try store.kept("day") }
        guard let last else {
            try store.keep(Int64(day.number), for: Self.key)
            return nil
        }
        guard last < Int64(day.number) else { return nil }
    }

    /// Whether nothing is left to do.
    var isDone: Bool {
        if case .done = phase { true } else { false }
    }

    /// Takes one step: some milliseconds of work.
    ///
    /// - Returns: contacts that are gone.
    /// - Throws: `StoreError`; then the step was not taken.
    mutating func advance(
        in store: StateStore, under rules: Rules, at now: Instant
    ) throws(StoreError) -> Set<Int64> {
        switch phase {
        case .traces:
            let start = rules.machines(on: day).start
            if try store.forgetTraces(before: start) { phase = .cookies(after: 0) }
            return []
        case .cookies(let after):
            let step = try store.expireCookies(
                after: after, on: day, in: rules.model.zone, at: now)
            phase = step.last.map { .cookies(after: $0) } ?? .cells(after: -1)
            return Set(step.contacts)
        case .cells(let after):
            let last = try store.addUpCells(after: after, before: rules.retention(on: day))
            phase = last.map { .cells(after: $0) } ?? .streams
            return []
        case .streams:
            let gone = try store.addUpStreams(at: now)
            goneStreams += gone
            if gone.isEmpty { try finish(store) }
            return []
        case .done: return []
        }
    }

    private mutating func finish(_ store: StateStore) throws(StoreError) {
        try store.keep(Int64(day.number), for: Self.key)
        phase = .done
    }
}
