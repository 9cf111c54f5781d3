import CHash
import Glibc

/// A run of bytes in somebody else's buffer: a field of an event, a line of a log.
///
/// Nothing is copied and nothing is counted, which is what keeps an event free of allocation.
///
/// SAFETY: a slice is valid only as long as the buffer it points into, that is until the next batch
/// is read. It never leaves the call that it was handed to; what must stay is copied (`array`).
@safe
public struct ByteSlice {
    /// The first byte; nil for the empty slice.
    @unsafe public let start: UnsafePointer<UInt8>?
    /// How many bytes.
    public let count: Int

    /// No bytes.
    public static var empty: ByteSlice { unsafe ByteSlice(start: nil, count: 0) }

    /// The `count` bytes from `start`.
    @unsafe public init(start: UnsafePointer<UInt8>?, count: Int) {
        unsafe precondition(count == 0 || start != nil)
        unsafe self.start = start
        self.count = count
    }

    /// The bytes of a buffer.
    @unsafe public init(_ buffer: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(start: buffer.baseAddress, count: buffer.count)
    }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// The byte at `index`.
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return unsafe start.unsafelyUnwrapped[index]
    }

    /// The bytes from `range`, which must lie within.
    public subscript(range: Range<Int>) -> ByteSlice {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard let start = unsafe start, !range.isEmpty else { return .empty }
        return unsafe ByteSlice(start: start + range.lowerBound, count: range.count)
    }

    /// The bytes as a buffer, for the length of the slice's validity.
    @unsafe public var buffer: UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: start, count: count)
    }

    /// A copy of the bytes.
    public var array: [UInt8] { unsafe Array(buffer) }

    /// The bytes as text; what is not UTF-8 is replaced, so this is for people, never for keys.
    public var text: String { unsafe String(decoding: buffer, as: UTF8.self) }

    /// Whether the bytes are those of `literal`.
    public func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        guard let start = unsafe start else { return true }
        return unsafe memcmp(start, literal.utf8Start, count) == 0
    }

    /// Whether both hold the same bytes.
    public func equals(_ other: ByteSlice) -> Bool {
        guard count == other.count else { return false }
        guard let start = unsafe start, let there = unsafe other.start else { return true }
        return unsafe memcmp(start, there, count) == 0
    }

    /// The place of the first `byte` at or after `from`, nil if there is none.
    public func first(_ byte: UInt8, from: Int = 0) -> Int? {
        guard let start = unsafe start, from < count else { return nil }
        guard let found = unsafe memchr(start + from, Int32(byte), count - from) else { return nil }
        return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
    }

    /// The first eight bytes as a number, the first one lowest; zeros stand for those beyond the end.
    public var head: UInt64 {
        guard let start = unsafe start else { return 0 }
        if count >= 8 {
            return unsafe UInt64(
                littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
        }
        var head: UInt64 = 0
        for place in 0..<count { head |= unsafe UInt64(start[place]) << UInt64(place * 8) }
        return head
    }

    /// Without the ASCII blanks and control bytes at both ends.
    public var trimmed: ByteSlice {
        var low = 0
        var high = count
        while low < high, self[low] <= 0x20 { low += 1 }
        while high > low, self[high - 1] <= 0x20 { high -= 1 }
        return self[low..<high]
    }
}

/// A 64-bit hash that nobody outside can steer, because its secret is drawn at random once for each
/// state directory and never leaves it.
///
/// - Source: XXH3 with a custom secret, <https://github.com/Cyan4973/xxHash>.
public struct KeyedHash: Sendable {
    /// The length of the secret in bytes; XXH3 wants at least 136.
    public static let secretLength = 192

    private let secret: [UInt8]

    /// A hash under `secret`, which must be `secretLength` random bytes.
    public init(secret: [UInt8]) {
        precondition(secret.count == Self.secretLength)
        self.secret = secret
    }

    /// The hash of the bytes.
    public func callAsFunction(_ bytes: ByteSlice) -> UInt64 {
        unsafe secret.withUnsafeBytes {
            unsafe leadscored_hash64(bytes.start, bytes.count, $0.baseAddress, $0.count)
        }
    }

    /// The hash of an array's bytes.
    public func callAsFunction(_ bytes: [UInt8]) -> UInt64 {
        unsafe bytes.withUnsafeBufferPointer { self(unsafe ByteSlice($0)) }
    }
}
