internal import GRDB

/// One row of `sources`: a file that is read, and what became of its records.
public struct SourceRow: Sendable, Equatable {
    /// The source's name.
    public var name: String
    /// The file, as it was last called.
    public var path: String
    /// The numbers of the row by the names of their columns, in their order: bytes and records.
    public var numbers: [(column: String, value: Int64)]

    /// The columns that hold numbers.
    static let columns = [
        "offset", "size", "lines_read", "records_read", "applied", "duplicate", "filtered",
        "quarantined", "suppressed", "lost_bytes",
    ]

    /// The number in a column; 0 if there is no such column.
    public subscript(column: String) -> Int64 {
        numbers.first { $0.column == column }?.value ?? 0
    }

    /// Whether all of it is equal.
    public static func == (left: SourceRow, right: SourceRow) -> Bool {
        left.name == right.name && left.path == right.path
            && left.numbers.elementsEqual(right.numbers) { $0 == $1 }
    }
}

extension LeadsReader {
    /// What was read, as of the publication, by name and path.
    public func sources() throws -> [SourceRow] {
        let columns = SourceRow.columns.joined(separator: ", ")
        let sql = "SELECT name, path, \(columns) FROM sources ORDER BY name, path, stream_id"
        return try Row.fetchAll(db, sql: sql).map { row in
            SourceRow(
                name: row[0], path: row[1],
                numbers: SourceRow.columns.enumerated().map { ($0.element, row[$0.offset + 2]) })
        }
    }
}
