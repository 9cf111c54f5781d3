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
    /// The number of the last checkpoint.
    public private(set) var sequence: Int64
    /// The file.
    public let path: String

    let connection: Connection
    let statements: StateStatements
    private let identity: (device: UInt64, inode: UInt64)
    private var nextIdentifier: Int64
    private var lastChunk: [Int32: (chunk: Int64, keys: Int)] = [:]

    /// Opens the state, or makes a new one.
    ///
    /// - Parameters:
    ///   - zone: The configured zone; one that differs from the stored one is refused.
    ///   - random: Gives so many random bytes, for the secret of a new state.
    /// - Throws: `StoreError`; a file that is damaged, newer or foreign is left untouched.
    public init(
        path: String, zone: FixedZone, random: (Int) -> [UInt8]
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
            try Self.migrate(connection)
            try Self.settle(connection, zone: zone, random: random)
            try connection.execute("PRAGMA journal_mode = WAL")
            statements = try StateStatements(connection)
            hash = try Self.readHash(connection)
            sequence = try connection.integer("SELECT value FROM meta WHERE key = 'seq'") ?? 0
            nextIdentifier =
                (try connection.integer("SELECT max(id) FROM identifier") ?? 0) + 1
        } catch {
            connection.abandon()
            throw error
        }
        guard let identity = DatabaseFile.identity(of: path) else { throw .replaced(path: path) }
        self.identity = identity
        self.connection = connection
        unsafe chmod(path, 0o600)
    }

    /// Commits a checkpoint: facts, positions, counters, duplicate keys and quarantine together.
    ///
    /// - Returns: the contacts whose row may have changed.
    /// - Throws: `StoreError`; then nothing of the checkpoint was kept.
    /// - Complexity: O(i log n + c log n) in its identifiers and cells.
    public func commit(_ checkpoint: Checkpoint, at now: Instant) throws(StoreError) -> Set<Int64> {
        guard let here = DatabaseFile.identity(of: path), here == identity else {
            throw .replaced(path: path)
        }
        let chunks = lastChunk
        let next = nextIdentifier
        let last = sequence
        do throws(StoreError) {
            return try connection.transaction { () throws(StoreError) -> Set<Int64> in
                let resolved = try resolve(checkpoint.facts)
                try write(cells: checkpoint.facts.cells, of: resolved)
                try write(traits: checkpoint.facts.traits, of: resolved)
                var persons = PersonUpdate(statements: statements, now: now)
                try persons.apply(edges: checkpoint.facts.edges, of: resolved)
                try write(positions: checkpoint.positions)
                try write(tallies: checkpoint.tallies)
                try write(quarantined: checkpoint.quarantined)
                try write(keys: checkpoint.duplicateKeys, dropped: checkpoint.droppedDays)
                sequence += 1
                try statements.setMeta("seq", sequence)
                return persons.touched(among: resolved)
            }
        } catch {
            sequence = last
            lastChunk = chunks
            nextIdentifier = next
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
        "PRAGMA cache_size = -32768", "PRAGMA temp_store = MEMORY",
        "PRAGMA wal_autocheckpoint = 8000", "PRAGMA journal_size_limit = 67108864",
    ]

    /// Brings the schema up to date, each step in the one transaction. A new file is made in the
    /// rollback journal, so that its header says whose it is before anything else exists.
    ///
    /// The version is asked of SQLite: what the file begins with may be older than its WAL.
    private static func migrate(_ connection: Connection) throws(StoreError) {
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        guard version <= StateSchema.version else {
            throw .newer(path: connection.path, found: version, supported: StateSchema.version)
        }
        guard version < StateSchema.version else { return }
        try connection.transaction { () throws(StoreError) in
            for step in StateSchema.migrations[version...] { try connection.execute(step) }
            try connection.execute("PRAGMA application_id = \(StateSchema.applicationID)")
            try connection.execute("PRAGMA user_version = \(StateSchema.version)")
        }
        connection.checkpointWAL(truncate: true)
    }

    /// What a state is given once: its secret and its zone.
    private static func settle(
        _ connection: Connection, zone: FixedZone, random: (Int) -> [UInt8]
    ) throws(StoreError) {
        let read = try connection.prepare("SELECT value FROM meta WHERE key = 'zone'")
        if try read.step() {
            let stored = read.text(0)
            read.reset()
            guard stored == zone.description else {
                throw .zone(
                    path: connection.path, stored: stored, configured: zone.description)
            }
            return
        }
        let secret = random(KeyedHash.secretLength)
        precondition(secret.count == KeyedHash.secretLength)
        try connection.transaction { () throws(StoreError) in
            let insert = try connection.prepare("INSERT INTO meta(key, value) VALUES (?, ?)")
            insert.bind(1, "secret")
            insert.bind(blob: secret, 2)
            try insert.run()
            insert.bind(1, "zone")
            insert.bind(2, zone.description)
            try insert.run()
        }
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

// MARK: - Writing a checkpoint

/// An identifier of a delta as the state knows it.
struct ResolvedIdentifier {
    var id: Int64
    var kind: IdentifierKind
    /// The root of its person before this checkpoint.
    var root: Int64
    /// Whether this checkpoint is the first to name it.
    var isNew: Bool
}

extension StateStore {
    /// Gives every identifier of the delta its number in the state, new ones a new one, and widens
    /// its registers.
    ///
    /// By rank, so that a new identifier with one edge gets its person at once; within a rank in the
    /// order of the hashes, so that the index is walked once.
    private func resolve(_ facts: FactDelta) throws(StoreError) -> [ResolvedIdentifier] {
        let rows = facts.identifiers.rows
        var resolved = [ResolvedIdentifier](
            repeating: ResolvedIdentifier(id: 0, kind: .cookie, root: 0, isNew: false),
            count: rows.count)
        var order = rows.enumerated().map { (hash: $1.hash, number: $0) }
        order.sort { $0.hash < $1.hash }
        let above = Self.onlyEdges(of: facts)
        for kind in IdentifierKind.allCases {
            for (_, number) in order where rows[number].kind == kind {
                let root: Int64? = above[number] >= 0 ? resolved[above[number]].root : nil
                resolved[number] = try resolve(number, rows[number], facts.identifiers, root: root)
            }
        }
        return resolved
    }

    /// For each identifier of a delta the one that its only edge upwards leads to; -1 if it has none
    /// there, or several.
    private static func onlyEdges(of facts: FactDelta) -> [Int] {
        var above = [Int](repeating: -1, count: facts.identifiers.count)
        for edge in facts.edges.rows {
            let lower = Int(edge.lower)
            above[lower] = above[lower] == -1 ? Int(edge.higher) : -2
        }
        return above
    }

    /// - Parameter root: The person that the identifier belongs to if it is new.
    private func resolve(
        _ number: Int, _ row: IdentifierTable.Row, _ table: IdentifierTable, root: Int64?
    ) throws(StoreError) -> ResolvedIdentifier {
        var place = row.hash
        let find = statements.findIdentifier
        while true {
            find.bind(1, Int64(bitPattern: place))
            guard try find.step() else { break }
            let same =
                find.int(1) == Int64(row.kind.rawValue)
                && table.withValue(of: number) { $0.equals(find.bytes(2)) }
            guard same else {
                find.reset()
                place &+= 1
                continue
            }
            let id = find.int(0)
            let (first, last) = (find.int(3), find.int(4))
            let root = find.optionalInt(5) ?? id
            find.reset()
            if row.first < first || row.last > last {
                let widen = statements.widenIdentifier
                widen.bind(1, min(first, row.first))
                widen.bind(2, max(last, row.last))
                widen.bind(3, id)
                try widen.run()
            }
            return ResolvedIdentifier(id: id, kind: row.kind, root: root, isNew: false)
        }
        let id = nextIdentifier
        guard id < 1 << 40 else { throw .unlawful(detail: "no identifier numbers are left") }
        nextIdentifier += 1
        let add = statements.addIdentifier
        add.bind(1, id)
        add.bind(2, Int64(bitPattern: place))
        add.bind(3, Int64(row.kind.rawValue))
        table.withValue(of: number) { add.bind(text: $0, 4) }
        add.bind(5, row.first)
        add.bind(6, row.last)
        add.bind(7, root)
        try add.run()
        return ResolvedIdentifier(id: id, kind: row.kind, root: root ?? id, isNew: true)
    }

    /// Adds the delta's cells to the packed rows, in the order of their keys.
    private func write(
        cells: CellTable, of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) {
        var entries = CellEntries(cells, identifiers)
        var stored: [DailyCell] = []
        var merged: [DailyCell] = []
        var packed: [UInt8] = []
        var added: [DailyCell] = []
        while let row = entries.nextRow(&added) {
            merged.removeAll(keepingCapacity: true)
            packed.removeAll(keepingCapacity: true)
            stored.removeAll(keepingCapacity: true)
            if !identifiers[row.identifier].isNew {
                try read(row.key, period: row.period, into: &stored)
            }
            CellCodec.merge(stored[...], added[...], into: &merged)
            CellCodec.encode(merged[...], into: &packed)
            let write = statements.writeCell
            write.bind(1, row.key)
            try write.run(binding: packed, 2)
        }
    }

    /// Appends the cells of a packed row; nothing if there is none.
    func read(
        _ key: Int64, period: Int32, into cells: inout [DailyCell]
    ) throws(StoreError) {
        let read = statements.readCell
        read.bind(1, key)
        guard try read.step() else { return }
        defer { read.reset() }
        guard CellCodec.decode(read.bytes(0), period: period, into: &cells) else {
            throw .damaged(path: path, detail: "row \(key) of cell is not packed as it should be")
        }
    }

    private func write(
        traits: [FactDelta.TraitKey: Trait], of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) {
        let state = statements.stateTrait
        for (key, trait) in traits {
            state.bind(1, identifiers[Int(key.identifier)].id)
            state.bind(2, String(decoding: key.attribute, as: UTF8.self))
            state.bind(3, String(decoding: trait.value, as: UTF8.self))
            state.bind(4, trait.at)
            state.bind(5, trait.source)
            try state.run()
        }
    }

    private func write(positions: [StreamPosition]) throws(StoreError) {
        let write = statements.writeStream
        for position in positions {
            write.bind(1, position.id)
            write.bind(2, position.source)
            write.bind(blob: position.path, 3)
            write.bind(4, Int64(bitPattern: position.identity.device))
            write.bind(5, Int64(bitPattern: position.identity.inode))
            write.bind(6, Int64(bitPattern: position.identity.generation))
            write.bind(7, position.identity.born)
            write.bind(8, position.offset)
            write.bind(9, position.size)
            write.bind(blob: position.head, 10)
            write.bind(11, Int64(bitPattern: position.anchor))
            write.bind(12, Int64(position.anchorLength))
            write.bind(13, position.lostBytes)
            write.bind(14, Int64(position.retired ? 1 : 0))
            try write.run()
        }
    }

    /// Adds the counts, and holds them to the law before anything is committed.
    private func write(tallies: [Int64: StreamTally]) throws(StoreError) {
        for (stream, tally) in tallies.sorted(by: { $0.key < $1.key }) {
            let sum = tally.verdicts.reduce(0, +)
            guard sum == tally.records else {
                throw .unlawful(detail: "\(tally.records) records, \(sum) outcomes")
            }
            statements.countRecords.bind(1, tally.lines)
            statements.countRecords.bind(2, tally.records)
            statements.countRecords.bind(3, stream)
            try statements.countRecords.run()
            for verdict in Verdict.allCases where tally.verdicts[Int(verdict.rawValue)] != 0 {
                statements.countOutcome.bind(1, stream)
                statements.countOutcome.bind(2, verdict.outcome.name)
                statements.countOutcome.bind(3, verdict.reason)
                statements.countOutcome.bind(4, tally.verdicts[Int(verdict.rawValue)])
                try statements.countOutcome.run()
            }
        }
    }

    /// A ring: the oldest records go when there are too many.
    private func write(quarantined: [QuarantinedRecord]) throws(StoreError) {
        guard !quarantined.isEmpty else { return }
        let add = statements.addQuarantined
        for record in quarantined {
            add.bind(1, record.stream)
            add.bind(2, record.offset)
            add.bind(3, record.verdict.reason)
            add.bind(blob: record.bytes, 4)
            try add.run()
        }
        try connection.execute(
            """
            DELETE FROM quarantine
            WHERE id <= (SELECT max(id) FROM quarantine) - \(Bounds.quarantinedRecords)
            """)
    }

    /// Appends the keys to the last row of their day while that is short, so that many small
    /// checkpoints do not make many small rows.
    private func write(
        keys: [(day: Day, keys: [UInt64])], dropped: [Day]
    ) throws(StoreError) {
        for day in dropped {
            statements.dropKeys.bind(1, Int64(day.number))
            try statements.dropKeys.run()
            lastChunk.removeValue(forKey: day.number)
        }
        for (day, keys) in keys {
            var last =
                if let known = lastChunk[day.number] { known } else { try readLastChunk(day) }
            if last.keys + keys.count > Self.keysPerChunk, last.keys > 0 {
                last = (last.chunk + 1, 0)
            }
            let append = statements.appendKeys
            append.bind(1, Int64(day.number))
            append.bind(2, last.chunk)
            try append.run(binding: Self.bytes(of: keys), 3)
            lastChunk[day.number] = (last.chunk, last.keys + keys.count)
        }
    }

    /// Rows of up to 3,200 bytes lie on one page of 4,096.
    private static var keysPerChunk: Int { 400 }

    private func readLastChunk(_ day: Day) throws(StoreError) -> (chunk: Int64, keys: Int) {
        let read = statements.lastKeys
        read.bind(1, Int64(day.number))
        guard try read.step() else { return (0, 0) }
        defer { read.reset() }
        return (read.int(0), Int(read.int(1)) / 8)
    }

    private static func bytes(of keys: [UInt64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keys.count * 8)
        // Not map(\.littleEndian): a key path costs more than all that is done to a key.
        unsafe keys.map { $0.littleEndian }.withUnsafeBufferPointer { buffer in
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(buffer))
        }
        return bytes
    }
}
