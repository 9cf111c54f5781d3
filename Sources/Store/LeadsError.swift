/// Why `leads.db` cannot be read, with what to do about it.
public enum LeadsError: Error, Equatable {
    /// There is no such file.
    case missing(path: String)
    /// The file or its directory may not be read by this user.
    case forbidden(path: String)
    /// A directory, a socket or something else that is no database.
    case notAFile(path: String)
    /// A database without anything published in it.
    case empty(path: String)
    /// An SQLite database of another program, or no SQLite database at all.
    case foreign(path: String, found: String)
    /// Written by a newer version.
    case newer(path: String, found: Int, known: Int)
    /// The bytes make no sense.
    case damaged(path: String, detail: String)
    /// Somebody held a lock for longer than the time that was waited.
    case busy(path: String)
    /// The `-wal` or `-shm` file beside it is gone, and this user may not make it anew.
    case companionMissing(path: String)
    /// The system refused.
    case unreadable(path: String, detail: String)
    /// A mistake of the program.
    case `internal`(path: String, detail: String)

    /// What happened, and where.
    public var message: String {
        switch self {
        case .missing(let path): "there is no \(path)"
        case .forbidden(let path): "no permission to read \(path)"
        case .notAFile(let path): "\(path) is not a file"
        case .empty(let path): "nothing has been published in \(path) yet"
        case .foreign(let path, let found): "\(path) is not a leads.db: \(found)"
        case .newer(let path, let found, let known):
            "\(path) has schema \(found), this leadscore knows schema \(known)"
        case .damaged(let path, let detail): "\(path) is damaged: \(detail)"
        case .busy(let path): "\(path) is locked by another program"
        case .companionMissing(let path): "\(path) lacks its -wal and -shm files"
        case .unreadable(let path, let detail): "cannot read \(path): \(detail)"
        case .internal(let path, let detail): "cannot ask \(path): \(detail)"
        }
    }

    /// What to do.
    public var remedy: String {
        switch self {
        case .missing:
            "start leadscored, or name another place with --state DIR or --db FILE"
        case .forbidden:
            "ask to become a member of the group analysts, and log in again"
        case .notAFile:
            "name the file with --db FILE, or its state directory with --state DIR"
        case .empty:
            "wait for the first publication (`leadscore status` shows it)"
        case .foreign:
            "name the file with --db FILE, or its state directory with --state DIR"
        case .newer:
            "install the leadscore that belongs to the leadscored that wrote it"
        case .damaged:
            "delete it: leadscored builds it anew from its state, nothing is lost"
        case .busy:
            "try again; if it stays so, find the program with `fuser` on the file"
        case .companionMissing:
            "start leadscored, which makes them"
        case .unreadable:
            "look into the system's log for the disk's trouble"
        case .internal:
            "this is a mistake in leadscore: please report it with this text"
        }
    }

    /// The exit code of sysexits(3) that tells scripts the same.
    public var exitCode: Int32 {
        switch self {
        case .missing, .notAFile, .companionMissing, .unreadable: 74
        case .forbidden: 77
        case .foreign, .newer, .damaged: 65
        case .empty, .busy: 75
        case .internal: 70
        }
    }
}
