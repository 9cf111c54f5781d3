public import Core

/// Streams that are long gone: what was counted of them stays, in one row for each source.
extension StateStore {
    /// How long a stream without a file is kept apart: a copy or an archive of it may still turn up.
    public static let retiredDays: Int64 = 30

    /// Adds up streams that have been retired for `retiredDays`, some at a time. Those of which lines are
    /// in quarantine stay, as somebody may want to know where these stood.
    ///
    /// - Returns: the streams that are gone; fewer than `limit` if no more are due.
    public func addUpStreams(at now: Instant, limit: Int = 500) throws(StoreError) -> [Int64] {
        try connection.transaction { () throws(StoreError) -> [Int64] in
            let see = try connection.prepare(
                "UPDATE stream SET retired_at = ? WHERE retired AND retired_at IS NULL AND path <> x''"
            )
            see.bind(1, now.milliseconds)
            try see.run()
            // The last number stays, so that it is not used again.
            let due = try connection.prepare(
                """
                SELECT id, source FROM stream
                WHERE retired AND retired_at < ? AND path <> x''
                    AND id NOT IN (SELECT stream FROM quarantine)
                    AND id < (SELECT max(id) FROM stream)
                ORDER BY id LIMIT ?
                """)
            due.bind(1, now.milliseconds - Self.retiredDays * 86_400_000)
            due.bind(2, Int64(limit))
            var gone: [(id: Int64, source: String)] = []
            while try due.step() { gone.append((due.int(0), due.text(1))) }
            for stream in gone {
                try addUp(stream.id, into: sumOf(stream.source, first: stream.id))
            }
            return gone.map(\.id)
        }
    }

    /// The row that stands for the earlier streams of a source. Its path is empty, and its number is the
    /// negative of the first that went into it.
    private func sumOf(_ source: String, first: Int64) throws(StoreError) -> Int64 {
        let find = try connection.prepare("SELECT id FROM stream WHERE source = ? AND path = x''")
        find.bind(1, source)
        defer { find.reset() }
        if try find.step() { return find.int(0) }
        let add = try connection.prepare(
            """
            INSERT INTO stream(id, source, path, device, inode, generation, born, offset, size, head,
                anchor, anchor_length, lost_bytes, retired)
            VALUES (?, ?, x'', 0, 0, 0, 0, 0, 0, x'', 0, 0, 0, 1)
            """)
        add.bind(1, -first)
        add.bind(2, source)
        try add.run()
        return -first
    }

    private func addUp(_ stream: Int64, into sum: Int64) throws(StoreError) {
        for sql in [
            """
            UPDATE stream SET offset = stream.offset + s.offset, size = stream.size + s.size,
                lost_bytes = stream.lost_bytes + s.lost_bytes,
                lines_read = stream.lines_read + s.lines_read,
                records_read = stream.records_read + s.records_read
            FROM stream s WHERE s.id = ?1 AND stream.id = ?2
            """,
            """
            INSERT INTO outcome(stream, outcome, reason, n)
            SELECT ?2, outcome, reason, n FROM outcome WHERE stream = ?1
            ON CONFLICT DO UPDATE SET n = n + excluded.n
            """,
            "DELETE FROM outcome WHERE stream = ?1 AND ?2 < 0",
            "DELETE FROM stream WHERE id = ?1 AND ?2 < 0",
        ] {
            let statement = try connection.prepare(sql)
            statement.bind(1, stream)
            statement.bind(2, sum)
            try statement.run()
        }
    }
}
