public import Core

/// Runs of the daemon: whether the last one came to its end, and what is looked at if it did not.
extension StateStore {
    /// Notes that a run begins.
    ///
    /// - Returns: whether the one before did not come to its end.
    public func beginRun() throws(StoreError) -> Bool {
        guard try kept(Self.running) != 1 else { return true }
        try keep(1, for: Self.running)
        return false
    }

    /// Notes that the run came to its end, and empties the WAL, so that nothing is left to do when the
    /// file is closed: others may still be at work.
    public func endRun() throws(StoreError) {
        try keep(0, for: Self.running)
        connection.checkpointWAL(truncate: true)
    }

    private static let running = "running"

    /// Counts a line that was being read when the process ended by a fault of its own.
    public func note(_ suspect: SuspectLine, at now: Instant) throws(StoreError) {
        let add = try connection.prepare(
            """
            INSERT INTO suspect(offset, length, hash, tries, at) VALUES (?, ?, ?, 1, ?)
            ON CONFLICT DO UPDATE SET tries = tries + 1, at = excluded.at
            """)
        let drop = try connection.prepare("DELETE FROM suspect WHERE at < ?")
        try connection.transaction { () throws(StoreError) in
            drop.bind(1, now.milliseconds - Self.suspectMilliseconds)
            try drop.run()
            add.bind(1, suspect.offset)
            add.bind(2, suspect.length)
            add.bind(3, Int64(bitPattern: suspect.hash))
            add.bind(4, now.milliseconds)
            try add.run()
        }
    }

    /// A suspect that did no harm for a week is none; one that did stands in the quarantine.
    private static let suspectMilliseconds: Int64 = 7 * 86_400_000

    /// All such lines.
    public func suspects() throws(StoreError) -> [SuspectLine] {
        let read = try connection.prepare(
            "SELECT offset, length, hash, tries FROM suspect ORDER BY offset, length, hash")
        var result: [SuspectLine] = []
        while try read.step() {
            result.append(
                SuspectLine(
                    offset: read.int(0), length: read.int(1),
                    hash: UInt64(bitPattern: read.int(2)), tries: Int(clamping: read.int(3))))
        }
        return result
    }

    /// Which law of counting does not hold: every record has one outcome, and every applied event is in
    /// a cell, a lifetime count, or known to be gone.
    ///
    /// - Returns: what is wrong, nil if nothing is; and whether there was time to look at everything.
    /// - Complexity: O(size of the state), within the time.
    public func breach(
        within milliseconds: Int64, clock: () -> Int64
    ) throws(StoreError) -> (detail: String?, isComplete: Bool) {
        let end = clock() + milliseconds
        let unequal = try connection.prepare(
            """
            SELECT source, records_read, (SELECT total(n) FROM outcome WHERE stream = id) AS outcomes
            FROM stream WHERE records_read <> outcomes OR lines_read > records_read LIMIT 1
            """)
        defer { unequal.reset() }
        if try unequal.step() {
            let (records, outcomes) = (unequal.int(1), unequal.int(2))
            let detail = "source \(unequal.text(0)): \(records) records, \(outcomes) outcomes"
            return (detail, true)
        }
        guard let mass = try mass(names(), while: { clock() < end }) else { return (nil, false) }
        let applied =
            try connection.integer("SELECT sum(n) FROM outcome WHERE outcome = 'applied'") ?? 0
        let departed = try departed()
        guard mass + departed == applied else {
            return (
                "\(applied) events applied, \(mass) in cells and \(departed) erased or expired",
                true
            )
        }
        return (nil, true)
    }
}
