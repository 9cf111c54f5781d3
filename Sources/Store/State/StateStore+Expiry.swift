public import Core

/// What one step of expiring came to.
public struct ExpiryStep: Sendable, Equatable {
    /// Contacts that are gone, ascending.
    public var contacts: [Int64] = []
    /// Events that were counted for them, which are in no cell any more.
    public var events: Int64 = 0
    /// The last identifier looked at; nil after the end.
    public var last: Int64?
}

/// Cookies that nobody is known behind and that came back no more: most identifiers of a busy site.
/// They go, and their events are counted as `expired`.
extension StateStore {
    /// Whole days without activity after which a cookie without an edge expires.
    public static var restDays: Int { 90 }

    /// Expires cookies among the identifiers above `id`, in one transaction; none if there are none.
    /// Whoever was asserted to be somebody, or not to be, stays.
    ///
    /// - Parameters:
    ///   - looking: Identifiers looked at, at most.
    ///   - limit: Cookies that go, at most: so long the transaction is.
    /// - Throws: `StoreError`; then nothing has changed.
    /// - Complexity: O(identifiers looked at), and O(log n) for each row that goes.
    public func expireCookies(
        after id: Int64, on day: Day, in zone: FixedZone, at now: Instant, looking: Int = 20_000,
        limit: Int = 1000
    ) throws(StoreError) -> ExpiryStep {
        var step = ExpiryStep()
        let resting = try restingCookies(
            after: id, before: day.adding(-Self.restDays - 1).end(in: zone), looking: looking,
            limit: limit, &step)
        guard !resting.isEmpty else { return step }
        let names = try names()
        let segments = try segmentNames()
        defer { cache.clear() }
        step.events = try connection.transaction { () throws(StoreError) -> Int64 in
            var events: Int64 = 0
            var changes = MembershipChanges()
            for cookie in resting {
                events += try removeCounts(
                    of: cookie.id, from: cookie.first, to: cookie.last, names)
                try leave(cookie.id, segments, &changes)
                try remove(identifier: cookie.id)
            }
            try write(changes, at: now)
            try statements.setMeta("expired", try (kept("expired") ?? 0) + events)
            return events
        }
        step.contacts = resting.map(\.id)
        return step
    }

    /// A cookie and the registers of its events.
    private struct Cookie {
        var id: Int64
        var first: Int64
        var last: Int64
    }

    private func restingCookies(
        after id: Int64, before time: Instant, looking: Int, limit: Int, _ step: inout ExpiryStep
    ) throws(StoreError) -> [Cookie] {
        let look = try connection.prepare(
            """
            SELECT id, kind = ? AND root IS NULL AND NOT ambiguous
            FROM identifier WHERE id > ? ORDER BY id LIMIT ?
            """)
        defer { look.reset() }
        look.bind(1, Int64(IdentifierKind.cookie.rawValue))
        look.bind(2, id)
        look.bind(3, Int64(looking))
        let isKnown = try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM edge WHERE lower = ?1)
                OR EXISTS (SELECT 1 FROM edge WHERE higher = ?1)
                OR EXISTS (SELECT 1 FROM assertion WHERE lower = ?1)
                OR EXISTS (SELECT 1 FROM assertion WHERE higher = ?1)
            """)
        var found: [Cookie] = []
        var looked = 0
        var sightings = SightingReader(self)
        while try look.step() {
            looked += 1
            step.last = look.int(0)
            guard look.int(1) != 0 else { continue }
            let times = try sightings.times(of: look.int(0))
            guard times.last < time.milliseconds else { continue }
            isKnown.bind(1, look.int(0))
            let known = try isKnown.step() && isKnown.int(0) != 0
            isKnown.reset()
            guard !known else { continue }
            found.append(Cookie(id: look.int(0), first: times.first, last: times.last))
            if found.count == limit { return found }
        }
        if looked < looking { step.last = nil }
        return found
    }

    /// Takes out what is counted and stated of an identifier, within a transaction.
    ///
    /// - Parameters:
    ///   - first: When it was first seen, in milliseconds.
    ///   - last: When it was last seen.
    /// - Returns: the events that were counted.
    func removeCounts(
        of identifier: Int64, from first: Int64, to last: Int64, _ names: NameTable
    ) throws(StoreError) -> Int64 {
        var events: Int64 = 0
        for period in CellCodec.periods(from: first, to: last) {
            try reduceCells(CellRow.key(period: period, identifier: identifier)) { other, cells in
                guard other == identifier else { return }
                for cell in cells where names.isSignal(cell.signal) { events += cell.tally.n }
                cells = []
            }
        }
        let lifetime = statements.readLifetime
        lifetime.bind(1, identifier)
        lifetime.bind(2, identifier)
        while try lifetime.step() {
            guard let signal = SignalID(exactly: lifetime.int(0)) else { continue }
            if names.isSignal(signal) { events += lifetime.int(1) }
        }
        try statements.removeLifetime.run(identifier)
        try statements.removeTraits.run(identifier)
        return events
    }

    private func leave(
        _ contact: Int64, _ names: [SegmentID: String], _ changes: inout MembershipChanges
    ) throws(StoreError) {
        guard let before = try membership(of: contact) else { return }
        changes.rows.append((contact, MembershipRow()))
        for member in before.members {
            changes.segments.append((names[member.segment] ?? "", contact, false))
        }
        if before.stage != nil { changes.stages.append((contact, before.stage, nil)) }
    }
}
