/// The tables of `leads.db`, which is part of the interface: columns are only ever added.
///
/// Days are text `YYYY-MM-DD`, instants text RFC 3339 UTC, points and money real numbers, flags 0 or
/// 1. `docs/SCHEMA.md` says what each column means.
///
/// `activity` is a view: its rows are kept packed, one JSON object for each contact and period of 64
/// days, because one row takes as long to write as forty cells. It holds an array of
/// `[day, signal, n, value]` for each identifier; the day is counted from the first one of the period,
/// and a value of 0 is left out.
///
/// `identifiers` lies in the order of the contacts, in which a full publication writes it.
public enum LeadsSchema {
    /// Raised when a column is added or a table changes its shape; `meta.schema` shows it.
    public static let version = 4

    /// Marks the file as ours: "lead" in ASCII.
    public static let applicationID: Int32 = 0x6C65_6164

    /// Everything, in the order of creation.
    package static let statements: [String] = [
        """
        CREATE TABLE leads(
            contact_id INTEGER PRIMARY KEY,
            email TEXT, customer_id TEXT, anonymous INTEGER NOT NULL,
            first_seen TEXT, last_seen TEXT, last_activity_day TEXT,
            events INTEGER NOT NULL,
            engagement REAL NOT NULL, fit REAL, grade TEXT, completeness REAL,
            score REAL NOT NULL, band TEXT, stage TEXT, audience TEXT,
            delta_30d REAL NOT NULL, delta_60d REAL NOT NULL, peak_30d REAL NOT NULL,
            hot_until TEXT,
            first_purchase TEXT, last_purchase TEXT, recency_days INTEGER,
            purchases INTEGER NOT NULL, value REAL NOT NULL,
            r INTEGER, f INTEGER, m INTEGER, rfm_group TEXT,
            p_alive REAL, expected_purchases_90d REAL,
            deliverability TEXT, soft_streak INTEGER,
            domain TEXT, owner TEXT,
            points TEXT NOT NULL, counts TEXT NOT NULL, traits TEXT NOT NULL,
            as_of_day TEXT NOT NULL, interests TEXT NOT NULL DEFAULT '{}'
        ) STRICT
        """,
        """
        CREATE TABLE identifiers(
            identifier_id INTEGER NOT NULL UNIQUE,
            kind TEXT NOT NULL, value TEXT NOT NULL,
            contact_id INTEGER NOT NULL, ambiguous INTEGER NOT NULL,
            first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, reason TEXT,
            PRIMARY KEY (contact_id, identifier_id)
        ) STRICT, WITHOUT ROWID
        """,
        // cell_period: key = contact_id << 16 | period, so that a contact's history lies together.
        "CREATE TABLE cell_period(key INTEGER PRIMARY KEY, cells TEXT NOT NULL) STRICT",
        "CREATE TABLE signal_name(signal_id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
        """
        CREATE VIEW activity(contact_id, identifier_id, day, signal, n, value) AS
        SELECT i.contact_id, i.identifier_id,
               date(((p.key & 65535) * 64 + (c.value ->> 0)) * 86400, 'unixepoch'),
               s.name, c.value ->> 2, coalesce(c.value ->> 3, 0) / 10000.0
        FROM identifiers i
        JOIN cell_period p ON p.key BETWEEN i.contact_id << 16 AND i.contact_id << 16 | 65535
        JOIN json_each(p.cells, '$."' || i.identifier_id || '"') c
        JOIN signal_name s ON s.signal_id = c.value ->> 1
        """,
        """
        CREATE TABLE traits(
            contact_id INTEGER NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL,
            at TEXT NOT NULL, source TEXT NOT NULL,
            PRIMARY KEY (contact_id, attribute)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE interests(
            contact_id INTEGER NOT NULL, topic TEXT NOT NULL, points REAL NOT NULL,
            PRIMARY KEY (contact_id, topic)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE stages(name TEXT PRIMARY KEY, condition TEXT NOT NULL, rank INTEGER NOT NULL) STRICT",
        // account_part: sums in millionths of a point, which are kept up by differences.
        """
        CREATE TABLE account_part(
            domain TEXT NOT NULL, stage TEXT NOT NULL, contacts INTEGER NOT NULL,
            engagement INTEGER NOT NULL, fit INTEGER NOT NULL, PRIMARY KEY (domain, stage)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE VIEW accounts(domain, contacts, engagement, fit, furthest_stage) AS
        SELECT p.domain, sum(p.contacts), sum(p.engagement) / 1000000.0,
               round(sum(p.fit) / 1000000.0 / sum(p.contacts), 6),
               (SELECT q.stage FROM account_part q LEFT JOIN stages s ON s.name = q.stage
                WHERE q.domain = p.domain AND q.stage <> ''
                ORDER BY s.rank DESC, q.stage LIMIT 1)
        FROM account_part p GROUP BY p.domain
        """,
        """
        CREATE TABLE signals(
            name TEXT PRIMARY KEY, weight REAL NOT NULL, half_life REAL,
            daily_cap INTEGER, cap REAL
        ) STRICT
        """,
        "CREATE TABLE fit_rules(name TEXT PRIMARY KEY, condition TEXT NOT NULL, points REAL NOT NULL) STRICT",
        "CREATE TABLE attributes(name TEXT PRIMARY KEY, shelf_life INTEGER, states TEXT) STRICT",
        "CREATE TABLE topics(name TEXT PRIMARY KEY, half_life REAL) STRICT",
        "CREATE TABLE segments(name TEXT PRIMARY KEY, condition TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0) STRICT",
        """
        CREATE TABLE segment_members(
            segment TEXT NOT NULL, contact_id INTEGER NOT NULL, since TEXT NOT NULL,
            PRIMARY KEY (segment, contact_id)
        ) STRICT, WITHOUT ROWID
        """,
        // membership: what segment_members holds of one contact, to be compared in one look.
        "CREATE TABLE membership(contact_id INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT",
        """
        CREATE TABLE stage_changes(
            seq INTEGER PRIMARY KEY, at TEXT NOT NULL, contact_id INTEGER NOT NULL,
            before TEXT, stage TEXT
        ) STRICT
        """,
        """
        CREATE TABLE segment_changes(
            seq INTEGER PRIMARY KEY, at TEXT NOT NULL, segment TEXT,
            contact_id INTEGER NOT NULL, change TEXT NOT NULL, other_contact_id INTEGER
        ) STRICT
        """,
        """
        CREATE TABLE sources(
            name TEXT NOT NULL, path TEXT NOT NULL,
            offset INTEGER NOT NULL, size INTEGER NOT NULL,
            lines_read INTEGER NOT NULL, records_read INTEGER NOT NULL,
            applied INTEGER NOT NULL, duplicate INTEGER NOT NULL, filtered INTEGER NOT NULL,
            quarantined INTEGER NOT NULL, suppressed INTEGER NOT NULL,
            lost_bytes INTEGER NOT NULL,
            stream_id INTEGER PRIMARY KEY
        ) STRICT
        """,
        """
        CREATE TABLE quarantine(
            source TEXT NOT NULL, path TEXT NOT NULL, offset INTEGER NOT NULL,
            reason TEXT NOT NULL, quarantine_id INTEGER PRIMARY KEY
        ) STRICT
        """,
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID",
    ]

    /// What is looked up by readers alone, by name. Partial, so that the many cold contacts cost nothing.
    package static let indexes: KeyValuePairs<String, String> = [
        "lead_score": "leads(score DESC, contact_id) WHERE score > 0",
        "identifier_value": "identifiers(value)",
    ]

    /// Makes the indexes that are not there.
    package static var indexStatements: [String] {
        indexes.map { "CREATE INDEX IF NOT EXISTS \($0.key) ON \($0.value)" }
    }
}
