import CLinux
import Core
import Glibc

/// The file system of this machine.
public final class LinuxFileSystem: LogFileSystem {
    /// Half of what the process may open, at most 4,096: the rest is for databases and sockets.
    public let openFilesLimit: Int

    /// The file system of this machine.
    public init() {
        var limit = rlimit()
        let known = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        openFilesLimit = known ? max(4, Int(clamping: min(limit.rlim_cur / 2, 4096))) : 256
    }

    /// The names in a directory, by readdir(3).
    public func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]] {
        guard let stream = unsafe directory.withPath({ unsafe opendir($0) }) else {
            throw SystemError(call: "opendir", code: errno)
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            // SAFETY: d_name ends with NUL and lies within the entry, which lives until the next call.
            let start = unsafe UnsafeRawPointer(entry) + Self.nameOffset
            let name = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: strlen(start)))
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw SystemError(call: "readdir", code: errno) }
        return names
    }

    /// What stands at a path, by lstat(2).
    public func look(at path: [UInt8]) throws(SystemError) -> FileLook {
        var status = stat()
        guard unsafe path.withPath({ unsafe lstat($0, &status) }) == 0 else {
            throw SystemError(call: "lstat", code: errno)
        }
        return FileLook(
            kind: Self.kind(status.st_mode),
            stamp: FileStamp(
                device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
                size: Int64(status.st_size), modified: Self.nanoseconds(status.st_mtim),
                changed: Self.nanoseconds(status.st_ctim)))
    }

    /// Where a link leads to, by realpath(3).
    public func target(of path: [UInt8]) throws(SystemError) -> [UInt8]? {
        guard let target = unsafe path.withPath({ unsafe realpath($0, nil) }) else {
            throw SystemError(call: "realpath", code: errno)
        }
        // SAFETY: it ends with NUL, and is ours to free.
        defer { unsafe free(target) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: target, count: strlen(target)))
    }

    /// Opens a file for reading; never waits, never follows a link.
    public func open(_ path: [UInt8]) throws(SystemError) -> Int32 {
        // O_NONBLOCK: a FIFO put there since the look must not stop us.
        let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY
        while true {
            let file = unsafe path.withPath { unsafe Glibc.open($0, flags) }
            if file >= 0 { return file }
            if errno != EINTR { throw SystemError(call: "open", code: errno) }
        }
    }

    /// Which file is open, by statx(2) and FS_IOC_GETVERSION.
    public func identify(_ file: Int32) throws(SystemError) -> FileStatus {
        var found = clinux_identity()
        let error = unsafe clinux_identify(file, &found)
        guard error == 0 else { throw SystemError(call: "statx", code: error) }
        return FileStatus(
            identity: FileIdentity(
                device: found.device, inode: found.inode, generation: found.generation,
                born: found.born_ns),
            size: found.size, isRegular: Self.kind(found.mode) == .regular)
    }

    /// Reads until the buffer is full or the file ends.
    public func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let place = unsafe buffer.baseAddress.unsafelyUnwrapped + filled
            let count = unsafe pread(file, place, buffer.count - filled, off_t(offset) + filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw SystemError(call: "pread", code: errno)
            }
        }
        return filled
    }

    /// Where data stands, by lseek(2) with SEEK_DATA; where a file system cannot tell, at `offset`.
    public func data(in file: Int32, from offset: Int64) throws(SystemError) -> Int64? {
        let place = lseek(file, off_t(offset), Self.seekData)
        if place >= 0 { return Int64(place) }
        return errno == ENXIO ? nil : offset
    }

    /// SEEK_DATA, which Glibc's module does not have.
    private static let seekData: Int32 = 3

    /// Closes a file.
    public func close(_ file: Int32) { _ = Glibc.close(file) }

    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    private static func kind(_ mode: UInt32) -> FileKind {
        switch mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        case S_IFLNK: .link
        case S_IFIFO: .fifo
        case S_IFSOCK: .socket
        default: .device
        }
    }
}

extension [UInt8] {
    /// Hands over the bytes as a C string; nothing after a NUL byte can be said in one.
    @unsafe func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe (self + [0]).withUnsafeBytes {
            unsafe body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
        }
    }
}
