/// A statement that writes one row, and the same for several at a time: what SQLite does for each
/// statement, the look for the table's end among it, is a third of what a row costs.
///
/// Where whatever fails undoes the whole transaction, an INSERT should be one `OR FAIL`: else SQLite
/// keeps a copy of each page that it changes, to be able to undo that INSERT alone.
final class RowsStatement {
    /// Rows at a time.
    private static let largest = 16
    private let one: Statement
    private let many: Statement
    private let columns: Int32

    /// Prepares both.
    ///
    /// - Parameters:
    ///   - columns: Parameters of a row.
    ///   - sql: The statement, given its rows of question marks.
    init(
        _ connection: Connection, columns: Int, _ sql: (String) -> String
    ) throws(StoreError) {
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        one = try connection.prepare(sql(row))
        many = try connection.prepare(
            sql(Array(repeating: row, count: Self.largest).joined(separator: ", ")))
        self.columns = Int32(columns)
    }

    /// Writes a row for each place from 0 up to `count`, in this order.
    ///
    /// - Parameter bind: Binds the parameters of a row, from 1 on.
    func run(count: Int, _ bind: (Int, Statement) -> Void) throws(StoreError) {
        var place = 0
        while count - place >= Self.largest {
            for row in 0..<Self.largest {
                many.firstParameter = Int32(row) * columns
                bind(place + row, many)
            }
            try many.run()
            place += Self.largest
        }
        while place < count {
            bind(place, one)
            try one.run()
            place += 1
        }
    }
}
