/// Which file this is, as far as the file system can tell; a part of the identity of a generation.
public struct FileIdentity: Hashable, Sendable {
    /// The device number; renumbered by some systems at a reboot.
    public var device: UInt64
    /// The inode number.
    public var inode: UInt64
    /// The inode's generation number; 0 where the file system keeps none.
    public var generation: UInt64
    /// Birth time in nanoseconds since 1970; 0 where the file system keeps none.
    public var born: Int64

    /// An identity.
    public init(device: UInt64, inode: UInt64, generation: UInt64, born: Int64) {
        self.device = device
        self.inode = inode
        self.generation = generation
        self.born = born
    }
}

/// How far one generation of one log file has been read.
///
/// The offset is committed together with the facts of the lines before it, which is what makes a
/// line count exactly once.
public struct StreamPosition: Sendable, Equatable {
    /// The number of the generation within its state directory, from 1, never used again.
    public var id: Int64
    /// The name of the source.
    public var source: String
    /// The path under which the file was last seen, as bytes: a name need not be UTF-8.
    public var path: [UInt8]
    /// The file.
    public var identity: FileIdentity
    /// Bytes read: the start of the first line that has no outcome yet.
    public var offset: Int64
    /// Bytes in the file when it was last looked at.
    public var size: Int64
    /// The first bytes of the file, at most 1,024.
    public var head: [UInt8]
    /// The keyed hash of the bytes before `offset`.
    public var anchor: UInt64
    /// How many bytes before `offset` the anchor covers, at most 4,096.
    public var anchorLength: Int
    /// Bytes that are known to be gone unread.
    public var lostBytes: Int64
    /// Whether the file is gone and read to its end.
    public var retired: Bool

    /// A position.
    public init(
        id: Int64, source: String, path: [UInt8], identity: FileIdentity, offset: Int64 = 0,
        size: Int64 = 0, head: [UInt8] = [], anchor: UInt64 = 0, anchorLength: Int = 0,
        lostBytes: Int64 = 0, retired: Bool = false
    ) {
        self.id = id
        self.source = source
        self.path = path
        self.identity = identity
        self.offset = offset
        self.size = size
        self.head = head
        self.anchor = anchor
        self.anchorLength = anchorLength
        self.lostBytes = lostBytes
        self.retired = retired
    }

    /// The path for people; bytes that are no UTF-8 are replaced.
    public var displayPath: String { String(decoding: path, as: UTF8.self) }
}

/// A record that cannot be used, kept so that somebody can look at it.
public struct QuarantinedRecord: Sendable, Equatable {
    /// The generation in which it stands.
    public var stream: Int64
    /// Where its line starts, in bytes.
    public var offset: Int64
    /// Why.
    public var verdict: Verdict
    /// The first `Bounds.quarantinedBytes` bytes of the line.
    public var bytes: [UInt8]

    /// A record.
    public init(stream: Int64, offset: Int64, verdict: Verdict, bytes: [UInt8]) {
        self.stream = stream
        self.offset = offset
        self.verdict = verdict
        self.bytes = bytes
    }
}
