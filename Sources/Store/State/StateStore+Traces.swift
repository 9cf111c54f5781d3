import Core

/// Judging machines by what they did, within the transaction of `commit`.
///
/// What was done in a second is a fact that adds up; whether it was a machine's follows from the
/// facts around it. A verdict that changes moves counts to the machine twins, or back, in the cells of
/// the same checkpoint, so that it does not matter which line came first.
extension StateStore {
    /// What has to be judged of one identifier.
    private struct Case {
        /// Its number in the delta.
        var number: Int
        /// Its traces, by their places in the log.
        var rows: [Int] = []
        /// Seconds of which the verdict may change without a trace of its own.
        var seconds: [Int64] = []
    }

    /// Adds the traces of a delta to what is remembered, and judges anew whatever depends on them.
    ///
    /// - Parameter resolved: The identifiers of the delta; others that a verdict changes for are added.
    /// - Returns: the delta's cells with what verdicts move.
    /// - Complexity: O(t log t) in the traces; nothing without any.
    func judge(
        _ facts: FactDelta, _ resolved: inout [ResolvedIdentifier]
    ) throws(StoreError) -> CellLog {
        let rows = facts.traces.rows
        guard let machines, !rows.isEmpty else { return facts.cells }
        var messages = MessageLinks(statements)
        let grown = try messages.add(rows, of: resolved)
        var cells = facts.cells
        for one in try cases(rows, grown, &resolved) {
            let seconds = try judge(
                one, resolved[one.number], facts.traces, &messages, machines, &cells)
            try rememberShares(seconds, of: one, id: resolved[one.number].id, messages)
        }
        return cells
    }

    /// Those who left traces, and those whose verdict depends on a message that has more links than
    /// was known; by the numbers of the identifiers.
    private func cases(
        _ rows: [TraceLog.Row], _ grown: [UInt32], _ resolved: inout [ResolvedIdentifier]
    ) throws(StoreError) -> [Case] {
        var cases: [Int64: Case] = [:]
        for (place, row) in rows.enumerated() {
            let identifier = resolved[Int(row.identifier)]
            if identifier.isErased { continue }
            cases[identifier.id, default: Case(number: Int(row.identifier))].rows.append(place)
        }
        let read = try connection.prepare(
            "SELECT trace FROM share WHERE message = ? ORDER BY trace")
        for message in grown {
            var keys: [Int64] = []
            read.bind(1, Int64(message))
            while try read.step() { keys.append(read.int(0)) }
            for key in keys {
                let id = key & 0xFF_FFFF_FFFF
                if cases[id] == nil {
                    guard let other = try known(id) else { continue }
                    cases[id] = Case(number: resolved.count)
                    resolved.append(other)
                }
                var seconds: [TracedSecond] = []
                try readTrace(key, into: &seconds)
                cases[id]?.seconds += seconds.map(\.second)
            }
        }
        return cases.sorted { $0.key < $1.key }.map(\.value)
    }

    private func known(_ id: Int64) throws(StoreError) -> ResolvedIdentifier? {
        let read = statements.readIdentifier
        read.bind(1, id)
        guard try read.step() else { return nil }
        defer { read.reset() }
        guard let kind = IdentifierKind(rawValue: UInt8(clamping: read.int(0))) else { return nil }
        return ResolvedIdentifier(
            id: id, kind: kind, root: read.optionalInt(2) ?? id, isNew: false)
    }

