public import Core
import Glibc

/// `leads.db`: what analysts read. Derived, and made anew whenever it is missing, damaged, foreign or
/// ahead of the state.
///
/// A new file is built under another name without a journal, and gets its own name when its first
/// full publication is complete; from then on it is a WAL database whose `-wal` and `-shm` files
/// stay, so that a reader who may only read can read it in every state of the daemon.
public final class LeadsStore {
    /// The file that analysts open.
    public let path: String
    /// Whether the file is being built, and nobody sees it yet.
    public private(set) var isBuilding: Bool
    /// The checkpoint that the file shows; 0 if it is new.
    public private(set) var sequence: Int64 = 0
    /// The last quarantined record that it shows.
    public private(set) var lastQuarantined: Int64 = 0
    /// The last entry of the journal that it shows.
    public private(set) var lastChange: Int64 = 0

    /// The open file. Nil only while a built file gets its name; if that fails the store is of no
    /// more use and its owner makes another one.
    private var file: (connection: Connection, statements: LeadsStatements)?
    private var stamp: DatabaseFile.Stamp?
    private var days: [Int32: String] = [:]

    /// Opens `leads.db` in a directory, or begins a new one.
    ///
    /// - Parameter latest: The state's last checkpoint; a file beyond it shows what never was.
    public init(directory: String, latest: Int64) throws(StoreError) {
        path = directory + "/leads.db"
        if let found = Self.existing(path, latest: latest) {
            file = (found.connection, found.statements)
            isBuilding = false
            stamp = DatabaseFile.stamp(of: path)
            sequence = found.sequence
            lastQuarantined = found.lastQuarantined
            lastChange = found.lastChange
        } else {
            isBuilding = true
            let connection = try Self.building(path)
            file = (connection, try LeadsStatements(connection))
        }
    }

    private var connection: Connection {
        guard let file else { preconditionFailure("the store failed before") }
        return file.connection
    }

    private var statements: LeadsStatements {
        guard let file else { preconditionFailure("the store failed before") }
        return file.statements
    }

    /// Whether the file is the one that was opened, and nobody else has written to it: somebody may
    /// have removed, replaced, emptied or overwritten it, which SQLite itself would not notice for
    /// as long as it has the pages in memory.
    public var isInPlace: Bool { isBuilding || (stamp != nil && DatabaseFile.stamp(of: path) == stamp) }

