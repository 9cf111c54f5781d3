public import Foundation
internal import GRDB
internal import GRDBSQLite
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
        let all = LeadsSchema.statements + [content] + LeadsSchema.indexStatements
        try execute(all.joined(separator: ";\n"))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Changes what it holds.
    public func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// Leaves it as a daemon does that stopped or was killed: in WAL mode, with the last change only in
    /// the WAL, which stays.
    public func leaveInWAL(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
            var on: Int32 = 1
            // SAFETY: both settings are read and written within the calls.
            unsafe sqlite3_file_control(
                database.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
            try database.execute(sql: sql)
        }
        let left = try contents()
        try queue.close()
        for (name, bytes) in left { try bytes.write(to: directory.appending(path: name)) }
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
