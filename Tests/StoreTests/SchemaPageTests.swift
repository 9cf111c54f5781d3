import Core
import Foundation
import GRDB
import TestKit
import Testing

@testable import Store

/// `docs/SCHEMA.md` and the schema say the same, and the examples work.
@Suite struct SchemaPageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func lines(_ path: String) throws -> [Substring] {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    private struct Column: Hashable {
        var name: String
        var isComputed: Bool
    }

    /// The columns of each table by the first table of its section.
    private static func documented() throws -> [String: [Column]] {
        var tables: [String: [Column]] = [:]
        var section: String?
        var isInTable = false
        for line in try lines("docs/SCHEMA.md") {
            if line.hasPrefix("#") {
                section = line.hasPrefix("### ") ? String(line.dropFirst(4)) : nil
                isInTable = false
            } else if line.hasPrefix("| column |"), let section {
                tables[section] = []
                isInTable = true
            } else if !line.hasPrefix("|") {
                isInTable = false
            } else if isInTable, let section, line.hasPrefix("| `") {
                let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                let name = cells[1].trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                tables[section]?.append(
                    Column(name: name, isComputed: !line.contains("| *not yet*")))
            }
        }
        return tables
    }

    private static func columns(of statements: [String], prefix: String) throws -> [String:
        [String]]
    {
        let queue = try DatabaseQueue()
        return try queue.write { database in
            for statement in statements { try database.execute(sql: statement) }
            let names = try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM sqlite_schema
                    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'
                    """)
            return try Dictionary(
                uniqueKeysWithValues: names.map { name in
                    (prefix + name, try database.columns(in: name).map(\.name))
                })
        }
    }

    @Test func `every table and column is explained, in the order in which they are`() throws {
        let public_ = try Self.columns(of: LeadsSchema.statements, prefix: "")
        let private_ = try Self.columns(of: StateSchema.migrations, prefix: "state.")
        let real = public_.merging(private_) { first, _ in first }
        let page = try Self.documented()
        #expect(page.keys.sorted() == real.keys.sorted())
        for (table, columns) in real {
            #expect(page[table]?.map(\.name) == columns, "docs/SCHEMA.md, ### \(table)")
        }
    }

    @Test func `columns are marked as not there yet exactly if nothing writes them`() throws {
        let leads = try #require(try Self.documented()["leads"])
        let written = Set(LeadsStatements.leadColumns + ["contact_id"])
        for column in leads {
            #expect(
                column.isComputed == written.contains(column.name),
                "docs/SCHEMA.md, leads.\(column.name): *not yet* stands or lacks wrongly")
        }
    }

    /// What stands between ```sql and ```.
    private static func examples(_ page: String) throws -> [String] {
        var examples: [String] = []
        var current: [Substring]?
        for line in try lines(page) {
            if line == "```sql" {
                current = []
            } else if line == "```", let lines = current {
                examples.append(lines.joined(separator: "\n"))
                current = nil
            } else {
                current?.append(line)
            }
        }
        return examples
    }

    @Test(arguments: ["README.md", "docs/SCHEMA.md"])
    func `the examples in SQL work`(page: String) throws {
        let fixture = try LeadsFixture()
        let examples = try Self.examples(page)
        #expect(examples.count >= 3)
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: fixture.path, configuration: configuration)
        for example in examples {
            let rows = try queue.read { try Row.fetchAll($0, sql: example) }
            // What the fixture has none of may give nothing.
            let mayBeEmpty = ["segment_changes", "ambiguous", "peak_30d"]
            if !mayBeEmpty.contains(where: example.contains) {
                #expect(!rows.isEmpty, "\(page): \(example)")
            }
        }
    }

    @Test func `the packed cell of the page is what is written`() throws {
        var packed: [UInt8] = []
        let cell = DailyCell(
            day: Day(20 * CellCodec.periodDays + 4), signal: 3, tally: Tally(n: 2, value: 0))
        CellCodec.encode([cell], into: &packed)
        let text = packed.map { $0 < 16 ? "0\($0)" : "\($0)" }.joined(separator: " ")
        let isThere = try Self.lines("docs/SCHEMA.md").contains { $0.contains("`\(text)`") }
        #expect(isThere)
    }
}
