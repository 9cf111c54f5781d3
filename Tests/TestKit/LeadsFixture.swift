public import Foundation
internal import GRDB
internal import Store

/// A `leads.db` in a directory of its own, made by the real schema and a file of SQL.
public final class LeadsFixture: Sendable {
    /// The directory, removed with the fixture.
    public let directory: URL
    /// The database.
    public var path: String { directory.appending(path: "leads.db").path }

    /// Makes a database.
    ///
    /// - Parameter sql: What it holds; nil for `Tests/Fixtures/leads/people.sql`.
    public init(sql: String? = nil) throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "leadscore-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let content = try sql ?? String(contentsOf: Self.people, encoding: .utf8)
        let all = LeadsSchema.statements + [content] + LeadsSchema.indexes
        try execute(all.joined(separator: ";\n"))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Changes what it holds.
    public func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// The bytes of every file in the directory, by name.
    public func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            contents[name] = try Data(contentsOf: directory.appending(path: name))
        }
        return contents
    }

    private static let people = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/leads/people.sql")
}
