public import Core

/// Segments and stages: who is in what, and the journal of how that changed. Committed before anything
/// of it is published.
extension StateStore {
    /// The numbers of segments by name, new ones getting one.
    func intern(segments names: [String]) throws(StoreError) -> [SegmentID] {
        let known = try segmentNames()
        if names.allSatisfy({ name in known.contains { $0.value == name } }) {
            let numbers = Dictionary(
                known.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
            return names.compactMap { numbers[$0] }
        }
        try connection.transaction { () throws(StoreError) in
            let add = try connection.prepare(
                "INSERT INTO segment(name) VALUES (?) ON CONFLICT DO NOTHING")
            for name in names {
                add.bind(1, name)
                try add.run()
            }
            guard try connection.integer("SELECT max(id) FROM segment") ?? 0 <= SegmentID.max else {
                throw .unlawful(detail: "more than \(SegmentID.max) segments")
            }
        }
        return try intern(segments: names)
    }

    /// All segments that there ever were, by number.
    func segmentNames() throws(StoreError) -> [SegmentID: String] {
        var result: [SegmentID: String] = [:]
        let read = try connection.prepare("SELECT id, name FROM segment")
        while try read.step() {
            guard let number = SegmentID(exactly: read.int(0)) else {
                throw .damaged(path: path, detail: "a row of segment is out of range")
            }
            result[number] = read.text(1)
        }
        return result
    }

    /// What was last noticed of a contact.
    func membership(of contact: Int64) throws(StoreError) -> MembershipRow? {
        let read = statements.readMembership
        read.bind(1, contact)
        guard try read.step() else { return nil }
        defer { read.reset() }
        guard let row = MembershipRow(read, from: 0) else {
            throw .damaged(path: path, detail: "row \(contact) of membership cannot be read")
        }
        return row
    }

    /// Whether any contact is in any segment or has come to any stage.
    func hasMemberships() throws(StoreError) -> Bool {
        try connection.integer("SELECT 1 FROM membership LIMIT 1") != nil
    }

    /// Changes of stages above a number.
    public func stageChanges(
        after sequence: Int64, limit: Int
    ) throws(StoreError) -> [Publication.StageChangeRow] {
        let read = try connection.prepare(
            """
            SELECT seq, at, contact, before, stage FROM stage_change
            WHERE seq > ? ORDER BY seq LIMIT ?
            """)
        read.bind(1, sequence)
        read.bind(2, Int64(limit))
        var rows: [Publication.StageChangeRow] = []
        while try read.step() {
            rows.append(
                .init(
                    sequence: read.int(0), at: read.int(1), contact: read.int(2),
                    before: read.isNull(3) ? nil : read.text(3),
                    stage: read.isNull(4) ? nil : read.text(4)))
        }
        return rows
    }

    /// Commits what was noticed, with its journal, in one transaction; nothing at all if there is
    /// nothing.
    ///
    /// - Parameter isLasting: Whether to wait for the disk.
    func commit(
        _ changes: MembershipChanges, at now: Instant, isLasting: Bool
    ) throws(StoreError) {
        guard !changes.isEmpty else { return }
        if !isLasting { try connection.execute("PRAGMA synchronous = NORMAL") }
        defer { if !isLasting { try? connection.execute("PRAGMA synchronous = FULL") } }
        try connection.transaction { () throws(StoreError) in try write(changes, at: now) }
    }

    /// Writes what was noticed, within a transaction.
    func write(_ changes: MembershipChanges, at now: Instant) throws(StoreError) {
        for (contact, row) in changes.rows { try statements.write(row, of: contact) }
        let entries = changes.segments.map {
            JournalEntry(
                segment: $0.segment, contact: $0.contact, change: $0.enters ? "enter" : "leave")
        }
        try statements.write(entries, at: now)
        let stage = statements.addStageChange
        for change in changes.stages {
            stage.bind(1, now.milliseconds)
            stage.bind(2, change.contact)
            stage.bind(3, change.before)
            stage.bind(4, change.stage)
            try stage.run()
        }
    }

    /// The oldest entries of both journals; 0 if there is none.
    public func journalStarts() throws(StoreError) -> (changes: Int64, stageChanges: Int64) {
        (
            try connection.integer("SELECT min(seq) FROM journal") ?? 0,
            try connection.integer("SELECT min(seq) FROM stage_change") ?? 0
        )
    }

    /// Forgets entries of both journals that are older than a time. The last one of each stays, so
    /// that its number is not given again.
    public func forgetJournal(before time: Instant) throws(StoreError) {
        for table in ["journal", "stage_change"] {
            let forget = try connection.prepare(
                """
                DELETE FROM \(table) WHERE seq < (
                    SELECT coalesce(min(seq), (SELECT max(seq) FROM \(table))) FROM \(table)
                    WHERE at >= ?)
                """)
            forget.bind(1, time.milliseconds)
            try forget.run()
        }
    }
}

/// What was last noticed of contacts: of those of a sweep it is read in one walk, of any others one by
/// one.
struct NotedMemberships {
    private let range: ClosedRange<Int64>?
    private var rows: [Int64: MembershipRow] = [:]

    init(_ range: ClosedRange<Int64>?, in store: StateStore) throws(StoreError) {
        self.range = range
        guard let range else { return }
        let read = store.statements.readMemberships
        read.bind(1, range.lowerBound)
        read.bind(2, range.upperBound)
        while try read.step() {
            let contact = read.int(0)
            guard let row = MembershipRow(read, from: 1) else {
                read.reset()
                throw .damaged(
                    path: store.path, detail: "row \(contact) of membership cannot be read")
            }
            rows[contact] = row
        }
    }

    /// What was last noticed of a contact; nil if nothing was.
    func row(of contact: Int64, in store: StateStore) throws(StoreError) -> MembershipRow? {
        if let range, range.contains(contact) { return rows[contact] }
        return try store.membership(of: contact)
    }
}

/// What was noticed of some contacts.
struct MembershipChanges {
    var rows: [(contact: Int64, row: MembershipRow)] = []
    var segments: [(segment: String, contact: Int64, enters: Bool)] = []
    var stages: [(contact: Int64, before: String?, stage: String?)] = []

    var isEmpty: Bool { rows.isEmpty && segments.isEmpty && stages.isEmpty }
}

extension StateStatements {
    /// Writes what is known of a contact; nothing to know is no row.
    func write(_ row: MembershipRow, of contact: Int64) throws(StoreError) {
        guard !row.isEmpty else { return try removeMembership.run(contact) }
        writeMembership.bind(1, contact)
        writeMembership.bind(2, row.stage)
        writeMembership.bind(3, row.since)
        try writeMembership.run(binding: row.packed, 4)
    }

    /// Hands the memberships of a contact to the one that it is part of from now on, and says so for
    /// each segment, so that whoever follows a single one hears of it.
    func moveMembership(from old: Int64, to new: Int64, at now: Instant) throws(StoreError) {
        guard let moved = try readRow(old) else { return }
        for member in moved.members {
            addSegmentMerge.bind(1, now.milliseconds)
            addSegmentMerge.bind(2, old)
            addSegmentMerge.bind(3, new)
            addSegmentMerge.bind(4, Int64(member.segment))
            try addSegmentMerge.run()
        }
        var row = try readRow(new) ?? MembershipRow()
        row.take(moved)
        try removeMembership.run(old)
        try write(row, of: new)
    }

    private func readRow(_ contact: Int64) throws(StoreError) -> MembershipRow? {
        readMembership.bind(1, contact)
        guard try readMembership.step() else { return nil }
        defer { readMembership.reset() }
        return MembershipRow(readMembership, from: 0)
    }
}
