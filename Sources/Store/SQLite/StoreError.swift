import GRDBSQLite
import Glibc

/// What can go wrong with a database, with what to do about it.
public enum StoreError: Error, Equatable, Sendable {
    /// A call of SQLite failed.
    case sqlite(path: String, code: Int32, message: String, doing: String)
    /// The file is no database, or a damaged one. Nothing was written to it.
    case damaged(path: String, detail: String)
    /// The file was made by a newer version. Nothing was written to it.
    case newer(path: String, found: Int, supported: Int)
    /// The file belongs to another program.
    case foreign(path: String)
    /// The state was made for another zone: its days would mean something else.
    case zone(path: String, stored: String, configured: String)
    /// The file is gone or was replaced under the running daemon.
    case replaced(path: String)
    /// A law of counting does not hold: nothing was committed.
    case unlawful(detail: String)
    /// Whoever has the state open is about to let go of it.
    case ending

    /// The exit code of the process, by sysexits.
    public var exitCode: Int32 {
        switch self {
        case .sqlite(_, let code, _, _):
            switch code & 0xFF {
            case 11, 26: 65  // SQLITE_CORRUPT, SQLITE_NOTADB
            case 3, 8, 23: 77  // SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH
            case 5, 6: 75  // SQLITE_BUSY, SQLITE_LOCKED
            default: 74
            }
        case .damaged: 65
        case .newer, .foreign, .zone: 78
        case .replaced: 74
        case .unlawful: 70
        case .ending: 75
        }
    }
}

extension StoreError {
    /// What a result code of SQLite means here.
    ///
    /// - Parameter cause: The errno behind it, if there is one. SQLite knows only ENOSPC as a full disk, and
    ///   takes a schema of which a page cannot be read for damaged.
    init(code: Int32, cause: Int32 = 0, message: String, path: String, doing: String) {
        let isWrite = code == 10 | 3 << 8 || code == 10 | 6 << 8  // SQLITE_IOERR_WRITE, _TRUNCATE
        if isWrite, [ENOSPC, EDQUOT, EFBIG, EROFS].contains(cause) {
            let reason = unsafe String(cString: strerror(cause))
            self = .sqlite(path: path, code: SQLITE_FULL, message: reason, doing: doing)
            return
        }
        if code & 0xFF == 11, cause == EIO {
            let reason = unsafe String(cString: strerror(cause))
            self = .sqlite(path: path, code: 10 | 1 << 8, message: reason, doing: doing)
            return
        }
        self =
            code & 0xFF == 11 || code & 0xFF == 26  // SQLITE_CORRUPT, SQLITE_NOTADB
            ? .damaged(path: path, detail: message)
            : .sqlite(path: path, code: code, message: message, doing: doing)
    }

    /// What SQLite says of a statement, without where and when.
    var reason: String {
        if case .sqlite(_, _, let message, _) = self { message } else { "\(self)" }
    }

    /// Whether it may pass by itself: no space left, or a file system that is read-only for now.
    public var isTransient: Bool {
        guard case .sqlite(_, let code, _, _) = self else { return false }
        return code & 0xFF == 13 || code & 0xFF == 8  // SQLITE_FULL, SQLITE_READONLY
    }
}

extension StoreError: CustomStringConvertible {
    /// What went wrong, and what to do about it.
    public var description: String {
        switch self {
        case .sqlite(let path, let code, let message, let doing):
            "\(path): SQLite error \(code) while \(doing): \(message)"
        case .damaged(let path, let detail):
            """
            \(path) is damaged (\(detail)) and was left untouched; keep a copy of it, restore \
            a backup or move it away, and start again: logs that are still there are read anew
            """
        case .newer(let path, let found, let supported):
            """
            \(path) was made by a newer version (schema \(found), this one knows \
            \(supported)) and was left untouched; install that version again
            """
        case .foreign(let path):
            "\(path) is a database of another program; name another state directory"
        case .zone(let path, let stored, let configured):
            """
            \(path) counts days in time_zone "\(stored)", the configuration says \
            "\(configured)"; write time_zone: "\(stored)", or start with a new state directory
            """
        case .replaced(let path):
            "\(path) was deleted or replaced while in use; put it back or start anew, then restart"
        case .ending: "the daemon is ending; try again"
        case .unlawful(let detail):
            "the counts do not add up (\(detail)); nothing was committed: please report this"
        }
    }
}
