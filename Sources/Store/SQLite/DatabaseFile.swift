import CLinux
import Core
import Glibc

/// What a database file says of itself in its first 100 bytes, read before SQLite opens it, so that
/// a file that is not ours to touch stays untouched.
///
/// - Source: "The Database Header", <https://www.sqlite.org/fileformat2.html>.
struct DatabaseFile {
    let applicationID: Int32
    let userVersion: Int

    /// Reads the header; nil if there is no file, or an empty one.
    init?(path: String) throws(StoreError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        if descriptor < 0 {
            let code = errno
            if code == ENOENT { return nil }
            throw .sqlite(
                path: path, code: code == EACCES ? 3 : 14,
                message: unsafe String(cString: strerror(code)), doing: "opening")
        }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = unsafe header.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
        }
        if count == 0 { return nil }
        guard count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw .damaged(path: path, detail: "it does not begin as an SQLite database does")
        }
        func word(_ at: Int) -> UInt32 { header[at..<(at + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        applicationID = Int32(bitPattern: word(68))
        userVersion = Int(word(60))
    }

    /// Device and inode of a path, to notice that a file was replaced; nil if there is none.
    static func identity(of path: String) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_nlink > 0 else { return nil }
        return (UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// Which file a path names, and when it was last written to.
    struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64

        func isSameFile(as other: Stamp) -> Bool { device == other.device && inode == other.inode }
    }

    /// The stamp of a path; nil if there is no file.
    static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Stamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }
}
