import Core

/// What `verify` asks of the state. Each check reads; none changes anything.
extension StateStore {
    /// Σ n over all cells of signals and lifetime counts.
    ///
    /// - Complexity: O(size of the state).
    public func mass(_ names: NameTable) throws(StoreError) -> Int64 {
        try mass(names, while: { true }) ?? 0
    }

    /// The same, as long as a condition holds; nil if it did not to the end.
    func mass(_ names: NameTable, while mayGoOn: () -> Bool) throws(StoreError) -> Int64? {
        var sum: Int64 = 0
        var rows = 0
        let cells = try connection.prepare("SELECT key, packed FROM cell ORDER BY key")
        var decoded: [DailyCell] = []
        defer { cells.reset() }
        while try cells.step() {
            rows += 1
            if rows % 256 == 0, !mayGoOn() { return nil }
            decoded.removeAll(keepingCapacity: true)
            var parts = CellParts(cells.int(0), cells.bytes(1), path: path)
            while try parts.next(into: &decoded) != nil {}
            for cell in decoded where names.isSignal(cell.signal) { sum += cell.tally.n }
        }
        let lifetime = try connection.prepare("SELECT signal, n FROM lifetime")
        while try lifetime.step() {
            guard let signal = SignalID(exactly: lifetime.int(0)) else { continue }
            if names.isSignal(signal) { sum += lifetime.int(1) }
        }
        return sum
    }

    /// Events of erased persons and of expired cookies, which are in no cell any more.
    public func departed() throws(StoreError) -> Int64 {
        (try kept("erased") ?? 0) + (try kept("expired") ?? 0)
    }

    /// How many identifiers there are.
    public func identifierCount() throws(StoreError) -> Int64 {
        try connection.integer("SELECT count(*) FROM identifier") ?? 0
    }

    /// Identifiers above `id` whose person is not the one that their edges say, at most `limit`
    /// identifiers looked at.
    ///
    /// - Returns: those found, how many were looked at, and the last one; nil after the end.
    public func misplaced(
        after id: Int64, limit: Int
    ) throws(StoreError) -> (found: [Int64], looked: Int, last: Int64?) {
        var below: [Int64] = []
        let lowers = try connection.prepare(
            """
            SELECT lower FROM edge WHERE lower > ?1
            UNION SELECT lower FROM assertion WHERE lower > ?1 AND revoked IS NULL
            ORDER BY lower LIMIT ?2
            """)
        lowers.bind(1, id)
        lowers.bind(2, Int64(limit))
        while try lowers.step() { below.append(lowers.int(0)) }
        var found: [Int64] = []
        for lower in below {
            let expected = try statements.belonging(of: lower)
            let read = statements.readIdentifier
            read.bind(1, lower)
            guard try read.step() else {
                found.append(lower)
                continue
            }
            let stored: Belonging =
                if let root = read.optionalInt(2) { .person(root) } else {
                    read.int(3) != 0 ? .ambiguous : .own
                }
            read.reset()
            if expected != stored { found.append(lower) }
        }
        return (found, below.count, below.count < limit ? nil : below.last)
    }

    /// What SQLite finds wrong with the file within a time; nil if nothing.
    public func damage(budgetSeconds: Double) throws(StoreError) -> String? {
        try connection.findDamage(budgetSeconds: budgetSeconds)
    }

    /// The canonical dump of the facts.
    public func canonicalDump() throws(StoreError) -> String {
        let names = try names()
        var dump = CanonicalDump()
        var identifiers: [Int64: String] = [:]
        let read = try connection.prepare("SELECT id, kind, value FROM identifier")
        var sightings = SightingReader(self)
        while try read.step() {
            let kind = IdentifierKind(rawValue: UInt8(clamping: read.int(1)))?.name ?? "?"
            let name = "\(kind):\(read.text(2))"
            identifiers[read.int(0)] = name
            let times = try sightings.times(of: read.int(0))
            dump.add(name, first: times.first, last: times.last)
        }
        func name(_ id: Int64) -> String { identifiers[id] ?? "unknown" }
        try dumpCounts(into: &dump, name, names)
        try dumpTraces(into: &dump, name, names)
        let edges = try connection.prepare(
            "SELECT lower, higher, first_seen, last_seen, n FROM edge")
        while try edges.step() {
            dump.add(
                lower: name(edges.int(0)), higher: name(edges.int(1)), first: edges.int(2),
                last: edges.int(3), n: edges.int(4))
        }
        let traits = try connection.prepare(
            "SELECT identifier, attribute, value, at, source FROM trait")
        while try traits.step() {
            dump.add(
                name(traits.int(0)), attribute: traits.text(1),
                Trait(value: traits.bytes(2).array, at: traits.int(3), source: traits.text(4)))
        }
        return dump.text
    }

    /// What is too old counts as added up, whether it is already or not.
    private func dumpCounts(
        into dump: inout CanonicalDump, _ name: (Int64) -> String, _ names: NameTable
    ) throws(StoreError) {
        var sums: [Int64: [SignalID: Tally]] = [:]
        let none = Tally(n: 0, value: 0)
        let lifetime = try connection.prepare("SELECT identifier, signal, n, value FROM lifetime")
        while try lifetime.step() {
            guard let signal = SignalID(exactly: lifetime.int(1)) else { continue }
            sums[lifetime.int(0), default: [:]][signal, default: none]
                .add(Tally(n: lifetime.int(2), value: lifetime.int(3)))
        }
        let cells = try connection.prepare("SELECT key, packed FROM cell")
        var decoded: [DailyCell] = []
        while try cells.step() {
            var parts = CellParts(cells.int(0), cells.bytes(1), path: path)
            while let id = try parts.next(into: &decoded) {
                for cell in decoded {
                    if retention?.isOver(cell.day, cell.signal) == true {
                        sums[id, default: [:]][cell.signal, default: none].add(cell.tally)
                    } else {
                        dump.add(name(id), cell.day, names.name(cell.signal), cell.tally)
                    }
                }
                decoded.removeAll(keepingCapacity: true)
            }
        }
        for (id, tallies) in sums {
            for (signal, tally) in tallies where tally != none {
                dump.add(name(id), lifetime: names.name(signal), tally)
            }
        }
    }
}
