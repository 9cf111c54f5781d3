import Core

/// A line in quarantine.
public struct QuarantinedLine: Sendable, Equatable {
    /// Its number, ascending, never used again.
    public var id: Int64
    /// The generation in which it stands.
    public var stream: Int64
    /// The source of that.
    public var source: String
    /// The path under which its file was last seen, as bytes.
    public var path: [UInt8]
    /// Where it starts in the file, in bytes.
    public var offset: Int64
    /// Why it could not be used.
    public var reason: String
    /// Its first `Bounds.quarantinedBytes` bytes.
    public var bytes: [UInt8]

    /// Whether `bytes` is all of it, as far as can be told.
    public var isWhole: Bool { bytes.count < Bounds.quarantinedBytes }
}

/// Which lines of the quarantine are meant.
public struct QuarantineSelection: Sendable, Equatable {
    /// Of this source; nil: of any.
    public var source: String?
    /// For this reason; nil: for any.
    public var reason: String?

    /// A selection.
    public init(source: String? = nil, reason: String? = nil) {
        self.source = source
        self.reason = reason
    }
}

/// Looking at the quarantine, and taking out what was read again.
extension StateStore {
    /// The newest lines in quarantine, the newest first.
    public func newestQuarantined(
        _ selection: QuarantineSelection, limit: Int
    ) throws(StoreError) -> [QuarantinedLine] {
        try quarantined(selection, "ORDER BY q.id DESC", after: 0, through: Int64.max, limit)
    }

    /// Lines in quarantine in the order of their numbers, those in a range of numbers only.
    public func quarantined(
        _ selection: QuarantineSelection, after: Int64, through: Int64, limit: Int
    ) throws(StoreError) -> [QuarantinedLine] {
        try quarantined(selection, "ORDER BY q.id", after: after, through: through, limit)
    }

    /// How many lines are in quarantine.
    public func quarantinedCount(
        _ selection: QuarantineSelection = .init(), through: Int64 = .max
    ) throws(StoreError) -> Int64 {
        let read = try connection.prepare("SELECT count(*)" + Self.selecting)
        bind(selection, 0, through, to: read)
        defer { read.reset() }
        return try read.step() ? read.int(0) : 0
    }

    /// The highest number that a line in quarantine ever had.
    public func lastQuarantined() throws(StoreError) -> Int64 {
        let highest = try connection.integer("SELECT max(id) FROM quarantine") ?? 0
        return max(highest, try kept("quarantined") ?? 0)
    }

    /// Keeps the highest number, before lines are taken out: it is never given again, because what
    /// is published goes by it.
    func keepLastQuarantined() throws(StoreError) {
        try keep(try lastQuarantined(), for: "quarantined")
    }

    /// Takes out what was read again; what is of no use again stays for its new reason.
    func write(requeued: [RequeuedRecord]) throws(StoreError) {
        guard !requeued.isEmpty else { return }
        try keepLastQuarantined()
        let remove = try connection.prepare("DELETE FROM quarantine WHERE id = ?")
        let rename = try connection.prepare("UPDATE quarantine SET reason = ? WHERE id = ?")
        for record in requeued {
            if record.verdict.outcome == .quarantined {
                rename.bind(1, record.verdict.reason)
                rename.bind(2, record.id)
                try rename.run()
            } else {
                try remove.run(record.id)
            }
        }
        try connection.execute("DELETE FROM outcome WHERE n = 0")
    }

    private static let selecting = """
         FROM quarantine q JOIN stream s ON s.id = q.stream
        WHERE q.id > ?1 AND q.id <= ?2
            AND (?3 IS NULL OR s.source = ?3) AND (?4 IS NULL OR q.reason = ?4)
        """

    private func bind(
        _ selection: QuarantineSelection, _ after: Int64, _ through: Int64, to read: Statement
    ) {
        read.bind(1, after)
        read.bind(2, through)
        read.bind(3, selection.source)
        read.bind(4, selection.reason)
    }

    private func quarantined(
        _ selection: QuarantineSelection, _ order: String, after: Int64, through: Int64,
        _ limit: Int
    ) throws(StoreError) -> [QuarantinedLine] {
        let read = try connection.prepare(
            """
            SELECT q.id, q.stream, s.source, s.path, q.offset, q.reason, q.bytes\(Self.selecting)
            \(order) LIMIT ?5
            """)
        bind(selection, after, through, to: read)
        read.bind(5, Int64(limit))
        var lines: [QuarantinedLine] = []
        while try read.step() {
            lines.append(
                QuarantinedLine(
                    id: read.int(0), stream: read.int(1), source: read.text(2),
                    path: read.bytes(3).array, offset: read.int(4), reason: read.text(5),
                    bytes: read.bytes(6).array))
        }
        return lines
    }
}