    /// Bytes of the WAL, which grow while a reader holds on to an old state.
    public var walBytes: Int64 {
        var status = stat()
        return unsafe stat(path + "-wal", &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Empties the WAL, unless a reader holds on to what is in it.
    ///
    /// - Returns: whether it is empty now.
    public func shortenWAL() -> Bool {
        guard !isBuilding else { return true }
        connection.checkpointWAL(truncate: true)
        stamp = DatabaseFile.stamp(of: path)
        return walBytes == 0
    }

    /// Writes a publication in one transaction.
    ///
    /// - Throws: `StoreError`; 75 (`isBusy`) if a reader holds the file locked.
    public func publish(_ publication: Publication, at now: Instant) throws(StoreError) {
        try connection.transaction { () throws(StoreError) in
            if let model = publication.model { try write(model) }
            for contact in publication.contacts { try write(contact, day: publication.day) }
            for contact in publication.contacts where contact.lead == nil {
                try remove(contact.contact)
            }
            if let sweep = publication.sweep {
                try removeOthers(in: sweep, but: publication.contacts)
            }
            for stream in publication.streams { try write(stream) }
            try write(publication.quarantined, start: publication.quarantineStart)
            for change in publication.changes { try write(change) }
            var meta = publication.meta
            meta["seq"] = String(publication.sequence)
            meta["published_at"] = now.rfc3339
            meta["schema"] = String(LeadsSchema.version)
            for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
                statements.setMeta.bind(1, key)
                statements.setMeta.bind(2, value)
                try statements.setMeta.run()
            }
        }
        sequence = publication.sequence
        lastQuarantined = publication.quarantined.last?.id ?? lastQuarantined
        lastChange = publication.changes.last?.sequence ?? lastChange
        guard !isBuilding else { return }
        if walBytes > 16 << 20 { connection.checkpointWAL(truncate: true) }
        stamp = DatabaseFile.stamp(of: path)
    }

    /// Gives a newly built file its indexes and its name.
    public func finish() throws(StoreError) {
        guard isBuilding else { return }
        for index in LeadsSchema.indexes { try connection.execute(index) }
        try connection.execute("PRAGMA journal_mode = DELETE")
        let built = connection.path
        file = nil
        try Self.sync(built)
        for suffix in ["-wal", "-shm"] { unsafe unlink(path + suffix) }
        guard unsafe rename(built, path) == 0 else {
            throw .sqlite(path: path, code: 10, message: Self.lastError, doing: "renaming \(built)")
        }
        let connection = try Self.open(path)
        file = (connection, try LeadsStatements(connection))
        isBuilding = false
        stamp = DatabaseFile.stamp(of: path)
    }

    // MARK: Opening

    /// A file to go on with, and what it shows.
    private struct Existing {
        var connection: Connection
        var statements: LeadsStatements
        var sequence: Int64
        var lastQuarantined: Int64
        var lastChange: Int64
    }

    private static func existing(_ path: String, latest: Int64) -> Existing? {
        do throws(StoreError) {
            guard let file = try DatabaseFile(path: path),
                file.applicationID == LeadsSchema.applicationID,
                file.userVersion == LeadsSchema.version
            else { return nil }
            let connection = try open(path)
            guard try connection.findDamage(budgetSeconds: 0.5) == nil else { return nil }
            let shown = try connection.integer(
                "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seq'")
            guard let shown, shown <= latest else { return nil }
            return Existing(
                connection: connection, statements: try LeadsStatements(connection),
                sequence: shown,
                lastQuarantined: try connection.integer(
                    "SELECT max(quarantine_id) FROM quarantine") ?? 0,
                lastChange: try connection.integer("SELECT max(seq) FROM segment_changes") ?? 0)
        } catch {
            return nil  // whatever is wrong with it, it is derived: a new one is made
        }
    }

    /// The published file: readable by the group, the WAL kept for readers without write permission.
    private static func open(_ path: String) throws(StoreError) -> Connection {
        let connection = try Connection(
            path: path,
            pragmas: [
                "PRAGMA trusted_schema = OFF", "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -16384",
                "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 2000",
                "PRAGMA journal_size_limit = 16777216",
            ])
        connection.persistWAL()
        // Writes once, so that both files beside it are there from the first moment.
        try connection.execute(
            "BEGIN IMMEDIATE; PRAGMA user_version = \(LeadsSchema.version); COMMIT")
        return connection
    }

    private static func building(_ path: String) throws(StoreError) -> Connection {
        let built = path + ".new"
        for suffix in ["", "-journal", "-wal", "-shm"] { unsafe unlink(built + suffix) }
        let connection = try Connection(
            path: built,
            pragmas: [
                "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
                "PRAGMA cache_size = -16384", "PRAGMA temp_store = MEMORY",
                "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA page_size = 4096",
            ])
        unsafe chmod(built, 0o640)
        for statement in LeadsSchema.statements { try connection.execute(statement) }
        try connection.execute("PRAGMA application_id = \(LeadsSchema.applicationID)")
        try connection.execute("PRAGMA user_version = \(LeadsSchema.version)")
        return connection
    }

    private static func sync(_ path: String) throws(StoreError) {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .sqlite(path: path, code: 14, message: lastError, doing: "opening")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .sqlite(path: path, code: 10, message: lastError, doing: "syncing")
        }
    }

    private static var lastError: String { unsafe String(cString: strerror(errno)) }

    // MARK: Writing

    private func text(_ day: Day) -> String {
        if let known = days[day.number] { return known }
        let text = day.description
        days[day.number] = text
        return text
    }

