public import Core
import Glibc

/// What the follower asks of a file system, so that a simulated one can stand in for the real one.
///
/// Paths are bytes: a name need not be UTF-8. Nothing here waits, whatever stands at the path.
public protocol LogFileSystem: AnyObject {
    /// How many files may be open at once.
    var openFilesLimit: Int { get }

    /// The names in a directory, without `.` and `..`, in any order.
    func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]]

    /// What stands at a path, which is not opened; a link is not followed.
    func look(at path: [UInt8]) throws(SystemError) -> FileLook

    /// The path that a link leads to in the end, without any links; nil where nothing is known of them.
    func target(of path: [UInt8]) throws(SystemError) -> [UInt8]?

    /// Opens a file for reading; a link is refused.
    func open(_ path: [UInt8]) throws(SystemError) -> Int32

    /// Which file is open.
    func identify(_ file: Int32) throws(SystemError) -> FileStatus

    /// Reads into the buffer from `offset`; 0 bytes at the end of the file.
    func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int

    /// Where the next byte at or after `offset` stands that is not in a hole of the file; nil if the
    /// file ends before there is one.
    func data(in file: Int32, from offset: Int64) throws(SystemError) -> Int64?

    /// Closes a file.
    func close(_ file: Int32)
}

extension LogFileSystem {
    /// A file system that knows of no links.
    public func target(of path: [UInt8]) throws(SystemError) -> [UInt8]? { nil }

    /// A file system that knows of no holes.
    public func data(in file: Int32, from offset: Int64) throws(SystemError) -> Int64? { offset }
}

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable {
    /// The call.
    public let call: String
    /// Its errno.
    public let code: Int32

    /// A failed call.
    public init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }
}

extension SystemError: CustomStringConvertible {
    /// `open: Permission denied`.
    public var description: String { "\(call): \(unsafe String(cString: strerror(code)))" }
}

/// What kind of file stands at a path.
public enum FileKind: String, Sendable, CaseIterable {
    case regular
    case directory
    case link = "symbolic link"
    case fifo
    case socket
    case device
}

/// What can be seen of a file without opening it. As long as all of it stays the same, so does the
/// file.
public struct FileStamp: Hashable, Sendable {
    /// The device number.
    public var device: UInt64
    /// The inode number.
    public var inode: UInt64
    /// Bytes.
    public var size: Int64
    /// Time of the last change of the content, in nanoseconds since 1970; anybody may set it.
    public var modified: Int64
    /// Time of the last change of anything, in nanoseconds since 1970; nobody can set it.
    public var changed: Int64

    /// A stamp.
    public init(device: UInt64, inode: UInt64, size: Int64, modified: Int64, changed: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }
}

/// What stands at a path.
public struct FileLook: Hashable, Sendable {
    /// Its kind.
    public var kind: FileKind
    /// Its stamp.
    public var stamp: FileStamp

    /// What stands at a path.
    public init(kind: FileKind, stamp: FileStamp) {
        self.kind = kind
        self.stamp = stamp
    }
}

/// What is known of an open file.
public struct FileStatus: Hashable, Sendable {
    /// Which file it is.
    public var identity: FileIdentity
    /// Bytes.
    public var size: Int64
    /// Whether it is a regular file.
    public var isRegular: Bool

    /// What is known of an open file.
    public init(identity: FileIdentity, size: Int64, isRegular: Bool) {
        self.identity = identity
        self.size = size
        self.isRegular = isRegular
    }
}