    /// Adds the traces of one identifier, and moves what is judged otherwise than before.
    ///
    /// - Returns: the seconds around them.
    private func judge(
        _ one: Case, _ identifier: ResolvedIdentifier, _ log: TraceLog,
        _ messages: inout MessageLinks, _ machines: MachineWatch, _ cells: inout CellLog
    ) throws(StoreError) -> [TracedSecond] {
        let added = one.rows.map { log.rows[$0] }
        // What lies farther from all that changed was judged before, with everything around it.
        let reach = Reach(of: added.map(\.second) + one.seconds)
        let before = try readTraces(around: reach, of: identifier)
        for second in before where reach.contains(second.second) {
            move(second, back: true, one.number, machines, &cells)
        }
        var seconds = before
        for place in one.rows { Self.add(log.rows[place], log, to: &seconds) }
        try messages.look(up: seconds.flatMap { $0.links.map(TraceLog.message) })
        let known = messages
        let verdicts = machines.verdict.rules(of: seconds) { known.count($0) }
        for place in seconds.indices where reach.contains(seconds[place].second) {
            let part = seconds[place]
            seconds[place].clicks.aside = part.clicks.events > 0 ? verdicts[place].clicks : nil
            seconds[place].others.aside = part.others.events > 0 ? verdicts[place].others : nil
            move(seconds[place], back: false, one.number, machines, &cells)
        }
        try write(seconds, insteadOf: before, of: identifier.id)
        return seconds
    }

    /// Adds a trace to its second, which joins the others if it is new; they ascend.
    private static func add(
        _ row: TraceLog.Row, _ log: TraceLog, to seconds: inout [TracedSecond]
    ) {
        var place = seconds.count
        while place > 0, seconds[place - 1].second >= row.second { place -= 1 }
        if place == seconds.count || seconds[place].second != row.second {
            seconds.insert(TracedSecond(second: row.second), at: place)
        }
        seconds[place].add(row, log.shifts(of: row))
    }

    /// Moves what is set aside of a second to the cells of machines, or back.
    private func move(
        _ second: TracedSecond, back: Bool, _ number: Int, _ machines: MachineWatch,
        _ cells: inout CellLog
    ) {
        let day = Day(of: Instant(second.second * 1000), in: machines.zone)
        let sign: Int64 = back ? -1 : 1
        func add(_ tally: Tally, _ signal: SignalID) {
            cells.add(
                Tally(n: sign * tally.n, value: sign * tally.value),
                to: CellKey(identifier: number, day: day, signal: signal))
        }
        for part in [second.clicks, second.others] {
            guard let rule = part.aside else { continue }
            for shift in part.shifts { add(shift.tally, shift.signal) }
            if let noted = machines.number(of: rule) {
                add(Tally(n: part.events, value: 0), noted)
            }
        }
    }

    // MARK: Rows

    /// Which seconds a verdict may change for, when something happened in some.
    private struct Reach {
        private let changed: [Int64]

        init(of changed: [Int64]) { self.changed = changed.sorted() }