    private func write(_ contact: PublishedContact, day: Day) throws(StoreError) {
        guard let lead = contact.lead else { return }
        try write(lead, contact)
        for identifier in contact.identifiers { try write(identifier, of: contact.contact) }
        for cells in contact.cells {
            statements.cells.bind(1, cells.key)
            statements.cells.bind(2, cells.json)
            try statements.cells.run()
        }
        try write(contact.traits, of: contact.contact)
        try write(contact.interests, of: contact.contact)
    }

    private func write(_ lead: Lead, _ contact: PublishedContact) throws(StoreError) {
        let row = statements.lead
        let engagement = lead.engagement
        row.bind(1, lead.contact)
        row.bind(2, lead.email)
        row.bind(3, lead.customerID)
        row.bind(4, Int64(lead.anonymous ? 1 : 0))
        row.bind(5, lead.firstSeen?.rfc3339)
        row.bind(6, lead.lastSeen?.rfc3339)
        row.bind(7, engagement.lastActivity.map(text))
        row.bind(8, lead.events)
        row.bind(9, Self.points(engagement.engagement))
        row.bind(10, Self.points(lead.score))
        row.bind(11, Self.points(engagement.delta30))
        row.bind(12, Self.points(engagement.delta60))
        row.bind(13, Self.points(engagement.peak30))
        row.bind(14, engagement.hotUntil.map(text))
        row.bind(15, lead.firstPurchase.map(text))
        row.bind(16, lead.lastPurchase.map(text))
        row.bind(17, lead.lastPurchase.map { Int64(max(lead.day.days(since: $0), 0)) })
        row.bind(18, lead.purchases)
        row.bind(19, Double(lead.value) / 10_000)
        row.bind(20, lead.domain)
        row.bind(21, lead.owner)
        row.bind(22, contact.points)
        row.bind(23, contact.counts)
        row.bind(24, contact.traitsJSON)
        row.bind(25, text(lead.day))
        try row.run()
    }

    private static func points(_ points: Micropoints) -> Double { Double(points) / 1_000_000 }

    private func write(
        _ identifier: PublishedContact.PublishedIdentifier, of contact: Int64
    ) throws(StoreError) {
        let row = statements.identifier
        row.bind(1, identifier.id)
        row.bind(2, identifier.kind)
        row.bind(3, identifier.value)
        row.bind(4, contact)
        row.bind(5, Int64(identifier.ambiguous ? 1 : 0))
        row.bind(6, Instant(identifier.first).rfc3339)
        row.bind(7, Instant(identifier.last).rfc3339)
        try row.run()
    }

    private func write(
        _ traits: [PublishedContact.PublishedTrait], of contact: Int64
    ) throws(StoreError) {
        if !isBuilding { try statements.removeTraits.run(contact) }
        for trait in traits {
            statements.trait.bind(1, contact)
            statements.trait.bind(2, trait.attribute)
            statements.trait.bind(3, trait.json)
            statements.trait.bind(4, Instant(trait.at).rfc3339)
            statements.trait.bind(5, trait.source)
            try statements.trait.run()
        }
    }

    private func write(
        _ interests: [(topic: String, points: Micropoints)], of contact: Int64
    ) throws(StoreError) {
        if !isBuilding { try statements.removeInterests.run(contact) }
        for (topic, points) in interests {
            statements.interest.bind(1, contact)
            statements.interest.bind(2, topic)
            statements.interest.bind(3, Self.points(points))
            try statements.interest.run()
        }
    }

    /// Takes a contact out. Identifiers that moved to another contact were written before and stay.
    private func remove(_ contact: Int64) throws(StoreError) {
        try statements.removeLead.run(contact)
        guard connection.lastChanges > 0 else { return }  // it was not shown
        try statements.removeTraits.run(contact)
        try statements.removeInterests.run(contact)
        try statements.removeCells.run(contact)
        try statements.removeIdentifiers.run(contact)
    }

