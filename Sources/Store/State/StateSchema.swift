/// The tables of `state.db`, which only the daemon opens: facts, positions, journal, quarantine.
///
/// Integers throughout: instants in milliseconds, days counted from 1970-01-01, money in 1/10000
/// units, unsigned numbers by their bits.
enum StateSchema {
    /// Marks the file as ours: "LSco" in ASCII.
    static let applicationID: Int32 = 0x4C53_636F

    /// Each step brings the schema from the version of its place to the next one. Steps that have
    /// been released are never changed: a new need is a new step at the end.
    static let migrations: [String] = [
        """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

        -- Names get a number once and keep it. class: 0 signal, 1 machine twin, 2 topic.
        CREATE TABLE signal(
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, class INTEGER NOT NULL,
            UNIQUE (name, class)
        ) STRICT;

        -- hash: the state's keyed hash of kind and value, the only index by value; two identifiers
        -- of one hash take places next to each other. root: the person, NULL for one of its own.
        CREATE TABLE identifier(
            id INTEGER PRIMARY KEY, hash INTEGER NOT NULL UNIQUE, kind INTEGER NOT NULL,
            value TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
            root INTEGER, ambiguous INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX identifier_root ON identifier(root) WHERE root IS NOT NULL;

        -- key = period << 40 | identifier; period = day / 64; packed: see CellCodec.
        CREATE TABLE cell(key INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;

        -- Cells older than the retention, added up.
        CREATE TABLE lifetime(
            identifier INTEGER NOT NULL, signal INTEGER NOT NULL, n INTEGER NOT NULL,
            value INTEGER NOT NULL, PRIMARY KEY (identifier, signal)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE edge(
            lower INTEGER NOT NULL, higher INTEGER NOT NULL, first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (lower, higher)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX edge_higher ON edge(higher, lower);

        CREATE TABLE trait(
            identifier INTEGER NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL,
            at INTEGER NOT NULL, source TEXT NOT NULL, PRIMARY KEY (identifier, attribute)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE stream(
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, path BLOB NOT NULL,
            device INTEGER NOT NULL, inode INTEGER NOT NULL, generation INTEGER NOT NULL,
            born INTEGER NOT NULL, offset INTEGER NOT NULL, size INTEGER NOT NULL,
            head BLOB NOT NULL, anchor INTEGER NOT NULL, anchor_length INTEGER NOT NULL,
            lost_bytes INTEGER NOT NULL, retired INTEGER NOT NULL,
            lines_read INTEGER NOT NULL DEFAULT 0, records_read INTEGER NOT NULL DEFAULT 0,
            CHECK (offset >= 0 AND lines_read >= 0)
        ) STRICT;

        CREATE TABLE outcome(
            stream INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
            n INTEGER NOT NULL, PRIMARY KEY (stream, outcome, reason),
            CHECK (outcome IN ('applied', 'duplicate', 'filtered', 'quarantined', 'suppressed'))
        ) STRICT, WITHOUT ROWID;

        -- Keys of 8 bytes, little-endian, some hundred to a row.
        CREATE TABLE duplicate(
            day INTEGER NOT NULL, chunk INTEGER NOT NULL, keys BLOB NOT NULL,
            PRIMARY KEY (day, chunk)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE quarantine(
            id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, offset INTEGER NOT NULL,
            reason TEXT NOT NULL, bytes BLOB NOT NULL
        ) STRICT;

        -- What happened to contacts and segments, in the order in which it was noticed.
        CREATE TABLE journal(
            seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, segment TEXT,
            contact INTEGER NOT NULL, change TEXT NOT NULL, other INTEGER
        ) STRICT;
        """,
        """
        -- Older anchors, ascending: offset 8 bytes, length 2, hash 8, little-endian.
        ALTER TABLE stream ADD COLUMN anchors BLOB NOT NULL DEFAULT x'';
        -- The compressed file that it is read from, if it is: bytes, time of change in nanoseconds,
        -- and whether all of it was read.
        ALTER TABLE stream ADD COLUMN packed_size INTEGER;
        ALTER TABLE stream ADD COLUMN packed_modified INTEGER;
        ALTER TABLE stream ADD COLUMN packed_read INTEGER NOT NULL DEFAULT 0;
        """,
        """
        -- Segments get a number once and keep it.
        CREATE TABLE segment(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

        -- What was last noticed of a contact: its stage, and the segments that it is in, each as 2
        -- bytes of number and 8 bytes of since, little-endian, ascending by number. No row: in no
        -- segment, and never more than known or anonymous.
        CREATE TABLE membership(
            contact INTEGER PRIMARY KEY, stage TEXT, since INTEGER NOT NULL, packed BLOB NOT NULL
        ) STRICT;

        CREATE TABLE stage_change(
            seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, contact INTEGER NOT NULL,
            before TEXT, stage TEXT
        ) STRICT;

        -- What people say about two identifiers, against the edges; revoked: when it ended.
        CREATE TABLE assertion(
            id INTEGER PRIMARY KEY, lower INTEGER NOT NULL, higher INTEGER NOT NULL,
            joined INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, revoked INTEGER
        ) STRICT;
        CREATE INDEX assertion_lower ON assertion(lower);
        CREATE INDEX assertion_higher ON assertion(higher);

        -- Keyed tokens of identifiers of erased persons, and when they were erased.
        CREATE TABLE erased(token INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
        """,
        """
        -- What a format has to know of earlier lines.
        CREATE TABLE remembered(
            source TEXT NOT NULL, key BLOB NOT NULL, text BLOB NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (source, key)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- Lines in the middle of which the process ended by a fault of its own, how often, and when
        -- last.
        CREATE TABLE suspect(
            offset INTEGER NOT NULL, length INTEGER NOT NULL, hash INTEGER NOT NULL,
            tries INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (offset, length, hash)
        ) STRICT, WITHOUT ROWID;
        -- When it was first seen to be retired, at a change of day.
        ALTER TABLE stream ADD COLUMN retired_at INTEGER;
        """,
        """
        -- What an identifier did within 1,024 seconds, as far as it tells machines from people.
        -- key = (second / 1024) << 40 | identifier; packed: see TraceCodec.
        CREATE TABLE trace(key INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;

        -- The links of a message, 4 bytes each, and the last second in which one was followed.
        CREATE TABLE message_link(
            message INTEGER PRIMARY KEY, links BLOB NOT NULL, last_seen INTEGER NOT NULL
        ) STRICT;

        -- Which rows of trace depend on how many links a message has.
        CREATE TABLE share(
            message INTEGER NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (message, trace)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- When identifiers were first and last seen; key = id / 64; packed: see SightingRow.
        CREATE TABLE sighting(key INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
        WITH RECURSIVE place(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n < 63),
            taken(key) AS (SELECT DISTINCT id / 64 FROM identifier),
            times(key, bytes) AS (
                SELECT key, coalesce(
                    \(littleEndian("first_seen")) || \(littleEndian("last_seen")), zeroblob(12))
                FROM taken CROSS JOIN place LEFT JOIN identifier ON id = key * 64 + n
                ORDER BY key, n)
        INSERT INTO sighting(key, packed)
            SELECT key, CAST(group_concat(bytes, '') AS BLOB) FROM times GROUP BY key;
        ALTER TABLE identifier DROP COLUMN first_seen;
        ALTER TABLE identifier DROP COLUMN last_seen;
        """,
        """
        -- Up to where lines may have been counted in the generation before, whose end was cut off.
        ALTER TABLE stream ADD COLUMN seam INTEGER NOT NULL DEFAULT 0;
        """,
        """
        -- key = period << 40 | identifier / 16; packed: see CellRow. A part that is too large for its
        -- length makes the row NULL, which is refused.
        CREATE TABLE neighbours(key INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
        INSERT INTO neighbours(key, packed)
            SELECT key >> 40 << 40 | (key & 0xFFFFFFFFFF) / 16, (
                SELECT CASE WHEN max(length(packed)) < 1 << 24
                    THEN CAST(group_concat(part, '') AS BLOB) END
                FROM (
                    SELECT packed, \(littleEndian("(key & 15)", bytes: 1))
                        || \(littleEndian("length(packed)", bytes: 3)) || packed AS part
                    FROM cell WHERE key BETWEEN first.key AND first.key | 15 ORDER BY key))
            FROM cell AS first
            WHERE NOT EXISTS (
                SELECT 1 FROM cell WHERE key BETWEEN first.key & ~15 AND first.key - 1)
            ORDER BY key;
        DROP TABLE cell;
        ALTER TABLE neighbours RENAME TO cell;
        """,
    ]

    /// An expression for the lowest bytes of a number, the lowest first.
    private static func littleEndian(_ number: String, bytes count: Int = 6) -> String {
        let bytes = "x'" + allBytes + "'"
        return (0..<count).map { "substr(\(bytes), (\(number) >> \(8 * $0) & 255) + 1, 1)" }
            .joined(separator: " || ")
    }

    /// 0 to 255 in hexadecimal, from which SQL takes a byte by its number.
    private static var allBytes: String {
        (0...255).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The version that this program writes.
    static var version: Int { migrations.count }
}
