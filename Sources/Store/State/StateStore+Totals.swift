/// What was ever counted of a source, over all its files.
public struct SourceTotals: Sendable, Equatable {
    /// A number of records with one outcome.
    public struct Count: Sendable, Equatable {
        /// The name of the outcome.
        public var outcome: String
        /// The reason; empty where the outcome says it all.
        public var reason: String
        /// How many.
        public var n: Int64
    }

    /// The name of the source.
    public var source: String
    /// Lines read.
    public var lines: Int64
    /// Records read.
    public var records: Int64
    /// Bytes that are known to be gone unread.
    public var lostBytes: Int64
    /// Records by outcome and reason, in the order of their names.
    public var counts: [Count] = []
}

extension StateStore {
    /// What was ever counted, by source in the order of their names.
    ///
    /// - Complexity: O(streams).
    public func sourceTotals() throws(StoreError) -> [SourceTotals] {
        var totals: [SourceTotals] = []
        let streams = try connection.prepare(
            """
            SELECT source, sum(lines_read), sum(records_read), sum(lost_bytes) FROM stream
            GROUP BY source ORDER BY source
            """)
        while try streams.step() {
            totals.append(
                SourceTotals(
                    source: streams.text(0), lines: streams.int(1), records: streams.int(2),
                    lostBytes: streams.int(3)))
        }
        let counts = try connection.prepare(
            """
            SELECT s.source, o.outcome, o.reason, sum(o.n) FROM outcome o
            JOIN stream s ON s.id = o.stream GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """)
        while try counts.step() {
            let source = counts.text(0)
            guard let place = totals.firstIndex(where: { $0.source == source }) else { continue }
            totals[place].counts.append(
                .init(outcome: counts.text(1), reason: counts.text(2), n: counts.int(3)))
        }
        return totals
    }

    /// Persons, known and anonymous.
    ///
    /// - Complexity: O(identifiers): one pass over the table.
    public func contactCount() throws(StoreError) -> Int64 {
        try connection.integer("SELECT count(*) FROM identifier WHERE root IS NULL") ?? 0
    }
}
