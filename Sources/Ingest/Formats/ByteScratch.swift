import Core
import Glibc

/// Memory for what a decoder has to write anew: unescaped and decoded values of one line.
///
/// SAFETY: nothing moves between two calls of `begin`, so that slices of it stay valid for a line.
@safe
struct ByteScratch: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var used = 0

    /// Room for an ordinary line.
    init(capacity: Int = 1 << 14) {
        self.capacity = capacity
        unsafe memory = .allocate(capacity: capacity)
    }

    deinit { unsafe memory.deallocate() }

    /// Forgets everything, and makes sure that so many bytes can be written.
    mutating func begin(_ bytes: Int) {
        used = 0
        guard bytes > capacity else { return }
        unsafe memory.deallocate()
        capacity = bytes
        unsafe memory = .allocate(capacity: capacity)
    }

    /// What `body` writes into room for `count` bytes, of which it says how many it took.
    @inline(__always)
    mutating func write(
        _ count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int
    ) -> ByteSlice {
        precondition(used + count <= capacity)
        let start = unsafe memory + used
        let written = unsafe body(start)
        precondition(written <= count)
        used += written
        return unsafe ByteSlice(start: start, count: written)
    }

    /// A copy of the bytes, with 64 zero bytes after them that do not count.
    mutating func padded(_ bytes: ByteSlice) -> ByteSlice {
        let copy = unsafe write(bytes.count + 64) { to in
            if let from = unsafe bytes.start { unsafe memcpy(to, from, bytes.count) }
            unsafe memset(to + bytes.count, 0, 64)
            return bytes.count + 64
        }
        return copy[0..<bytes.count]
    }
}
