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
    /// How many quarantined records it showed when it was opened.
    public private(set) var quarantinedCount: Int64 = 0
    /// The last entry of the journal that it shows.
    public private(set) var lastChange: Int64 = 0
    /// The last change of a stage that it shows.
    public private(set) var lastStageChange: Int64 = 0
    /// Whether any contact is in any segment.
    var hasMembers = false
    /// What is to be added to accounts: nothing between two steps, but while a file is built.
    var accounts = AccountTally()

    /// Whether a contact that is written may have been written before: always, but for a file that is
    /// built by nothing but a sweep.
    private(set) var mayRepeat: Bool

    /// Rows of a file being built up to which its indexes are kept from the start: as long as they fit
    /// into the page cache, that costs what sorting them at the end would, and is done while others
    /// still read persons.
    public static let indexedFromStart = 300_000
    /// How many rows may still be written before the indexes of a file being built are put off.
    private var indexedRows: Int

    /// The instant that was made a text last: most rows of a publication are of one.
    private var lastInstant: (milliseconds: Int64, text: String) = (0, Instant(0).rfc3339)

    /// The open file. Nil only while a built file gets its name; if that fails the store is of no
    /// more use and its owner makes another one.
    private var file: (connection: Connection, statements: LeadsStatements)?
    private var stamp: DatabaseFile.Stamp?

    /// Opens `leads.db` in a directory, or begins a new one.
    ///
    /// - Parameters:
    ///   - latest: The state's last checkpoint; a file beyond it shows what never was.
    ///   - state: The token of the state; a file of another state is of no use. Nil asks for none.
    ///   - indexedRows: See `indexedFromStart`.
    public init(
        directory: String, latest: Int64, state: String? = nil,
        indexedRows: Int = LeadsStore.indexedFromStart
    ) throws(StoreError) {
        path = directory + "/leads.db"
        self.indexedRows = indexedRows
        if let found = Self.existing(path, latest: latest, state: state) {
            file = (found.connection, found.statements)
            isBuilding = false
            mayRepeat = true
            stamp = DatabaseFile.stamp(of: path)
            sequence = found.sequence
            lastQuarantined = found.lastQuarantined
            quarantinedCount = found.quarantinedCount
            lastChange = found.lastChange
            lastStageChange = found.lastStageChange
            hasMembers = true
        } else {
            isBuilding = true
            mayRepeat = false
            let connection = try Self.building(path)
            file = (connection, try LeadsStatements(connection))
            try makeIndexes()
        }
    }

    var connection: Connection {
        guard let file else { preconditionFailure("the store failed before") }
        return file.connection
    }

    var statements: LeadsStatements {
        guard let file else { preconditionFailure("the store failed before") }
        return file.statements
    }

    /// Whether the file is the one that was opened, and nobody else has written to it: somebody may
    /// have removed, replaced, emptied or overwritten it, which SQLite itself would not notice for
    /// as long as it has the pages in memory.
    public var isInPlace: Bool {
        isBuilding || (stamp != nil && DatabaseFile.stamp(of: path) == stamp)
    }

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
        guard isInPlace else { return false }
        connection.checkpointWAL(truncate: true)
        noteWritten()
        return walBytes == 0
    }

    /// Takes note of what was just written to the file. One that has been put in its place meanwhile
    /// is not it, and stays strange.
    private func noteWritten() {
        guard let now = DatabaseFile.stamp(of: path), let stamp, now.isSameFile(as: stamp) else {
            return
        }
        self.stamp = now
    }

    /// Writes a publication in one transaction.
    ///
    /// - Throws: `StoreError`; 75 (`isBusy`) if a reader holds the file locked.
    public func publish(_ publication: Publication, at now: Instant) throws(StoreError) {
        // Touched contacts come before the sweep gets to them.
        let isSwept = { (contact: Int64) in publication.sweep?.contains(contact) == true }
        if !publication.contacts.allSatisfy({ isSwept($0.contact) })
            || !publication.gone.allSatisfy(isSwept)
        {
            mayRepeat = true
        }
        // What an attempt left that failed was taken back with its transaction.
        if !isBuilding { accounts = AccountTally() }
        try inTransaction { () throws(StoreError) in
            if let model = publication.model { try write(model) }
            try countIndexed(publication.identifiers.count)
            let shown = try shown(before: publication)
            try write(rowsOf: publication, after: shown)
            for contact in publication.gone {
                // Most of a sweep are lone cookies, which a new file has never shown.
                if mayRepeat { try remove(contact) }
                if publication.erases { try forgetChanges(of: contact) }
            }
            try removeOthers(of: shown, but: publication.contacts)
            // The last step of a sweep has all streams: others are only sums of earlier ones any more.
            if publication.sweep?.upperBound == .max {
                try connection.execute("DELETE FROM sources")
            }
            for stream in publication.streams { try write(stream) }
            if publication.clearsQuarantine { try connection.execute("DELETE FROM quarantine") }
            try write(publication.quarantined, start: publication.quarantineStart)
            try write(publication.changes)
            try write(publication.stageChanges)
            try statements.removeChanges.run(publication.changesStart)
            try statements.removeStageChanges.run(publication.stageChangesStart)
            if publication.sweep?.upperBound == .max { try countMembers() }
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
        lastStageChange = publication.stageChanges.last?.sequence ?? lastStageChange
        guard !isBuilding else { return }
        if publication.erases || walBytes > 16 << 20 { connection.checkpointWAL(truncate: true) }
        noteWritten()
    }

    /// Gives a newly built file its indexes and its name.
    public func finish() throws(StoreError) {
        guard isBuilding else { return }
        try writeAllAccounts()
        try connection.execute("COMMIT")
        try makeIndexes()
        try connection.execute("PRAGMA journal_mode = DELETE")
        let built = connection.path
        file = nil
        try Self.sync(built)
        for suffix in ["-wal", "-shm"] { unsafe unlink(path + suffix) }
        guard unsafe rename(built, path) == 0 else {
            throw .sqlite(path: path, code: 10, message: Self.lastError, doing: "renaming \(built)")
        }
        try Self.sync(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/.")
        let connection = try Self.open(path)
        file = (connection, try LeadsStatements(connection))
        isBuilding = false
        mayRepeat = true
        stamp = DatabaseFile.stamp(of: path)
    }

    private func makeIndexes() throws(StoreError) {
        for index in LeadsSchema.indexStatements { try connection.execute(index) }
    }

    /// Puts the indexes of a file being built off to its end if it becomes a large one.
    private func countIndexed(_ rows: Int) throws(StoreError) {
        guard isBuilding, indexedRows >= 0 else { return }
        indexedRows -= rows
        guard indexedRows < 0 else { return }
        for (name, _) in LeadsSchema.indexes { try connection.execute("DROP INDEX \(name)") }
    }

    /// An instant of a row, RFC 3339 in UTC.
    func text(of milliseconds: Int64) -> String {
        if milliseconds != lastInstant.milliseconds {
            lastInstant = (milliseconds, Instant(milliseconds).rfc3339)
        }
        return lastInstant.text
    }

    /// A file being built is one transaction from its beginning to its end: nobody sees it, and there
    /// is nothing to go back to.
    private func inTransaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        if isBuilding { try body() } else { try connection.transaction(body) }
    }

    // MARK: Opening

    /// A file to go on with, and what it shows.
    private struct Existing {
        var connection: Connection
        var statements: LeadsStatements
        var sequence: Int64
        var lastQuarantined: Int64
        var quarantinedCount: Int64
        var lastChange: Int64
        var lastStageChange: Int64
    }

    private static func existing(_ path: String, latest: Int64, state: String?) -> Existing? {
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
            if let state {
                let read = try connection.prepare("SELECT value FROM meta WHERE key = 'state'")
                defer { read.reset() }
                guard try read.step(), read.text(0) == state else { return nil }
            }
            return Existing(
                connection: connection, statements: try LeadsStatements(connection),
                sequence: shown,
                lastQuarantined: try connection.integer(
                    "SELECT max(quarantine_id) FROM quarantine") ?? 0,
                quarantinedCount: try connection.integer("SELECT count(*) FROM quarantine") ?? 0,
                lastChange: try connection.integer("SELECT max(seq) FROM segment_changes") ?? 0,
                lastStageChange: try connection.integer("SELECT max(seq) FROM stage_changes") ?? 0
            )
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
                "PRAGMA secure_delete = ON",
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
            path: built, mode: 0o640,
            pragmas: [
                "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
                "PRAGMA secure_delete = ON",
                "PRAGMA cache_size = -16384", "PRAGMA temp_store = MEMORY",
                "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA page_size = 4096",
            ])
        for statement in LeadsSchema.statements { try connection.execute(statement) }
        try connection.execute("PRAGMA application_id = \(LeadsSchema.applicationID)")
        try connection.execute("PRAGMA user_version = \(LeadsSchema.version)")
        try connection.execute("BEGIN")
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
}
