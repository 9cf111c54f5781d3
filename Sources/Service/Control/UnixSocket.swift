internal import Glibc

/// What the control socket and the notifier need of the kernel, with the unsafe calls in one place.
///
/// Every function that can fail returns the errno, so that callers decide what it means.
enum UnixSocket {
    /// The longest path that fits into `sun_path` with its NUL, in bytes.
    static let longestPath = 107

    /// A new socket that is close-on-exec and never blocks; negative is -errno.
    static func open(_ type: __socket_type) -> Int32 {
        let flags = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        return descriptor < 0 ? -errno : descriptor
    }

    /// Connects to `path`; a leading `@` names the abstract namespace. Returns 0 or an errno.
    static func connect(_ descriptor: Int32, to path: String) -> Int32 {
        unsafe withAddress(path) { address, length in
            unsafe Glibc.connect(descriptor, address, length)
        }
    }

    /// Binds to `path`. Returns 0 or an errno.
    static func bind(_ descriptor: Int32, to path: String) -> Int32 {
        unsafe withAddress(path) { address, length in
            unsafe Glibc.bind(descriptor, address, length)
        }
    }

    /// Waits until `descriptor` shows one of `events` (or an error), at most so many milliseconds.
    /// Returns what it shows: nothing after the time is over or on a signal.
    static func wait(_ descriptor: Int32, for events: Int32, milliseconds: Int64) -> Int32 {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let count = unsafe poll(&entry, 1, Int32(clamping: max(0, milliseconds)))
        return count > 0 ? Int32(entry.revents) : 0
    }

    /// Reads up to `count` bytes to the end of `buffer`. Returns how many, 0 at the end, or -errno.
    static func read(_ descriptor: Int32, upTo count: Int, into buffer: inout [UInt8]) -> Int {
        var result = 0
        buffer += unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            result = unsafe recv(descriptor, bytes.baseAddress, count, 0)
            if result < 0 { result = -Int(errno) }
            initialized = max(0, result)
        }
        return result
    }

    /// Sends what follows `from`, raising no SIGPIPE. Returns how many bytes went, or -errno.
    static func send(_ descriptor: Int32, _ bytes: [UInt8], from: Int) -> Int {
        let sent = unsafe bytes[from...].withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        return sent < 0 ? -Int(errno) : sent
    }

    /// Takes the next connection of a listener, close-on-exec and never blocking; -errno if none.
    static func accept(_ listener: Int32) -> Int32 {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return -errno }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= longestPath else { return ENAMETOOLONG }
        guard !bytes.contains(0) else { return EINVAL }
        let isAbstract = bytes[0] == 0x40
        if isAbstract { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        // An abstract name is as long as it says; a path ends with its NUL.
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(length)) == 0 ? 0 : errno
            }
        }
    }
}

/// What the kernel says to an errno: `No such file or directory`.
func errnoText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Milliseconds on a clock that nobody sets, for deadlines.
func monotonicMilliseconds() -> Int64 { monotonicMicroseconds() / 1000 }

/// Microseconds of CLOCK_MONOTONIC, the clock that systemd compares MONOTONIC_USEC with.
func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}
