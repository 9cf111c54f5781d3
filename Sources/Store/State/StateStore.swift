public import Core
import Glibc

/// `state.db`: the facts and how far each log was read, in one transaction.
///
/// One connection, exclusive, owned by one thread. Invariant: after every commit
/// `records_read = applied + duplicate + filtered + quarantined + suppressed` for every stream.
public final class StateStore {
    /// The hash under which this state knows identifiers and duplicates.
    public let hash: KeyedHash
    /// What tells this state from every other one, in what is derived from it.
    public var token: String { String(hash(Array("state".utf8)), radix: 16) }
    /// The zone in which this state counts days.
    public let zone: FixedZone
    /// The number of the last checkpoint.
    public private(set) var sequence: Int64
    /// The file.
    public let path: String

    /// Up to when counts are kept by day; nil keeps them for ever. What is read and what is committed
    /// follow it at once, what is stored when it is put away.
    public var retention: Retention?
    /// By what machines are told from people; nil tells none.
    public var machines: MachineWatch?

    let connection: Connection
    let statements: StateStatements
    private let identity: (device: UInt64, inode: UInt64)
    var nextIdentifier: Int64
    /// Tokens of the identifiers of erased persons; what a checkpoint says of them is not kept.
    public internal(set) var erasedTokens: Set<UInt64> = []
    /// What is not kept of the first bytes of streams, because it is of erased persons.
    var erasedHeads: [Int64: [Range<Int>]] = [:]
    var cache: IdentifierCache
    var lastChunk: [Int32: (chunk: Int64, keys: Int)] = [:]

    /// Opens the state, or makes a new one.
    ///
    /// - Parameters:
    ///   - zone: The configured zone; one that differs from the stored one is refused. nil takes the
    ///     stored one, which a new state does not have.
    ///   - random: Gives so many random bytes, for the secret of a new state.
    /// - Throws: `StoreError`; a file that is damaged, newer or foreign is left untouched.
    public init(
        path: String, zone: FixedZone?, random: (Int) -> [UInt8]
    ) throws(StoreError) {
        self.path = path
        let found = try DatabaseFile(path: path)
        if let found {
            if found.applicationID != StateSchema.applicationID { throw .foreign(path: path) }
            if found.userVersion > StateSchema.version {
                throw .newer(
                    path: path, found: found.userVersion, supported: StateSchema.version)
            }
        }
        let connection = try Connection(path: path, pragmas: Self.pragmas)
        do throws(StoreError) {
            if found != nil {
                if let damage = try connection.findDamage(budgetSeconds: 1) {
                    throw .damaged(path: path, detail: damage)
                }
            }
            try Self.migrate(connection, zone: zone, random: random)
            self.zone = try Self.readZone(connection, configured: zone)
            try connection.execute("PRAGMA journal_mode = WAL")
            statements = try StateStatements(connection)
            hash = try Self.readHash(connection)
            sequence = try connection.integer("SELECT value FROM meta WHERE key = 'seq'") ?? 0
            nextIdentifier = max(
                (try connection.integer("SELECT max(id) FROM identifier") ?? 0) + 1,
                try statements.meta("next_identifier") ?? 1)
            cache = IdentifierCache(isComplete: nextIdentifier == 1)
        } catch {
            connection.abandon()
            throw error
        }
        guard let identity = DatabaseFile.identity(of: path) else { throw .replaced(path: path) }
        self.identity = identity
        self.connection = connection
        unsafe chmod(path, 0o600)
        erasedTokens = try readErasedTokens()
    }

    /// Commits a checkpoint: facts, positions, counters, duplicate keys and quarantine together.
    ///
    /// - Returns: the contacts whose row may have changed, ascending.
    /// - Throws: `StoreError`; then nothing of the checkpoint was kept.
    /// - Complexity: O(i log n + c log n) in its identifiers and cells.
    public func commit(_ checkpoint: Checkpoint, at now: Instant) throws(StoreError) -> [Int64] {
        guard let here = DatabaseFile.identity(of: path), here == identity else {
            throw .replaced(path: path)
        }
        let chunks = lastChunk
        let next = nextIdentifier
        let last = sequence
        do throws(StoreError) {
            return try connection.transaction { () throws(StoreError) -> [Int64] in
                var resolved = try resolve(checkpoint.facts)
                let cells = try judge(checkpoint.facts, &resolved)
                try write(cells: cells, of: resolved)
                try write(traits: checkpoint.facts.traits, of: resolved)
                var persons = try PersonUpdate(in: self, now: now)
                try persons.apply(edges: checkpoint.facts.edges, of: resolved, firstNew: next)
                for (identifier, known) in persons.moved { remember(identifier, known) }
                remember(persons.joined, of: checkpoint.facts.identifiers)
                erasedHeads.merge(checkpoint.suppressed, uniquingKeysWith: +)
                try write(positions: checkpoint.positions)
                try write(tallies: checkpoint.tallies)
                try write(quarantined: checkpoint.quarantined)
                try write(requeued: checkpoint.requeued)
                try write(keys: checkpoint.duplicateKeys, dropped: checkpoint.droppedDays)
                try write(remembered: checkpoint.remembered)
                sequence += 1
                try statements.setMeta("seq", sequence)
                return persons.touched(among: resolved)
            }
        } catch {
            sequence = last
            lastChunk = chunks
            nextIdentifier = next
            cache.clear()
            throw error
        }
    }

