import Core

/// What happened to a contact, for the journal.
struct JournalEntry {
    /// The segment that it is about, if it is about one.
    var segment: String?
    var contact: Int64
    /// `enter`, `leave`, `merge` or `split`.
    var change: String
    /// Whose part the contact became, or is no more.
    var other: Int64?
}

/// Every statement of `state.db` that runs more than once, prepared once.
final class StateStatements {
    let findIdentifier: Statement
    let addIdentifiers: RowsStatement
    let readSighting: Statement
    let writeSighting: Statement
    let removeSighting: Statement
    let readIdentifier: Statement
    let readPlace: Statement
    let movePlace: Statement
    let removeIdentifier: Statement
    let readMembers: Statement
    let setRoot: Statement
    let readRoots: Statement
    let readCell: Statement
    let readCells: Statement
    let readFarCells: Statement
    let writeCell: Statement
    let removeCell: Statement
    let readTrace: Statement
    let writeTrace: Statement
    let addShare: Statement
    let readMessageLinks: Statement
    let writeMessageLinks: Statement
    let addLifetime: Statement
    let removeLifetime: Statement
    let removeTraits: Statement
    let addEdges: RowsStatement
    let readVotes: Statement
    let readUpward: Statement
    let readLower: Statement
    let readLowerByEdges: Statement
    let stateTrait: Statement
    let readTraits: Statement
    let readLifetime: Statement
    let writeStream: Statement
    let countRecords: Statement
    let countOutcome: Statement
    let addQuarantined: Statement
    let appendKeys: Statement
    let lastKeys: Statement
    let dropKeys: Statement
    let remember: Statement
    let forget: Statement
    private let addJournal: RowsStatement
    let readMembership: Statement
    let readMemberships: Statement
    let writeMembership: Statement
    let removeMembership: Statement
    let addStageChange: Statement
    let addSegmentMerge: Statement
    let readAssertions: Statement
    let readAsserted: Statement
    /// Keys that `readFarCells` is given at a time.
    static let farKeys = 32
    private let writeMeta: Statement
    private let readMeta: Statement

