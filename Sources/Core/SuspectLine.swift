/// A line that was being read when the process ended by a fault of its own.
///
/// It is known by where it stands and what it is, not by its file: the number of a file that was met
/// just before the end was never committed.
public struct SuspectLine: Sendable, Equatable {
    /// How often a line may end the process before it is not looked into any more.
    public static let triesAtMost = 2

    /// Where it starts in its file, in bytes.
    public var offset: Int64
    /// Its length without its newline.
    public var length: Int64
    /// FNV-1a of its bytes.
    public var hash: UInt64
    /// How often the process ended while it was read.
    public var tries: Int

    /// A line.
    public init(offset: Int64, length: Int64, hash: UInt64, tries: Int = 1) {
        self.offset = offset
        self.length = length
        self.hash = hash
        self.tries = tries
    }

    /// Whether it is not to be looked into.
    public var isPoison: Bool { tries >= Self.triesAtMost }

    /// Whether these are its bytes.
    public func isLine(_ bytes: ByteSlice) -> Bool {
        Int64(bytes.count) == length && Self.hash(of: bytes) == hash
    }

    /// FNV-1a, which whoever notes the end of a process can compute without anything else.
    ///
    /// - Source: Fowler, Noll, Vo, RFC 9923 (64 bits).
    static func hash(of bytes: ByteSlice) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for place in 0..<bytes.count {
            hash = (hash ^ UInt64(bytes[place])) &* 0x0000_0100_0000_01b3
        }
        return hash
    }
}