    /// Keeps a value that is neither fact nor position, such as the day last published.
    public func keep(_ value: Int64, for key: String) throws(StoreError) {
        try statements.setMeta(key, value)
    }

    /// A value kept by `keep`.
    public func kept(_ key: String) throws(StoreError) -> Int64? {
        try statements.meta(key)
    }

    private static let pragmas = [
        "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA synchronous = FULL",
        "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON",
        // What is deleted or replaced is overwritten, so that of an erased person nothing is left.
        "PRAGMA secure_delete = ON",
        "PRAGMA cache_size = -22528", "PRAGMA temp_store = MEMORY",
        "PRAGMA wal_autocheckpoint = 4000", "PRAGMA journal_size_limit = 67108864",
    ]

    /// Brings the schema up to date, and gives a new state its secret and its zone, in one transaction:
    /// there is no state without them. A new file is made in the rollback journal, so that its header
    /// says whose it is before anything else exists.
    ///
    /// The version is asked of SQLite: what the file begins with may be older than its WAL.
    private static func migrate(
        _ connection: Connection, zone: FixedZone?, random: (Int) -> [UInt8]
    ) throws(StoreError) {
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        guard version <= StateSchema.version else {
            throw .newer(path: connection.path, found: version, supported: StateSchema.version)
        }
        guard version < StateSchema.version else { return }
        try connection.transaction { () throws(StoreError) in
            for step in StateSchema.migrations[version...] { try connection.execute(step) }
            if version == 0 { try begin(connection, zone: zone, random: random) }
            try connection.execute("PRAGMA application_id = \(StateSchema.applicationID)")
            try connection.execute("PRAGMA user_version = \(StateSchema.version)")
        }
        connection.checkpointWAL(truncate: true)
    }

    private static func begin(
        _ connection: Connection, zone: FixedZone?, random: (Int) -> [UInt8]
    ) throws(StoreError) {
        let secret = random(KeyedHash.secretLength)
        guard let zone, secret.count == KeyedHash.secretLength else {
            throw .sqlite(
                path: connection.path, code: 14, message: "there is nothing in it", doing: "opening"
            )
        }
        let insert = try connection.prepare("INSERT INTO meta(key, value) VALUES (?, ?)")
        insert.bind(1, "secret")
        insert.bind(blob: secret, 2)
        try insert.run()
        insert.bind(1, "zone")
        insert.bind(2, zone.description)
        try insert.run()
    }

    private static func readZone(
        _ connection: Connection, configured: FixedZone?
    ) throws(StoreError) -> FixedZone {
        let read = try connection.prepare("SELECT value FROM meta WHERE key = 'zone'")
        guard try read.step() else {
            throw .damaged(path: connection.path, detail: "its time zone is missing")
        }
        let text = read.text(0)
        read.reset()
        guard let stored = FixedZone(text) else {
            throw .damaged(path: connection.path, detail: "'\(text)' is no time zone")
        }
        if let configured, configured != stored {
            throw .zone(path: connection.path, stored: text, configured: configured.description)
        }
        return stored
    }

    private static func readHash(_ connection: Connection) throws(StoreError) -> KeyedHash {
        let read = try connection.prepare("SELECT value FROM meta WHERE key = 'secret'")
        guard try read.step() else {
            throw .damaged(path: connection.path, detail: "its secret is missing")
        }
        let secret = read.bytes(0).array
        read.reset()
        guard secret.count == KeyedHash.secretLength else {
            throw .damaged(path: connection.path, detail: "its secret has the wrong length")
        }
        return KeyedHash(secret: secret)
    }
}
