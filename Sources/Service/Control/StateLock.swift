import CLinux
internal import Core
internal import Glibc

/// Why a state directory cannot be used.
public enum StateLockError: Error, Equatable, Sendable {
    /// Another process holds it; its pid, if it could be read.
    case held(path: String, byPID: Int32?)
    /// Others than its owner may change what is in it; its permission bits.
    case writableByOthers(path: String, mode: UInt32)
    /// This user may not use it.
    case permission(call: String, path: String)
    /// A system call failed.
    case io(call: String, path: String, errno: Int32)

    /// What happened.
    public var message: String {
        switch self {
        case .held(let path, let pid?): "\(path) is locked by pid \(pid)"
        case .held(let path, nil): "\(path) is locked by another process"
        case .writableByOthers(let path, let mode):
            "\(path) has mode 0\(String(mode, radix: 8)): others than its owner can write to it"
        case .permission(let call, let path): "\(call) \(path): permission denied"
        case .io(let call, let path, let code): "\(call) \(path): \(errnoText(code))"
        }
    }

    /// What to do about it.
    public var remedy: String {
        switch self {
        case .held: "stop it first, or use another --state"
        case .writableByOthers(let path, _): "chmod go-w \(path)"
        case .permission: "run as the user that owns the state directory"
        case .io(_, _, ENOENT): "create the directory above it"
        case .io: "see that it is a directory on a file system in working order"
        }
    }

    /// The exit code of the process (sysexits).
    public var exitCode: Int32 {
        switch self {
        case .held: 75
        case .writableByOthers, .permission: 77
        case .io: 74
        }
    }
}

/// The right to change a state directory, held by at most one process.
///
/// It is a kernel lock on `STATE/lock`, so it ends with the process whatever ends that. The pid in
/// the file only helps to say who holds it. Invariant: `descriptor` is open and locked.
public final class StateLock: Sendable {
    /// The file's name within the state directory.
    static let name = "lock"

    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock of a state directory, which is created (0711) if it is missing.
    ///
    /// - Throws: `StateLockError`, at once: nobody waits for a lock here.
    public static func acquire(directory: String) throws(StateLockError) -> StateLock {
        let owner = try checkedOwner(of: directory)
        let path = directory + "/" + name
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        let lock = StateLock(descriptor)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: throw .held(path: path, byPID: lock.writtenPID())
            default: throw failure("flock", path)
            }
        }
        // What root creates in the service's directory must not lock the service out later.
        if geteuid() == 0, owner.user != 0, fchown(descriptor, owner.user, owner.group) != 0 {
            throw failure("chown", path)
        }
        lock.write(pid: getpid())
        return lock
    }

    /// Makes the directory if need be and sees that nobody else can put files into it.
    private static func checkedOwner(
        of directory: String
    ) throws(StateLockError) -> (user: UInt32, group: UInt32) {
        if unsafe mkdir(directory, 0o711) == 0 {
            // The umask may have taken what lets readers reach the published part.
            guard unsafe chmod(directory, 0o711) == 0 else { throw failure("chmod", directory) }
        } else if errno != EEXIST {
            throw failure("mkdir", directory)
        }
        var status = Glibc.stat()
        guard unsafe stat(directory, &status) == 0 else { throw failure("stat", directory) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .io(call: "open", path: directory, errno: ENOTDIR)
        }
        guard status.st_mode & 0o022 == 0 else {
            throw .writableByOthers(path: directory, mode: status.st_mode & 0o7777)
        }
        return (status.st_uid, status.st_gid)
    }

    private static func failure(_ call: String, _ path: String) -> StateLockError {
        let code = errno
        let isDenied = code == EACCES || code == EPERM
        return isDenied
            ? .permission(call: call, path: path) : .io(call: call, path: path, errno: code)
    }

    /// Has a fault of this thread leave behind in the lock's file which line it was reading.
    func noteFaults() { clinux_note_faults(descriptor, Self.faultPlace) }

    /// The line that the last holder was reading when it ended by a fault of its own.
    var suspect: SuspectLine? {
        var fault = clinux_fault()
        guard unsafe clinux_read_fault(descriptor, Self.faultPlace, &fault) == 1 else { return nil }
        return SuspectLine(offset: fault.offset, length: fault.length, hash: fault.hash)
    }

    /// The suspect is known to the state, and is not to be counted again.
    func forgetSuspect() { clinux_clear_fault(descriptor, Self.faultPlace) }

    /// Where that stands, behind the pid.
    private static let faultPlace: off_t = 64

    private func write(pid: Int32) {
        let line = Array("\(pid)\n".utf8)
        // Nothing depends on it: a full disk does not keep the daemon from starting. What a fault
        // left behind it stays.
        if suspect == nil { _ = ftruncate(descriptor, 0) }
        unsafe _ = line.withUnsafeBytes {
            unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
        }
    }

    private func writtenPID() -> Int32? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            count = unsafe max(0, pread(descriptor, buffer.baseAddress, 16, 0))
        }
        return Int32(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
