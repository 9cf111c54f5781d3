import Core

/// All conditions of one step, in as many tables as it takes.
struct RuleSet {
    private var tables: [RuleTable] = []
    private let count: Int
    /// The columns that some condition reads.
    let columns: Set<LeadColumn>

    /// Judges and compiles conditions; nil if there are none, and then no SQL is run.
    init?(_ conditions: [Condition], step: RuleStep) throws(StoreError) {
        guard !conditions.isEmpty else { return nil }
        count = conditions.count
        let check = try ConditionCheck(step)
        var all: Set<LeadColumn> = []
        for start in stride(from: 0, to: conditions.count, by: RuleTable.largest) {
            let part = conditions[start..<min(start + RuleTable.largest, conditions.count)]
            var read: Set<LeadColumn> = []
            var judged: [RuleTable.Condition] = []
            for condition in part {
                let needs = try Self.needs(condition, check)
                read.formUnion(needs.columns)
                judged.append(.init(sql: condition.sql, asksForTime: needs.asksForTime))
            }
            let columns = LeadColumn.allCases.filter(read.contains)
            tables.append(
                try RuleTable(judged, reading: columns, beforeFit: step == .fit))
            all.formUnion(read)
        }
        columns = all
    }

    private static func needs(
        _ condition: Condition, _ check: ConditionCheck
    ) throws(StoreError) -> ConditionCheck.Needs {
        do throws(ConditionFault) {
            return try check.needs(of: condition.sql)
        } catch {
            throw .sqlite(
                path: condition.place, code: 1, message: error.what,
                doing: "compiling \(condition.sql)")
        }
    }

    /// What came of all conditions for some contacts.
    struct Verdicts {
        fileprivate var parts: [[RuleTable.Verdict]]
        fileprivate var count: Int

        /// Of a condition for the contact in this row.
        subscript(row: Int, condition: Int) -> RuleTable.Verdict {
            let part = condition / RuleTable.largest
            let width = min(RuleTable.largest, count - part * RuleTable.largest)
            return parts[part][row * width + condition % RuleTable.largest]
        }
    }

    /// Evaluates all conditions for the contacts of `order`.
    func evaluate(
        _ publication: Publication, order: [Int]
    ) throws(StoreError) -> Verdicts {
        // SAFETY: what is bound from the arena is read by the steps within this call only.
        try unsafe publication.text.bytes.withUnsafeBufferPointer {
            (bytes) throws(StoreError) in
            let text = unsafe ByteSlice(bytes)
            var parts: [[RuleTable.Verdict]] = []
            for table in tables {
                parts.append(
                    try table.evaluate(publication.contacts, order: order, text: text))
            }
            return Verdicts(parts: parts, count: count)
        }
    }

    /// What went wrong so far: the number of a condition, and a message.
    var faults: [(condition: Int, message: String)] {
        tables.enumerated().flatMap { part, table in
            table.faults.map { (part * RuleTable.largest + $0.key, $0.value) }
        }.sorted { $0.0 < $1.0 }
    }
}