    private func removeOthers(
        in range: ClosedRange<Int64>, but contacts: [PublishedContact]
    ) throws(StoreError) {
        guard !isBuilding else { return }
        let shown = Set(contacts.filter { $0.lead != nil }.map(\.contact))
        var left: [Int64] = []
        statements.contactsInRange.bind(1, range.lowerBound)
        statements.contactsInRange.bind(2, range.upperBound)
        while try statements.contactsInRange.step() {
            let id = statements.contactsInRange.int(0)
            if !shown.contains(id) { left.append(id) }
        }
        for contact in left { try remove(contact) }
    }

    private func write(_ stream: StreamSummary) throws(StoreError) {
        let row = statements.source
        row.bind(1, stream.position.source)
        row.bind(2, stream.position.displayPath)
        row.bind(3, stream.position.offset)
        row.bind(4, stream.position.size)
        row.bind(5, stream.lines)
        row.bind(6, stream.records)
        for (place, outcome) in Outcome.allCases.enumerated() {
            row.bind(Int32(7 + place), stream[outcome])
        }
        row.bind(12, stream.position.lostBytes)
        row.bind(13, stream.position.id)
        try row.run()
    }

    private func write(
        _ records: [Publication.QuarantineRow], start: Int64
    ) throws(StoreError) {
        for record in records {
            statements.quarantined.bind(1, record.source)
            statements.quarantined.bind(2, record.path)
            statements.quarantined.bind(3, record.offset)
            statements.quarantined.bind(4, record.reason)
            statements.quarantined.bind(5, record.id)
            try statements.quarantined.run()
        }
        if start > 1, !records.isEmpty { try statements.removeQuarantined.run(start) }
    }

    private func write(_ change: Publication.ChangeRow) throws(StoreError) {
        statements.change.bind(1, change.sequence)
        statements.change.bind(2, Instant(change.at).rfc3339)
        statements.change.bind(3, change.segment)
        statements.change.bind(4, change.contact)
        statements.change.bind(5, change.change)
        statements.change.bind(6, change.other)
        try statements.change.run()
    }

    private func write(_ published: Publication.PublishedModel) throws(StoreError) {
        let model = published.model
        for table in ["signal_name", "signals", "topics", "fit_rules"] {
            try connection.execute("DELETE FROM \(table)")
        }
        let name = try connection.prepare("INSERT INTO signal_name VALUES (?, ?)")
        for (number, entry) in published.names.names.sorted(by: { $0.key < $1.key }) {
            name.bind(1, Int64(number))
            name.bind(2, entry.name)
            try name.run()
        }
        let signal = try connection.prepare("INSERT INTO signals VALUES (?, ?, ?, ?, ?)")
        for rule in model.signals {
            let scored = ScoredSignal(rule, in: model)
            signal.bind(1, rule.name)
            signal.bind(2, scored.weight)
            signal.bind(3, scored.halfLife.days)
            signal.bind(4, scored.dailyCap)
            signal.bind(5, scored.cap)
            try signal.run()
        }
        let topic = try connection.prepare("INSERT INTO topics VALUES (?, ?)")
        for rule in model.topics {
            topic.bind(1, rule.name)
            topic.bind(2, (rule.halfLife ?? model.halfLife).days)
            try topic.run()
        }
        let fit = try connection.prepare("INSERT INTO fit_rules VALUES (?, ?, ?)")
        for rule in model.fit {
            fit.bind(1, rule.name)
            fit.bind(2, rule.condition.sql)
            fit.bind(3, rule.points)
            try fit.run()
        }
        let segment = try connection.prepare(
            """
            INSERT INTO segments(name, condition) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET condition = excluded.condition
            """)
        for rule in model.segments {
            segment.bind(1, rule.name)
            segment.bind(2, rule.condition.sql)
            try segment.run()
        }
        let named = model.segments.map { "'\($0.name)'" }.joined(separator: ",")
        try connection.execute("DELETE FROM segments WHERE name NOT IN (\(named))")
    }
}
