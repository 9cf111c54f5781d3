import CLinux
import Core
import GRDBSQLite

/// A prepared statement on a raw connection, for the writes that decide the speed.
///
/// Arguments are bound by number from 1, columns read by number from 0. A statement is used by the
/// thread that owns the connection, and finalised before the connection is closed.
///
/// SAFETY: the pointer is this value's alone. Bytes are bound without copying only within
/// `withBytes`, which steps before the bytes go.
@safe
final class Statement {
    private let statement: OpaquePointer
    private let path: String
    private let sql: String
    /// Added to the numbers of parameters: those of the second row of an INSERT of several follow those
    /// of the first.
    var firstParameter: Int32 = 0

    /// Prepares a statement.
    init(_ connection: OpaquePointer, path: String, _ sql: String) throws(StoreError) {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            let message = unsafe String(cString: sqlite3_errmsg(connection))
            throw StoreError(code: code, message: message, path: path, doing: "preparing \(sql)")
        }
        unsafe statement = prepared
        self.path = path
        self.sql = sql
    }

    deinit { unsafe sqlite3_finalize(statement) }

    func bind(_ index: Int32, _ value: Int64) {
        unsafe sqlite3_bind_int64(statement, firstParameter + index, value)
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ value: Double?) {
        if let value {
            unsafe sqlite3_bind_double(statement, firstParameter + index, value)
        } else {
            bindNull(index)
        }
    }

    func bindNull(_ index: Int32) { unsafe sqlite3_bind_null(statement, firstParameter + index) }

    func bind(_ index: Int32, _ value: String?) {
        guard var value else { return bindNull(index) }
        value.withUTF8 {
            // An empty buffer may have no address, which would bind NULL.
            let start = unsafe $0.baseAddress.map(UnsafeRawPointer.init) ?? Self.nowhere
            _ = unsafe sqlite3_bind_text(
                statement, firstParameter + index, start.assumingMemoryBound(to: CChar.self),
                Int32($0.count), Self.copied)
        }
    }

    func bind(text bytes: ByteSlice, _ index: Int32) {
        let start = unsafe bytes.start.map(UnsafeRawPointer.init) ?? Self.nowhere
        unsafe sqlite3_bind_text(
            statement, firstParameter + index, start.assumingMemoryBound(to: CChar.self),
            Int32(bytes.count), Self.copied)
    }

    /// Binds a piece of an arena without copying it: the arena must outlive the next `run`.
    func bind(_ piece: TextArena.Piece, in arena: ByteSlice, _ index: Int32) {
        guard piece.start >= 0 else { return bindNull(index) }
        bind(kept: arena[Int(piece.start)..<Int(piece.start + piece.count)], index)
    }

    /// Binds text without copying it: it must outlive the next `run`.
    func bind(kept bytes: ByteSlice, _ index: Int32) {
        let start = unsafe bytes.start.map(UnsafeRawPointer.init) ?? Self.nowhere
        unsafe sqlite3_bind_text(
            statement, firstParameter + index, start.assumingMemoryBound(to: CChar.self),
            Int32(bytes.count), nil)
    }

    /// Binds a blob without copying it and runs the statement.
    func run(binding bytes: [UInt8], _ index: Int32) throws(StoreError) {
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
            let start = unsafe bytes.baseAddress.map(UnsafeRawPointer.init) ?? Self.nowhere
            unsafe sqlite3_bind_blob(
                statement, firstParameter + index, start, Int32(bytes.count), nil)
            try run()
        }
    }

    /// Binds numbers as a blob of eight little-endian bytes each, and runs the statement.
    func run(binding numbers: [UInt64], _ index: Int32) throws(StoreError) {
        #if _endian(little)
            let numbers = numbers
        #else
            let numbers = numbers.map { $0.littleEndian }
        #endif
        try unsafe numbers.withUnsafeBufferPointer { (numbers) throws(StoreError) in
            let start = unsafe numbers.baseAddress.map(UnsafeRawPointer.init) ?? Self.nowhere
            unsafe sqlite3_bind_blob(
                statement, firstParameter + index, start, Int32(numbers.count * 8), nil)
            try run()
        }
    }

    func bind(blob bytes: [UInt8], _ index: Int32) {
        unsafe bytes.withUnsafeBytes {
            _ = unsafe sqlite3_bind_blob(
                statement, firstParameter + index, $0.baseAddress ?? Self.nowhere,
                Int32($0.count), Self.copied)
        }
    }

    /// Goes to the next row.
    ///
    /// - Returns: false if there is none; then the statement is ready to be bound again.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(statement)
        if code == SQLITE_ROW { return true }
        unsafe sqlite3_reset(statement)
        if code == SQLITE_DONE { return false }
        let connection = unsafe sqlite3_db_handle(statement)
        let message = unsafe String(cString: sqlite3_errmsg(connection))
        throw StoreError(
            code: code, cause: unsafe clinux_sqlite_errno(UnsafeMutableRawPointer(connection)),
            message: message,
            path: path, doing: sql)
    }

    /// Runs a statement that gives no rows, or of which none matter.
    func run() throws(StoreError) {
        while try step() {}
    }

    /// Ends the reading of rows before their end.
    func reset() { unsafe sqlite3_reset(statement) }

    func int(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

    func double(_ column: Int32) -> Double { unsafe sqlite3_column_double(statement, column) }

    func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    /// A column's bytes, valid until the next step.
    func bytes(_ column: Int32) -> ByteSlice {
        guard let start = unsafe sqlite3_column_blob(statement, column) else { return .empty }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        return unsafe ByteSlice(start: start.assumingMemoryBound(to: UInt8.self), count: count)
    }

    func text(_ column: Int32) -> String { bytes(column).text }

    private static var nowhere: UnsafeRawPointer {
        unsafe UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    }

    /// SQLITE_TRANSIENT: SQLite takes a copy.
    private static var copied: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}