        func contains(_ second: Int64) -> Bool {
            // The first that is not too early.
            var low = 0
            var high = changed.count
            while low < high {
                let middle = (low + high) / 2
                if changed[middle] < second - MachineRules.reachSeconds {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low < changed.count && changed[low] <= second + MachineRules.reachSeconds
        }

        /// The rows with everything that these verdicts depend on, ascending.
        var rows: [Int64] {
            var rows: [Int64] = []
            let span = 2 * MachineRules.reachSeconds
            for second in changed {
                let last = TraceCodec.row(of: second + span)
                for row in TraceCodec.row(of: second - span)...last where row > rows.last ?? -1 {
                    rows.append(row)
                }
            }
            return rows
        }
    }

    private static func key(row: Int64, identifier: Int64) -> Int64 { row << 40 | identifier }

    private func readTraces(
        around reach: Reach, of identifier: ResolvedIdentifier
    ) throws(StoreError) -> [TracedSecond] {
        var seconds: [TracedSecond] = []
        if identifier.isNew { return seconds }
        for row in reach.rows {
            try readTrace(Self.key(row: row, identifier: identifier.id), into: &seconds)
        }
        return seconds
    }

    /// Appends the seconds of a packed row; nothing if there is none.
    private func readTrace(
        _ key: Int64, into seconds: inout [TracedSecond]
    ) throws(StoreError) {
        let read = statements.readTrace
        read.bind(1, key)
        guard try read.step() else { return }
        defer { read.reset() }
        guard TraceCodec.decode(read.bytes(0), row: key >> 40, into: &seconds) else {
            throw .damaged(path: path, detail: "row \(key) of trace is not packed as it should be")
        }
    }

    /// Writes the rows that are not what they were.
    private func write(
        _ seconds: [TracedSecond], insteadOf before: [TracedSecond], of id: Int64
    ) throws(StoreError) {
        var packed: [UInt8] = []
        var start = 0
        var old = 0
        while start < seconds.count {
            let row = TraceCodec.row(of: seconds[start].second)
            var end = start
            while end < seconds.count, TraceCodec.row(of: seconds[end].second) == row { end += 1 }
            let first = old
            while old < before.count, TraceCodec.row(of: before[old].second) == row { old += 1 }
            if seconds[start..<end] != before[first..<old] {
                packed.removeAll(keepingCapacity: true)
                TraceCodec.encode(seconds[start..<end], into: &packed)
                statements.writeTrace.bind(1, Self.key(row: row, identifier: id))
                try statements.writeTrace.run(binding: packed, 2)
            }
            start = end
        }
    }

    /// Remembers whose verdict depends on how many links a message has.
    private func rememberShares(
        _ seconds: [TracedSecond], of one: Case, id: Int64, _ messages: MessageLinks
    ) throws(StoreError) {
        let add = statements.addShare
        for share in MachineVerdict.shares(of: seconds)
        where messages.count(share.message) < MachineVerdict.messageLinksAtMost {
            let row = TraceCodec.row(of: seconds[share.place].second)
            add.bind(1, Int64(share.message))
            add.bind(2, Self.key(row: row, identifier: id))
            try add.run()
        }
    }

    // MARK: Forgetting

    /// Forgets what was done in the rows before a second, at most `limit` of them, in one transaction.
    /// What was set aside stays so.
    ///
    /// - Returns: whether all of it is forgotten.
    /// - Throws: `StoreError`; then nothing has changed.
    public func forgetTraces(before second: Int64, limit: Int = 20_000) throws(StoreError) -> Bool {
        let bound = Self.key(row: TraceCodec.row(of: second), identifier: 0)
        return try connection.transaction { () throws(StoreError) -> Bool in
            let forget = try connection.prepare(
                """
                DELETE FROM trace WHERE key IN
                    (SELECT key FROM trace WHERE key < ? ORDER BY key LIMIT ?)
                """)
            forget.bind(1, bound)
            forget.bind(2, Int64(limit))
            try forget.run()
            guard connection.lastChanges < limit else { return false }
            try connection.prepare("DELETE FROM share WHERE trace < ?").run(bound)
            try connection.prepare("DELETE FROM message_link WHERE last_seen < ?").run(second)
            return true
        }
    }

    /// Forgets what identifiers did, within a transaction.
    ///
    /// - Complexity: O(rows of all identifiers): there are those of a few days.
    func eraseTraces(of identifiers: [Int64]) throws(StoreError) {
        let list = identifiers.map(String.init).joined(separator: ",")
        try connection.execute(
            """
            DELETE FROM trace WHERE key & \(0xFF_FFFF_FFFF as Int64) IN (\(list));
            DELETE FROM share WHERE trace & \(0xFF_FFFF_FFFF as Int64) IN (\(list));
            """)
    }

    /// Adds what is remembered to a canonical dump; what is too old counts as forgotten.
    func dumpTraces(
        into dump: inout CanonicalDump, _ name: (Int64) -> String, _ names: NameTable
    ) throws(StoreError) {
        let read = try connection.prepare("SELECT key, packed FROM trace WHERE key >= ?")
        read.bind(1, Self.key(row: TraceCodec.row(of: machines?.start ?? 0), identifier: 0))
        while try read.step() {
            let key = read.int(0)
            var seconds: [TracedSecond] = []
            _ = TraceCodec.decode(read.bytes(1), row: key >> 40, into: &seconds)
            for second in seconds {
                dump.add(name(key & 0xFF_FFFF_FFFF), second) { names.name($0) }
            }
        }
    }
}
