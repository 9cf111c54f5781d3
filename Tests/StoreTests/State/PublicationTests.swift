import Core
import Foundation
import Glibc
import TestKit
import Testing

@testable import Store

@Suite struct PublicationTests {
    private static let tables = [
        "leads", "identifiers", "cell_period", "signal_name", "traits", "interests", "accounts",
        "signals", "fit_rules", "topics", "segments", "segment_members", "segment_changes",
        "stages", "account_part", "membership", "stage_changes",
        "sources", "quarantine", "activity",
    ]

    /// Everything in it fades, or `hotUntil` looks through a hundred years for each hot contact.
    private static var model: Model {
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)
        return model
    }

    /// Every row of every table and view of a `leads.db`, as a reader finds them.
    static func everything(_ path: String) throws -> [String] {
        let connection = try Connection(path: path, pragmas: [])
        return try tables.flatMap { table in
            let columns = try StateScratch.rows(
                "SELECT name FROM pragma_table_info('\(table)')", connection)
            let row = columns.map { "quote(\($0))" }.joined(separator: "||','||")
            return try StateScratch.rows(
                "SELECT '\(table) '||\(row) FROM \(table) ORDER BY 1", connection)
        }
    }

    static func open(_ directory: String, latest: Int64 = .max) throws -> LeadsStore {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        return try LeadsStore(directory: directory, latest: latest)
    }

    /// What a publication from nothing shows of the state.
    static func fresh(_ publishing: Publishing, _ scratch: StateScratch) throws -> [String] {
        let directory = scratch.directory + "/fresh"
        try? FileManager.default.removeItem(atPath: directory)
        let leads = try open(directory)
        try publishing.publishAll(to: leads, chunk: 5)
        return try everything(leads.path)
    }

    /// Another model: other weights, another topic, another segment.
    private static func change(_ model: inout Model, _ random: inout SeededGenerator) {
        model.signals[Int.random(in: 0..<5, using: &random)].weight = .random(
            in: -9...9, using: &random)
        model.mql = .random(in: 1...90, using: &random)
        model.topics[0].halfLife = .days(.random(in: 1...90, using: &random))
        func condition(_ sql: String, _ most: Int) -> Condition {
            Condition(sql: "\(sql) > \(Int.random(in: 0...most, using: &random))", place: "")
        }
        model.segments = [
            SegmentRule(
                name: random.pick(["hot", "cold"]), condition: condition("engagement", 90),
                leave: Condition(sql: "engagement < 10 OR audience IS NULL", place: "")),
            SegmentRule(name: "graded", condition: condition("fit * purchases", 50)),
            SegmentRule(
                name: "staged", condition: Condition(sql: "stage = 'busy' AND events", place: "")),
        ]
        model.fit = [
            FitRule(
                name: random.pick(["a", "b"]), condition: condition("counts->>'visit'", 5),
                points: .random(in: -9...99, using: &random)),
            FitRule(name: "c", condition: condition("length(traits->>'job_title')", 9), points: 30),
        ]
        model.audiences = [
            NamedCondition(name: "graded", condition: condition("fit", 60)),
            NamedCondition(name: "buyers", condition: condition("purchases", 3)),
        ]
        model.stages =
            random.oneIn(2)
            ? []
            : [
                StageRule(name: "busy", condition: condition("score", 60), rank: 1),
                StageRule(
                    name: "rest", condition: Condition(sql: "TRUE", place: ""), rank: 0),
            ]
        model.attributes = [AttributeRule(name: "job_title", shelfLifeDays: 100)]
    }

    /// What the published rows say must be what the conditions say about them, asked one by one.
    private static func expectRulesHold(_ path: String, _ model: Model) throws {
        let connection = try Connection(path: path, pragmas: [])
        func contacts(_ sql: String) throws -> [String] {
            try StateScratch.rows("SELECT contact_id \(sql) ORDER BY 1", connection)
        }
        for segment in model.segments {
            let members = try contacts("FROM segment_members WHERE segment = '\(segment.name)'")
            let matching = try contacts("FROM leads WHERE (\(segment.condition.sql))")
            if let leave = segment.leave {
                let left = try contacts("FROM leads WHERE (\(leave.sql))")
                #expect(Set(members).isSuperset(of: Set(matching).subtracting(left)))
            } else {
                #expect(members == matching, "\(segment)")
            }
        }
        let points = model.fit.map { "(\($0.points) * coalesce((\($0.condition.sql)), 0))" }
        if !points.isEmpty, model.attributes.isEmpty {
            let sum = points.joined(separator: "+")
            #expect(
                try contacts("FROM leads WHERE abs(fit - min(100, max(0, \(sum)))) > 1e-6") == [])
        }
        for (place, audience) in model.audiences.enumerated() {
            let earlier = model.audiences[..<place].map {
                " AND NOT coalesce((\($0.condition.sql)), 0)"
            }
            #expect(
                try contacts("FROM leads WHERE audience = '\(audience.name)'")
                    == contacts(
                        "FROM leads WHERE (\(audience.condition.sql))" + earlier.joined()))
        }
        #expect(
            try contacts(
                """
                FROM leads WHERE band <> grade || CASE WHEN engagement >= \(model.mql) THEN 1
                    WHEN engagement * 2 >= \(model.mql) THEN 2
                    WHEN engagement * 5 >= \(model.mql) THEN 3 ELSE 4 END
                    OR grade <> CASE WHEN fit >= 75 THEN 'A' WHEN fit >= 50 THEN 'B'
                        WHEN fit >= 25 THEN 'C' ELSE 'D' END
                    OR abs(score - engagement * (1 + fit / 100)) > 1e-6
                """) == [])
        let accounts = try StateScratch.rows(
            """
            SELECT (SELECT group_concat(q) FROM (
                SELECT domain || ' ' || contacts || ' ' || round(engagement, 4) AS q
                FROM accounts ORDER BY 1))
            IS (SELECT group_concat(q) FROM (
                SELECT domain || ' ' || count(*) || ' ' || round(sum(engagement), 4) AS q
                FROM leads WHERE domain IS NOT NULL GROUP BY domain ORDER BY 1))
            """, connection)
        #expect(accounts == ["1"])
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `publishing who was touched shows what a publication from nothing shows`(
        seed: UInt64
    ) throws {
        let scratch = try StateScratch()
        var random = SeededGenerator(seed: seed &* 13)
        var source = RandomEvents(seed: seed, people: 9)
        var publishing = try Publishing(
            store: scratch.store, model: Self.model,
            day: Day(of: Instant(RandomEvents.start), in: .utc).adding(90))
        let directory = scratch.directory + "/published"
        var leads = try Self.open(directory)
        func work() throws {
            var waiting: Set<Int64> = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                var events = source.next(Int.random(in: 1...25, using: &random))
                if random.oneIn(3) {
                    events.append(OwnedEvent(at: RandomEvents.start, type: "click", ["email": "x"]))
                }
                waiting.formUnion(try scratch.commit(events))
            }
            // Who was touched, a few at a time and in any order.
            var order = waiting.sorted().shuffled(using: &random)
            repeat {  // once even if nobody was touched: the counts have changed
                let some = order.suffix(Int.random(in: 1...9, using: &random))
                order.removeLast(some.count)
                try leads.publish(try publishing.step(some.sorted(), after: leads), at: Instant(9))
            } while !order.isEmpty
        }
        // Events come in while the file is being built.
        for _ in 0..<Int.random(in: 0...2, using: &random) { try work() }
        try publishing.publishAll(
            to: leads, chunk: Int.random(in: 1...9, using: &random), between: work)
        for step in 0..<10 {
            let what = Int.random(in: 0..<6, using: &random)
            switch what {
            case 0: publishing.day = publishing.day.adding(Int.random(in: 1...40, using: &random))
            case 1:
                var model = publishing.model
                Self.change(&model, &random)
                publishing = try Publishing(
                    store: scratch.store, model: model, day: publishing.day)
            case 2: leads = try Self.open(directory, latest: scratch.store.sequence)
            default: break
            }
            #expect(!leads.isBuilding)
            try work()
            if what < 2 {
                let chunk = Int.random(in: 1...9, using: &random)
                try publishing.publishAll(
                    to: leads, chunk: chunk, factsAreShown: random.oneIn(2), between: work)
            }
            #expect(leads.sequence == scratch.store.sequence)
            let expected = try Self.fresh(publishing, scratch)
            let shown = try Self.everything(leads.path)
            let differing = Set(shown).symmetricDifference(expected).sorted()
            #expect(differing == [], "seed \(seed), step \(step)")
            try Self.expectRulesHold(leads.path, publishing.model)
        }
        // Once more, whole and in part, changes no row.
        let before = try Self.everything(leads.path)
        try publishing.publishAll(to: leads, chunk: 4)
        let roots = try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init)
        try leads.publish(try publishing.step(roots, after: leads), at: Instant(9))
        #expect(try Self.everything(leads.path) == before, "seed \(seed)")
    }

    @Test func `the view of activity is the cells`() throws {
        let scratch = try StateScratch()
        var source = RandomEvents(seed: 5)
        try scratch.commit(source.next(300))
        let leads = try Self.open(scratch.directory + "/published")
        let publishing = try Publishing(
            store: scratch.store, model: Self.model, day: Day(20_500))
        try publishing.publishAll(to: leads, chunk: 100)
        var expected: [String] = []
        let ids = try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init)
        for person in try ids.compactMap({ try scratch.store.person($0) }) {
            for member in person.members {
                for cell in member.cells where scratch.folder.names.isSignal(cell.signal) {
                    expected.append(
                        "\(person.contact) \(member.id) \(cell.day) "
                            + "\(scratch.folder.names.name(cell.signal)) \(cell.tally.n) "
                            + "\(Double(cell.tally.value) / 10_000)")
                }
            }
        }
        let shown = try StateScratch.rows(
            """
            SELECT contact_id||' '||identifier_id||' '||day||' '||signal||' '||n||' '||value
            FROM activity WHERE contact_id IN (SELECT contact_id FROM leads)
            """, Connection(path: leads.path, pragmas: []))
        let hidden = Set(ids.map(String.init)).subtracting(
            try StateScratch.rows(
                "SELECT contact_id FROM leads", Connection(path: leads.path, pragmas: [])))
        expected.removeAll { hidden.contains(String($0.prefix { $0 != " " })) }
        #expect(shown.sorted() == expected.sorted() && shown.count > 200)
    }

    @Test(arguments: [0, 30, LeadsStore.indexedFromStart])
    func `a new file has its indexes whenever they are made`(rows: Int) throws {
        let scratch = try StateScratch()
        var source = RandomEvents(seed: 8, people: 100)
        try scratch.commit(source.next(500))
        let publishing = try Publishing(
            store: scratch.store, model: Self.model, day: Day(20_500))
        let directory = scratch.directory + "/published"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let leads = try LeadsStore(directory: directory, latest: .max, indexedRows: rows)
        try publishing.publishAll(to: leads, chunk: 10)
        let connection = try Connection(path: leads.path, pragmas: [])
        let indexes = try StateScratch.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL", connection)
        #expect(indexes.sorted() == ["identifier_value", "lead_score"])
        #expect(try StateScratch.rows("PRAGMA integrity_check", connection) == ["ok"])
        let found = try StateScratch.rows(
            "SELECT value FROM identifiers INDEXED BY identifier_value ORDER BY value", connection)
        #expect(found.count > 100)
    }

    @Test func `whatever is no leads database of this state is made anew`() throws {
        let scratch = try StateScratch()
        try scratch.commit([OwnedEvent(at: RandomEvents.start, type: "click", ["email": "a@b.de"])])
        let publishing = try Publishing(
            store: scratch.store, model: Self.model, day: Day(20_500))
        let path = scratch.directory + "/published/leads.db"
        let shown = try Self.fresh(publishing, scratch)
        let good = scratch.directory + "/fresh/leads.db"
        let damages: [(name: String, damage: () throws -> Void)] = [
            ("missing", {}),
            ("empty", { try Data().write(to: URL(filePath: path)) }),
            ("garbage", { try Data(repeating: 7, count: 9999).write(to: URL(filePath: path)) }),
            (
                "foreign",
                {
                    let other = try Connection(path: path, pragmas: [])
                    try other.execute("CREATE TABLE t(x); INSERT INTO t VALUES (1)")
                }
            ),
            (
                "damaged",
                {
                    var bytes = try Data(contentsOf: URL(filePath: good))
                    for place in 4096..<(4096 * 6) { bytes[place] = 0xAA }
                    try bytes.write(to: URL(filePath: path))
                }
            ),
            (
                "ahead",
                {
                    try FileManager.default.copyItem(atPath: good, toPath: path)
                    let other = try Connection(path: path, pragmas: [])
                    try other.execute("UPDATE meta SET value = '2' WHERE key = 'seq'")
                }
            ),
            (
                "of another version",
                {
                    try FileManager.default.copyItem(atPath: good, toPath: path)
                    let other = try Connection(path: path, pragmas: [])
                    try other.execute("PRAGMA user_version = 99")
                }
            ),
            ("a link to nowhere", { unsafe symlink("/nowhere/leads.db", path) }),
        ]
        for (name, damage) in damages {
            try? FileManager.default.removeItem(atPath: scratch.directory + "/published")
            try FileManager.default.createDirectory(
                atPath: scratch.directory + "/published", withIntermediateDirectories: true)
            try damage()
            let leads = try Self.open(scratch.directory + "/published", latest: 1)
            #expect(leads.isBuilding, "\(name)")
            try publishing.publishAll(to: leads, chunk: 10)
            #expect(try Self.everything(path) == shown, "\(name)")
            #expect(leads.isInPlace)
        }
        let again = try Self.open(scratch.directory + "/published", latest: 1)
        #expect(!again.isBuilding && again.sequence == 1)
    }

    @Test func `the group may read the file and both files beside it, also after the end`() throws {
        let scratch = try StateScratch()
        let publishing = try Publishing(
            store: scratch.store, model: Self.model, day: Day(20_500))
        let path = scratch.directory + "/published/leads.db"
        func modes() -> [mode_t] {
            ["", "-wal", "-shm"].map {
                var status = stat()
                return unsafe stat(path + $0, &status) == 0 ? status.st_mode & 0o777 : 0
            }
        }
        do {
            let leads = try Self.open(scratch.directory + "/published")
            try publishing.publishAll(to: leads, chunk: 10)
            #expect(modes() == [0o640, 0o640, 0o640])
            try publishing.publishAll(to: leads, chunk: 10)
        }
        #expect(modes() == [0o640, 0o640, 0o640])
        var status = stat()
        #expect(unsafe stat(scratch.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(unsafe stat(path + ".new", &status) != 0)
    }
}
