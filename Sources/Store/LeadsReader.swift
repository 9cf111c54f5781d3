internal import GRDB
import Glibc

/// Reads `leads.db` as anybody in the group may: without writing a byte, in one snapshot.
///
/// The file is in WAL mode and its `-wal` and `-shm` files stay (PERSIST_WAL), so that read permission
/// is enough whether the daemon runs, has stopped or was killed. Everything that one command shows
/// comes from one read transaction, so its parts agree.
public struct LeadsReader {
    /// How long a lock is waited for, in seconds.
    public static let patienceSeconds = 5.0

    /// The file, for messages.
    let path: String
    let db: Database

    /// Opens the file, reads from one snapshot of it, and closes it.
    ///
    /// - Throws: `LeadsError`, and what `body` throws.
    public static func read<Result>(
        path: String, _ body: (LeadsReader) throws -> Result
    ) throws -> Result {
        try LeadsFile.inspect(path)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in
                let reader = LeadsReader(path: path, db: db)
                try reader.verifyOwnership()
                return try body(reader)
            }
        } catch let error as DatabaseError {
            throw LeadsFile.explain(error, path: path)
        } catch let error as RowDecodingError {
            throw LeadsError.damaged(path: path, detail: "\(error)")
        }
    }

    /// A value of `meta`; nil if the key is absent.
    public func meta(_ key: String) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(patienceSeconds)
        configuration.label = "leads.db"
        return configuration
    }

    /// Says whether this is a `leads.db` that this version understands.
    private func verifyOwnership() throws {
        let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard id == LeadsSchema.applicationID else {
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            if tables == 0 { throw LeadsError.empty(path: path) }
            throw LeadsError.foreign(path: path, found: "it was made by another program")
        }
        guard try db.tableExists("meta"), try db.tableExists("leads") else {
            throw LeadsError.empty(path: path)
        }
        if let schema = try meta("schema").flatMap(Int.init), schema > LeadsSchema.version {
            throw LeadsError.newer(path: path, found: schema, known: LeadsSchema.version)
        }
        if try meta("as_of_day") == nil { throw LeadsError.empty(path: path) }
    }
}

/// What can be said about the file before and after SQLite has seen it.
enum LeadsFile {
    /// Tells apart what SQLite calls "unable to open database file".
    ///
    /// The descriptor is closed before SQLite opens the file: closing one later would drop the locks
    /// that the process holds on it.
    static func inspect(_ path: String) throws(LeadsError) {
        // SAFETY: open keeps nothing of the path.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw refusal(errno, path: path) }
        defer { close(descriptor) }
        var status = stat()
        // SAFETY: fstat fills the structure that it is given, and keeps nothing.
        guard unsafe fstat(descriptor, &status) == 0 else { throw refusal(errno, path: path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard status.st_size > 0 else { return }
        guard header(of: descriptor) == Array("SQLite format 3\0".utf8) else {
            throw .foreign(path: path, found: "it does not begin as an SQLite database does")
        }
    }

    /// The error of ours that stands for one of SQLite's.
    static func explain(_ error: DatabaseError, path: String) -> LeadsError {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_FORMAT, .SQLITE_MISMATCH, .SQLITE_TOOBIG:
            return .damaged(path: path, detail: detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: return .busy(path: path)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY:
            return hasCompanions(path)
                ? .forbidden(path: path + "-shm") : .companionMissing(path: path)
        case .SQLITE_PERM, .SQLITE_AUTH: return .forbidden(path: path)
        case .SQLITE_IOERR, .SQLITE_FULL, .SQLITE_NOMEM, .SQLITE_NOLFS:
            return .unreadable(path: path, detail: detail)
        case .SQLITE_ERROR where detail.hasPrefix("no such"):
            return .damaged(path: path, detail: detail)
        case .SQLITE_ERROR where detail.contains("JSON"):
            return .damaged(path: path, detail: detail)
        default: return .internal(path: path, detail: detail)
        }
    }

    private static func hasCompanions(_ path: String) -> Bool {
        unsafe access(path + "-wal", F_OK) == 0 && access(path + "-shm", F_OK) == 0
    }

    private static func header(of descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes {
            // SAFETY: read writes at most the length of the buffer that it is given.
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        return Array(bytes.prefix(max(count, 0)))
    }

    private static func refusal(_ code: Int32, path: String) -> LeadsError {
        switch code {
        case ENOENT, ENOTDIR: .missing(path: path)
        case EACCES, EPERM: .forbidden(path: path)
        case EISDIR, ENXIO: .notAFile(path: path)
        default: .unreadable(path: path, detail: unsafe String(cString: strerror(code)))
        }
    }
}
