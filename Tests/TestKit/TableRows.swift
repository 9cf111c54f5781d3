internal import GRDB

/// What a query gives, each row a dictionary of JSON-like values: Int64, Double, String or nil.
public struct TableRows: Sendable {
    /// A value of a row.
    public enum Value: Hashable, Sendable, CustomStringConvertible {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)

        /// The value as people write it.
        public var description: String {
            switch self {
            case .null: "null"
            case .integer(let value): "\(value)"
            case .real(let value): "\(value)"
            case .text(let value): value
            }
        }

        /// An integer, or 0.
        public var int: Int64 { if case .integer(let value) = self { value } else { 0 } }
        /// A number, or 0.
        public var number: Double {
            switch self {
            case .integer(let value): Double(value)
            case .real(let value): value
            default: 0
            }
        }
        /// A text, or nil.
        public var text: String? { if case .text(let value) = self { value } else { nil } }
    }

    /// Reads a database without writing to it.
    ///
    /// - Throws: what SQLite says.
    public static func read(_ path: String, _ sql: String) throws -> [[String: Value]] {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                Dictionary(uniqueKeysWithValues: row.map { ($0, value($1)) })
            }
        }
    }

    /// Changes a database that nobody has open, as no careful person would.
    public static func execute(_ path: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    private static func value(_ value: DatabaseValue) -> Value {
        switch value.storage {
        case .null: .null
        case .int64(let value): .integer(value)
        case .double(let value): .real(value)
        case .string(let value): .text(value)
        case .blob(let data): .text(String(decoding: data, as: UTF8.self))
        }
    }
}

/// A lock on a database that no other writer gets past, as a careless analyst holds it.
public final class ExclusiveLock: Sendable {
    private let queue: DatabaseQueue

    /// Takes the lock.
    public init(_ path: String) throws {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(10)
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    }

    /// Gives it back.
    public func release() throws {
        try queue.inDatabase { try $0.execute(sql: "ROLLBACK") }
        try queue.close()
    }
}

/// A transaction that reads and does not end, so that the WAL cannot be emptied.
public final class LongRead: Sendable {
    private let queue: DatabaseQueue

    /// Begins to read a table.
    public init(_ path: String, table: String) throws {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.inDatabase { database in
            try database.execute(sql: "BEGIN")
            _ = try Row.fetchOne(database, sql: "SELECT count(*) FROM \(table)")
        }
    }

    /// Ends it.
    public func end() throws {
        try queue.inDatabase { try $0.execute(sql: "ROLLBACK") }
        try queue.close()
    }
}
