/// A pattern in which `*` stands for any bytes, `/` too; everything else stands for itself.
public struct Glob: Hashable, Sendable {
    /// The pattern as written.
    public let pattern: String

    /// What stands between the stars; the first and the last are anchored.
    private let parts: [[UInt8]]

    /// A pattern.
    public init(_ pattern: String) {
        self.pattern = pattern
        parts = pattern.utf8.split(separator: 0x2A, omittingEmptySubsequences: false).map(
            Array.init)
    }

    /// The bytes that it stands for, if it has no star.
    public var literal: [UInt8]? { parts.count == 1 ? parts[0] : nil }

    /// What the first eight bytes of a text that fits are, where the mask is set; see
    /// `ByteSlice.head`.
    var head: (bytes: UInt64, mask: UInt64) {
        let known = parts[0].prefix(8)
        var bytes: UInt64 = 0
        for (place, byte) in known.enumerated() { bytes |= UInt64(byte) << UInt64(place * 8) }
        // Without a star, what follows the last byte is nothing.
        let isWhole = parts.count == 1 && parts[0].count < 8
        let mask = known.count == 8 || isWhole ? UInt64.max : (1 << UInt64(known.count * 8)) - 1
        return (bytes, mask)
    }

    /// Whether the whole of `text` fits, case-sensitively.
    ///
    /// - Complexity: O(n * m) at worst, n and m the lengths of text and pattern; never exponential,
    ///   because the leftmost place of each part is always good enough.
    public func matches(_ text: ByteSlice) -> Bool {
        let first = parts[0]
        let last = parts[parts.count - 1]
        guard parts.count > 1 else {
            return text.count == first.count && begins(text, at: 0, first)
        }
        guard text.count >= first.count + last.count, begins(text, at: 0, first),
            begins(text, at: text.count - last.count, last)
        else { return false }
        var place = first.count
        let end = text.count - last.count
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            while place + part.count <= end, !begins(text, at: place, part) { place += 1 }
            guard place + part.count <= end else { return false }
            place += part.count
        }
        return true
    }

    private func begins(_ text: ByteSlice, at place: Int, _ part: [UInt8]) -> Bool {
        unsafe part.withUnsafeBufferPointer {
            unsafe text[place..<(place + part.count)].equals(ByteSlice($0))
        }
    }
}
