import Testing

@testable import Store

@Suite struct ConditionCheckTests {
    @Test(arguments: [
        ("purchases > 0", ["purchases"]),
        ("traits->>'job_title' LIKE '%director%'", ["traits"]),
        ("last_activity_day < date(as_of_day, '-30 days')", ["last_activity_day", "as_of_day"]),
        ("max(score, 3) > 3 AND abs(delta_30d) > 1 -- with a remark", ["score", "delta_30d"]),
        ("Score > 1 AND iif(fit > 1, 1, 0)", ["fit", "score"]),
        ("coalesce(counts->>'click', 0) BETWEEN 1 AND 5", ["counts"]),
        ("audience IN ('prospect', 'customer') COLLATE NOCASE", ["audience"]),
        ("TRUE", []),
    ])
    func `a sound condition is accepted, with the columns that it reads`(
        sql: String, columns: [String]
    ) throws {
        let read = try ConditionCheck(.segment).columns(of: sql)
        #expect(read.map(\.rawValue).sorted() == columns.sorted())
    }

    @Test(arguments: [
        "score > 1) OR (1", "1), (1", "1 ORDER BY 1", "1 LIMIT 1", "1 GROUP BY score",
        "1 UNION SELECT 1", "SELECT 1", "(SELECT 1)", "EXISTS (SELECT 1 FROM leads)",
        "score IN (SELECT 1)", "score IN leads", "score IN sqlite_master",
        "(WITH t AS (SELECT 1) SELECT * FROM t)", "1; DROP TABLE leads", "1;", "score > 1 /*",
        "score > 1 '", "score >", "", ")", "max(score) > 1", "count(*) > 1", "sum(score) > 1",
        "row_number() OVER () > 1", "max(score, 1) OVER () > 1", "score FILTER (WHERE 1)",
        "random() > 1", "hex(zeroblob(3e8)) = ''", "zeroblob(3e8) = ''", "randomblob(9) = ''",
        "printf('%1000000000s', 'a') = ''", "load_extension('x')", "readfile('/etc/passwd')",
        "date('now') > first_seen", "date('n' || 'ow') > first_seen", "date() > first_seen",
        "CURRENT_DATE > first_seen", "CURRENT_TIMESTAMP > first_seen",
        "strftime('%s', 'now') > 1", "score > ?1", "score > :a", "rowid > 1", "_rowid_ > 1",
        "domain = \"rival.example\"", "no_such_column > 1", "no_such_function(1)",
        "score MATCH 'x'", "domain REGEXP 'x'", "RAISE(ABORT, 'x')", "score AS x", "*",
        "leads.*", "x.score > 1", "leads.score > 1", "(1, 2)", "1 AS held", "held", "\"?\"",
        "score NOT NULL, 1",
    ])
    func `whatever is no expression over the columns is refused`(sql: String) throws {
        let check = try ConditionCheck(.segment)
        #expect(throws: ConditionFault.self) { try check.columns(of: sql) }
        // And spoils nothing.
        #expect(try check.columns(of: "score > 1") == [.score])
    }

    @Test func `a condition that grows text without end is cut short`() throws {
        var sql = "'aaaaaaaaaa'"
        for _ in 0..<8 { sql = "replace(\(sql), 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')" }
        let check = try ConditionCheck(.segment)
        let start = ContinuousClock.now
        #expect(throws: ConditionFault.self) { try check.columns(of: sql + " = 'x'") }
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `each step reads only what is known before it`() throws {
        for step in RuleStep.allCases {
            let check = try ConditionCheck(step)
            for column in LeadColumn.allCases {
                let sql = "\(column.rawValue) IS NOT NULL"
                if column.isKnown(before: step) {
                    #expect(try check.columns(of: sql) == [column])
                } else {
                    #expect(throws: ConditionFault.self) { try check.columns(of: sql) }
                }
            }
        }
        #expect(
            !LeadColumn.stage.isKnown(before: .stage) && LeadColumn.stage.isKnown(before: .segment))
        #expect(
            !LeadColumn.score.isKnown(before: .fit) && LeadColumn.score.isKnown(before: .audience))
    }

    @Test func `a fault says where it is`() throws {
        let check = try ConditionCheck(.fit)
        func offset(_ sql: String) -> Int? {
            do throws(ConditionFault) {
                _ = try check.columns(of: sql)
                return nil
            } catch {
                return error.offset
            }
        }
        #expect(offset("purchases > 0 AND stage = 'x'") == 18)
        #expect(offset("purchases > 0 AND )") == 18)
        #expect(offset("purchases > 0 ORDER BY 1") == 14)
    }

    @Test func `the columns of conditions are those of the table, with their types`() throws {
        let connection = try Connection(
            path: "/tmp/leadscored-columns-\(UInt64.random(in: 0 ... .max))", pragmas: [])
        for statement in LeadsSchema.statements { try connection.execute(statement) }
        let real = try StateScratch.rows(
            "SELECT name || ' ' || type FROM pragma_table_info('leads')", connection)
        #expect(
            LeadColumn.allCases.map {
                "\($0.rawValue) \($0.type.split(separator: " ")[0])"
            } == real)
    }
}
