import CLinux
import GRDBSQLite
import Glibc

/// The only connection that writes a database.
///
/// SQLite's own interface, because what is written here is written in bulk; everything that only
/// reads goes through GRDB.
///
/// SAFETY: a connection is used by one thread at a time: its owner's. The pointer is valid from
/// `init` to `deinit`.
@safe
final class Connection: @unchecked Sendable {
    let path: String
    private let raw: OpaquePointer

    /// How long to wait for a lock that somebody else holds, in milliseconds.
    private static let busyMilliseconds: Int32 = 200

    /// Opens or creates a database and runs `pragmas` before anything else is read.
    ///
    /// - Parameter mode: Of a new file, from its first moment.
    init(path: String, mode: mode_t = 0o600, pragmas: [String]) throws(StoreError) {
        self.path = path
        // SQLite would make it readable for everybody whom the umask lets. Only a file that did not
        // exist is opened here, so that closing it drops nobody's locks.
        let exclusively = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
        let made = unsafe Glibc.open(path, exclusively, 0o600)
        if made >= 0 {
            fchmod(made, mode)
            Glibc.close(made)
        }
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened = unsafe opened else {
            let message = unsafe String(cString: sqlite3_errstr(code))
            unsafe sqlite3_close_v2(opened)
            throw .sqlite(path: path, code: code, message: message, doing: "opening")
        }
        unsafe raw = opened
        unsafe sqlite3_extended_result_codes(raw, 1)
        unsafe sqlite3_busy_timeout(raw, Self.busyMilliseconds)
        for pragma in pragmas { try execute(pragma) }
    }

    // Statements that outlive the connection keep it open until they go.
    deinit { unsafe sqlite3_close_v2(raw) }

    /// Runs statements that give no rows, outside any transaction.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(raw, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            let message = unsafe String(cString: sqlite3_errmsg(raw))
            throw StoreError(
                code: code, cause: unsafe clinux_sqlite_errno(UnsafeMutableRawPointer(raw)),
                message: message, path: path,
                doing: sql)
        }
    }

    /// Prepares a statement.
    func prepare(_ sql: String) throws(StoreError) -> Statement {
        try unsafe Statement(raw, path: path, sql)
    }

    /// The single integer that a query gives; nil if it gives none.
    func integer(_ sql: String) throws(StoreError) -> Int64? {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.optionalInt(0) : nil
    }

    /// Does all of `body`, or nothing.
    func transaction<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // After some errors SQLite has rolled back already.
            if unsafe sqlite3_get_autocommit(raw) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    /// Rows changed by the last statement that changed any.
    var lastChanges: Int64 { unsafe sqlite3_changes64(raw) }

    /// Rows changed by all statements so far.
    var totalChanges: Int64 { unsafe sqlite3_total_changes64(raw) }

    /// Keeps the `-wal` and `-shm` files after the last close, for readers that may not make them.
    func persistWAL() {
        var on: Int32 = 1
        unsafe sqlite3_file_control(raw, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
    }

    /// Copies what can be copied from the WAL into the database, and empties the WAL if nobody reads.
    ///
    /// - Returns: pages that stay in the WAL.
    @discardableResult
    func checkpointWAL(truncate: Bool) -> Int {
        var inWAL: Int32 = 0
        var copied: Int32 = 0
        let mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = unsafe sqlite3_wal_checkpoint_v2(raw, nil, mode, &inWAL, &copied)
        return code == SQLITE_OK && truncate ? 0 : Int(max(inWAL - copied, 0))
    }

    /// Begins to copy the database into another one; nil if that cannot be done.
    @unsafe func beginBackup(into copy: OpaquePointer?) -> OpaquePointer? {
        unsafe sqlite3_backup_init(copy, "main", raw, "main")
    }

    /// Looks for damage for at most `budgetSeconds`.
    ///
    /// - Returns: what is wrong; nil if nothing was found in that time.
    func findDamage(budgetSeconds: Double) throws(StoreError) -> String? {
        let deadline = Deadline(seconds: budgetSeconds)
        return try withExtendedLifetime(deadline) { () throws(StoreError) -> String? in
            unsafe sqlite3_progress_handler(
                raw, 10_000,
                { unsafe Unmanaged<Deadline>.fromOpaque($0!).takeUnretainedValue().passed },
                Unmanaged.passUnretained(deadline).toOpaque())
            defer { unsafe sqlite3_progress_handler(raw, 0, nil, nil) }
            do throws(StoreError) {
                let check = try prepare("PRAGMA quick_check(1)")
                defer { check.reset() }
                guard try check.step() else { return nil }
                let verdict = check.text(0)
                if let code = Self.failedRead(in: verdict) {
                    throw StoreError.sqlite(
                        path: path, code: code, message: verdict, doing: "looking for damage")
                }
                return verdict == "ok" ? nil : verdict
            } catch {
                switch error {
                case .sqlite(_, SQLITE_INTERRUPT, _, _): return nil
                case .damaged(_, let detail): return detail
                default: throw error
                }
            }
        }
    }

    /// The code with which the disk refused a page, if that is all that a check has found: a disk that
    /// fails, perhaps only now, is no damaged file.
    private static func failedRead(in verdict: String) -> Int32? {
        guard let words = verdict.firstRange(of: "unable to get the page. error code=") else {
            return nil
        }
        let digits = verdict[words.upperBound...].prefix { $0.isNumber }
        return Int32(digits).flatMap { $0 & 0xFF == SQLITE_IOERR ? $0 : nil }
    }

    /// Leaves the connection open for the rest of the process. Closing would copy the WAL into a
    /// file that is to stay as it was found.
    func abandon() { _ = unsafe Unmanaged.passRetained(self) }

    private final class Deadline {
        private let end: UInt64
        init(seconds: Double) { end = Self.now + UInt64(seconds * 1e9) }
        var passed: Int32 { Self.now > end ? 1 : 0 }
        private static var now: UInt64 {
            var time = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
    }
}
