import GRDBSQLite
import Glibc

/// A copy of `state.db` in the making, taken some pages at a time.
///
/// SQLite keeps what is copied already up with what the same connection commits meanwhile, so that
/// the copy is of the instant at which it is finished, and nothing has to wait for it.
///
/// - Source: "SQLite Backup API", <https://www.sqlite.org/c3ref/backup_finish.html>.
///
/// SAFETY: used by the thread that owns the state; the pointers are this object's alone, and the
/// source's connection is kept.
@safe
public final class StateBackup: @unchecked Sendable {
    private let path: String
    private let source: Connection
    private var copy: OpaquePointer?
    private var backup: OpaquePointer?
    /// Bytes of the copy, as far as it is known.
    public private(set) var bytes: Int64 = 0

    /// Begins a copy. A file that is left over at `path` from one that was cut short is replaced.
    public init(of store: StateStore, to path: String) throws(StoreError) {
        self.path = path
        source = store.connection
        for rest in ["", "-journal", "-wal"] { unsafe unlink(path + rest) }
        let made = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard made >= 0 else {
            throw .sqlite(
                path: path, code: 14, message: unsafe String(cString: strerror(errno)),
                doing: "making a copy")
        }
        close(made)
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW
        let code = unsafe sqlite3_open_v2(path, &copy, flags, nil)
        guard code == SQLITE_OK else { throw failure(code) }
        unsafe sqlite3_exec(copy, "PRAGMA synchronous = FULL", nil, nil, nil)
        unsafe backup = source.beginBackup(into: copy)
        guard unsafe backup != nil else { throw failure(unsafe sqlite3_errcode(copy)) }
    }

    deinit { end() }

    /// Copies at most so many pages.
    ///
    /// - Returns: whether that was all; the copy is on the disk then.
    public func step(pages: Int32) throws(StoreError) -> Bool {
        guard let running = unsafe backup else { return true }
        let code = unsafe sqlite3_backup_step(running, pages)
        if code == SQLITE_OK { return false }
        end()
        guard code == SQLITE_DONE else { throw failure(code) }
        var status = stat()
        if unsafe stat(path, &status) == 0 { bytes = Int64(status.st_size) }
        return true
    }

    private func end() {
        if let running = unsafe backup { unsafe sqlite3_backup_finish(running) }
        unsafe backup = nil
        unsafe sqlite3_close_v2(copy)
        unsafe copy = nil
    }

    private func failure(_ code: Int32) -> StoreError {
        StoreError(
            code: code, message: unsafe String(cString: sqlite3_errstr(code)), path: path,
            doing: "copying the state")
    }
}
