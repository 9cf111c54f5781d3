import CLinux
import Glibc

/// Tells when files and directories change, so that nobody has to look all the time.
public protocol FileWatcher: AnyObject {
    /// Readable when there is something to drain.
    var descriptor: Int32 { get }

    /// Watches a directory for names that come and go. Watching it again does nothing.
    ///
    /// - Returns: false if the system has no room for another watch. A directory that is not there
    ///   is no failure.
    func watch(directory: [UInt8]) -> Bool

    /// Watches an open file for writes, under whatever names.
    ///
    /// - Returns: a token for `WatchEvent.modified`, the same for the same file; nil if the system
    ///   has no room for another watch.
    func watch(file: Int32) -> Int32?

    /// Stops watching a file.
    func forget(_ token: Int32)

    /// Hands over what happened since the last call, and does not wait.
    func drain(_ body: (WatchEvent) -> Void)
}

/// What a watcher saw.
public enum WatchEvent: Hashable, Sendable {
    /// A file was written to, or cut.
    case modified(Int32)
    /// Names in a directory came or went.
    case names
    /// More happened than could be remembered: look at everything.
    case overflow
}

/// inotify. Directories are watched by path, files through the descriptor that is open already, so
/// that a file renamed or deleted meanwhile is still the one that is watched.
@safe
public final class InotifyWatcher: FileWatcher {
    /// The inotify instance.
    public let descriptor: Int32
    private var directories: Set<Int32> = []
    private let buffer: UnsafeMutableRawBufferPointer

    /// - Throws: `SystemError` if the system has no inotify instance left.
    public init() throws(SystemError) {
        descriptor = clinux_inotify()
        if descriptor < 0 { throw SystemError(call: "inotify_init1", code: -descriptor) }
        unsafe buffer = .allocate(byteCount: 64 * 1024, alignment: 8)
    }

    deinit {
        _ = Glibc.close(descriptor)
        unsafe buffer.deallocate()
    }

    /// Watches a directory; what is no directory is not watched.
    public func watch(directory: [UInt8]) -> Bool {
        let events = UInt32(
            IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
        let mask = events | UInt32(IN_ONLYDIR)
        let watch = unsafe directory.withPath { unsafe inotify_add_watch(descriptor, $0, mask) }
        if watch >= 0 { directories.insert(watch) }
        return watch >= 0 || (errno != ENOSPC && errno != ENOMEM)
    }

    /// Watches an open file through /proc/self/fd, whatever its name is now.
    public func watch(file: Int32) -> Int32? {
        let path = Array("/proc/self/fd/\(file)".utf8)
        let watch = unsafe path.withPath {
            unsafe inotify_add_watch(descriptor, $0, UInt32(IN_MODIFY))
        }
        return watch >= 0 ? watch : nil
    }

    /// Stops watching a file.
    public func forget(_ token: Int32) { _ = inotify_rm_watch(descriptor, token) }

    /// Hands over what happened since the last call, and does not wait.
    public func drain(_ body: (WatchEvent) -> Void) {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var place = 0
            // struct inotify_event: int wd; u32 mask, cookie, len; char name[len].
            while place + 16 <= count {
                let watch = unsafe buffer.load(fromByteOffset: place, as: Int32.self)
                let mask = unsafe buffer.load(fromByteOffset: place + 4, as: UInt32.self)
                let length = unsafe buffer.load(fromByteOffset: place + 12, as: UInt32.self)
                place += 16 + Int(length)
                report(watch, mask, to: body)
            }
        }
    }

    private func report(_ watch: Int32, _ mask: UInt32, to body: (WatchEvent) -> Void) {
        if mask & UInt32(IN_Q_OVERFLOW) != 0 {
            body(.overflow)
        } else if directories.contains(watch) {
            // A directory that is gone takes its watch with it; looking again sets a new one.
            if mask & UInt32(IN_IGNORED) != 0 { directories.remove(watch) }
            body(.names)
        } else if mask & UInt32(IN_IGNORED) == 0 {
            body(.modified(watch))
        }
    }
}