    init(_ connection: Connection) throws(StoreError) {
        findIdentifier = try connection.prepare(
            """
            SELECT id, kind, value, root, ambiguous FROM identifier WHERE hash = ?
            """)
        addIdentifiers = try RowsStatement(connection, columns: 6) {
            """
            INSERT OR FAIL INTO identifier(id, hash, kind, value, root, ambiguous) VALUES \($0)
            ON CONFLICT (hash) DO NOTHING
            """
        }
        readSighting = try connection.prepare("SELECT packed FROM sighting WHERE key = ?")
        writeSighting = try connection.prepare(
            "REPLACE INTO sighting(key, packed) VALUES (?, ?)")
        removeSighting = try connection.prepare("DELETE FROM sighting WHERE key = ?")
        readIdentifier = try connection.prepare(
            "SELECT kind, value, root, ambiguous FROM identifier WHERE id = ?")
        readPlace = try connection.prepare("SELECT hash FROM identifier WHERE id = ?")
        movePlace = try connection.prepare("UPDATE identifier SET hash = ? WHERE id = ?")
        removeIdentifier = try connection.prepare("DELETE FROM identifier WHERE id = ?")
        readMembers = try connection.prepare(
            """
            SELECT kind, value, root, ambiguous, id FROM identifier
            WHERE root BETWEEN ? AND ? AND root IS NOT NULL ORDER BY root, id
            """)
        readRoots = try connection.prepare(
            """
            SELECT kind, value, root, ambiguous, id FROM identifier
            WHERE id > ? AND root IS NULL ORDER BY id LIMIT ?
            """)
        readCells = try connection.prepare(
            "SELECT key, packed FROM cell WHERE key BETWEEN ? AND ? ORDER BY key")
        let keys = Array(repeating: "(?)", count: Self.farKeys).joined(separator: ", ")
        readFarCells = try connection.prepare(
            """
            WITH wanted(key) AS (VALUES \(keys))
            SELECT c.key, c.packed FROM wanted w CROSS JOIN cell c WHERE c.key = w.key
            """)
        setRoot = try connection.prepare(
            "UPDATE identifier SET root = ?, ambiguous = ? WHERE id = ?")
        readCell = try connection.prepare("SELECT packed FROM cell WHERE key = ?")
        writeCell = try connection.prepare("REPLACE INTO cell(key, packed) VALUES (?, ?)")
        removeCell = try connection.prepare("DELETE FROM cell WHERE key = ?")
        readTrace = try connection.prepare("SELECT packed FROM trace WHERE key = ?")
        writeTrace = try connection.prepare("REPLACE INTO trace(key, packed) VALUES (?, ?)")
        addShare = try connection.prepare(
            "INSERT OR IGNORE INTO share(message, trace) VALUES (?, ?)")
        readMessageLinks = try connection.prepare(
            "SELECT links, last_seen FROM message_link WHERE message = ?")
        writeMessageLinks = try connection.prepare(
            "REPLACE INTO message_link(message, links, last_seen) VALUES (?1, ?3, ?2)")
        addLifetime = try connection.prepare(
            """
            INSERT INTO lifetime(identifier, signal, n, value) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET n = n + excluded.n, value = value + excluded.value
            """)
        removeLifetime = try connection.prepare("DELETE FROM lifetime WHERE identifier = ?")
        removeTraits = try connection.prepare("DELETE FROM trait WHERE identifier = ?")
        addEdges = try RowsStatement(connection, columns: 5) {
            """
            INSERT OR FAIL INTO edge(lower, higher, first_seen, last_seen, n) VALUES \($0)
            ON CONFLICT DO UPDATE SET
                first_seen = min(first_seen, excluded.first_seen),
                last_seen = max(last_seen, excluded.last_seen), n = n + excluded.n
            """
        }
        readVotes = try connection.prepare(
            """
            SELECT coalesce(i.root, i.id), e.n FROM edge e JOIN identifier i ON i.id = e.higher
            WHERE e.lower = ?
            """)
        readUpward = try connection.prepare(
            "SELECT lower, higher, n FROM edge WHERE lower BETWEEN ? AND ? ORDER BY lower")
        readLower = try connection.prepare(
            """
            SELECT lower, i.kind FROM (
                SELECT lower FROM edge WHERE higher = ?1
                UNION SELECT lower FROM assertion WHERE higher = ?1 AND revoked IS NULL)
            JOIN identifier i ON i.id = lower ORDER BY lower
            """)
        readLowerByEdges = try connection.prepare(
            """
            SELECT lower, i.kind FROM edge JOIN identifier i ON i.id = lower WHERE higher = ?1
            """)
        stateTrait = try connection.prepare(
            """
            INSERT INTO trait(identifier, attribute, value, at, source) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value, at = excluded.at, source = excluded.source
            WHERE (excluded.at, excluded.value COLLATE BINARY, excluded.source)
                > (at, value COLLATE BINARY, source)
            """)
        readTraits = try connection.prepare(
            """
            SELECT attribute, value, at, source, identifier FROM trait
            WHERE identifier BETWEEN ? AND ? ORDER BY identifier
            """)
        readLifetime = try connection.prepare(
            """
            SELECT signal, n, value, identifier FROM lifetime
            WHERE identifier BETWEEN ? AND ? ORDER BY identifier
            """)
        writeStream = try connection.prepare(
            """
            INSERT INTO stream(id, source, path, device, inode, generation, born, offset, size, head,
                anchor, anchor_length, lost_bytes, retired, anchors, packed_size, packed_modified,
                packed_read, seam)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET
                source = excluded.source, path = excluded.path, device = excluded.device,
                inode = excluded.inode, generation = excluded.generation, born = excluded.born,
                offset = excluded.offset, size = excluded.size, head = excluded.head,
                anchor = excluded.anchor, anchor_length = excluded.anchor_length,
                lost_bytes = excluded.lost_bytes, retired = excluded.retired,
                retired_at = CASE WHEN excluded.retired THEN retired_at END,
                anchors = excluded.anchors, packed_size = excluded.packed_size,
                packed_modified = excluded.packed_modified, packed_read = excluded.packed_read,
                seam = excluded.seam
            """)
        countRecords = try connection.prepare(
            """
            UPDATE stream SET lines_read = lines_read + ?, records_read = records_read + ?
            WHERE id = ?
            """)
        countOutcome = try connection.prepare(
            """
            INSERT INTO outcome(stream, outcome, reason, n) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET n = n + excluded.n
            """)
        addQuarantined = try connection.prepare(
            "INSERT INTO quarantine(id, stream, offset, reason, bytes) VALUES (?, ?, ?, ?, ?)")
        appendKeys = try connection.prepare(
            """
            INSERT INTO duplicate(day, chunk, keys) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET keys = CAST(keys || excluded.keys AS BLOB)
            """)
        lastKeys = try connection.prepare(
            "SELECT chunk, length(keys) FROM duplicate WHERE day = ? ORDER BY chunk DESC LIMIT 1")
        dropKeys = try connection.prepare("DELETE FROM duplicate WHERE day = ?")
        remember = try connection.prepare(
            "REPLACE INTO remembered(source, key, text, at) VALUES (?, ?, ?, ?)")
        forget = try connection.prepare("DELETE FROM remembered WHERE source = ? AND key = ?")
        addJournal = try RowsStatement(connection, columns: 5) {
            "INSERT OR FAIL INTO journal(at, segment, contact, change, other) VALUES \($0)"
        }
        readMembership = try connection.prepare(
            "SELECT stage, since, packed FROM membership WHERE contact = ?")
        readMemberships = try connection.prepare(
            """
            SELECT contact, stage, since, packed FROM membership
            WHERE contact BETWEEN ? AND ? ORDER BY contact
            """)
        writeMembership = try connection.prepare(
            "REPLACE INTO membership(contact, stage, since, packed) VALUES (?, ?, ?, ?)")
        removeMembership = try connection.prepare("DELETE FROM membership WHERE contact = ?")
        readAssertions = try connection.prepare(
            """
            SELECT coalesce(i.root, i.id), a.joined, a.actor FROM assertion a
            JOIN identifier i ON i.id = a.higher
            WHERE a.lower = ? AND a.revoked IS NULL ORDER BY a.id
            """)
        readAsserted = try connection.prepare(
            "SELECT lower FROM assertion WHERE lower BETWEEN ? AND ? AND revoked IS NULL")
        addSegmentMerge = try connection.prepare(
            """
            INSERT INTO journal(at, segment, contact, change, other)
            SELECT ?, name, ?, 'merge', ? FROM segment WHERE id = ?
            """)
        addStageChange = try connection.prepare(
            "INSERT INTO stage_change(at, contact, before, stage) VALUES (?, ?, ?, ?)")
        writeMeta = try connection.prepare("REPLACE INTO meta(key, value) VALUES (?, ?)")
        readMeta = try connection.prepare("SELECT value FROM meta WHERE key = ?")
    }

    /// Writes to the journal, in this order.
    func write(_ entries: [JournalEntry], at now: Instant) throws(StoreError) {
        try addJournal.run(count: entries.count) { place, row in
            let entry = entries[place]
            row.bind(1, now.milliseconds)
            row.bind(2, entry.segment)
            row.bind(3, entry.contact)
            row.bind(4, entry.change)
            row.bind(5, entry.other)
        }
    }

    func setMeta(_ key: String, _ value: Int64) throws(StoreError) {
        writeMeta.bind(1, key)
        writeMeta.bind(2, value)
        try writeMeta.run()
    }

    func meta(_ key: String) throws(StoreError) -> Int64? {
        readMeta.bind(1, key)
        guard try readMeta.step() else { return nil }
        defer { readMeta.reset() }
        return readMeta.optionalInt(0)
    }
}
