import Core

/// All conditions of one step, in as many tables as it takes; those that may need no SQLite apart from
/// the others.
struct RuleSet {
    private var tables: [RuleTable] = []
    /// For each condition its table, and its place among those of the table.
    private var places: [(table: Int, place: Int)]
    /// For each table its conditions.
    private var conditions: [[Int]] = []
    /// The columns that some condition reads.
    let columns: Set<LeadColumn>

    /// Judges and compiles conditions; nil if there are none, and then no SQL is run.
    init?(_ conditions: [Condition], step: RuleStep) throws(StoreError) {
        guard !conditions.isEmpty else { return nil }
        places = Array(repeating: (0, 0), count: conditions.count)
        let check = try ConditionCheck(step)
        var all: Set<LeadColumn> = []
        let isPlain = conditions.map { ConditionParser.add($0.sql, to: ConditionProgram()) != nil }
        for part in Self.parts(isPlain) {
            var read: Set<LeadColumn> = []
            var judged: [RuleTable.Condition] = []
            for number in part {
                let needs = try Self.needs(conditions[number], check)
                read.formUnion(needs.columns)
                places[number] = (tables.count, judged.count)
                judged.append(
                    .init(sql: conditions[number].sql, asksForTime: needs.asksForTime))
            }
            self.conditions.append(part)
            let columns = LeadColumn.allCases.filter(read.contains)
            tables.append(
                try RuleTable(judged, reading: columns, beforeFit: step == .fit))
            all.formUnion(read)
        }
        columns = all
    }

    /// The numbers of the plain conditions, then those of the others, for a table each.
    private static func parts(_ isPlain: [Bool]) -> [[Int]] {
        [true, false].flatMap { kind in
            let numbers = isPlain.indices.filter { isPlain[$0] == kind }
            return stride(from: 0, to: numbers.count, by: RuleTable.largest).map {
                Array(numbers[$0..<min($0 + RuleTable.largest, numbers.count)])
            }
        }
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
        fileprivate var parts: [(width: Int, verdicts: [RuleTable.Verdict])]
        fileprivate var places: [(table: Int, place: Int)]

        /// Of a condition for the contact in this row.
        subscript(row: Int, condition: Int) -> RuleTable.Verdict {
            let (table, place) = places[condition]
            return parts[table].verdicts[row * parts[table].width + place]
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
            var parts: [(width: Int, verdicts: [RuleTable.Verdict])] = []
            for (table, numbers) in zip(tables, conditions) {
                parts.append(
                    (
                        numbers.count,
                        try table.evaluate(publication.contacts, order: order, text: text)
                    ))
            }
            return Verdicts(parts: parts, places: places)
        }
    }

    /// What went wrong so far: the number of a condition, and a message.
    var faults: [(condition: Int, message: String)] {
        zip(tables, conditions).flatMap { table, numbers in
            table.faults.map { (numbers[$0.key], $0.value) }
        }.sorted { $0.0 < $1.0 }
    }
}
