public import Core

/// What one turn read of one file: whole lines, or one line that cannot be used.
///
/// Valid until the call that it was handed to returns.
public struct Block {
    /// What the bytes are.
    public enum Content: Equatable, Sendable {
        /// Whole lines, each ending in a newline.
        case lines
        /// The beginning of one line of `length` bytes without its newline, more than
        /// `Bounds.lineBytes`.
        case oversize(length: Int64)
        /// The beginning of the last line of a finished file, of `length` bytes without a newline.
        case unterminated(length: Int64)
        /// The beginning of one line of `length` bytes without its newline, which ended the process
        /// whenever it was read.
        case poison(length: Int64)
    }

    /// The id of the stream.
    public let stream: Int64
    /// The place of its source in the list of sources.
    public let source: Int
    /// Where the first byte stands in the file.
    public let offset: Int64
    /// The first bytes of the file, as far as they were read before this block.
    public let head: [UInt8]
    /// What the bytes are.
    public let content: Content
    /// Whether its lines may have been counted before: those that have no id, or cannot be used, count as
    /// duplicates.
    public let isSeam: Bool
    /// The bytes, with 64 readable bytes after them; of an oversize or unterminated line at most the
    /// first `Bounds.quarantinedBytes`.
    public let bytes: ByteSlice

    /// What one turn read.
    public init(
        stream: Int64, source: Int, offset: Int64, head: [UInt8], content: Content,
        isSeam: Bool = false, bytes: ByteSlice
    ) {
        self.stream = stream
        self.source = source
        self.offset = offset
        self.head = head
        self.content = content
        self.isSeam = isSeam
        self.bytes = bytes
    }

    /// The lines; none if the block is no whole lines.
    public var lines: Lines { Lines(bytes: content == .lines ? bytes : .empty, offset: offset) }
}

/// The lines of a block. Only the byte 0x0A ends a line; NUL bytes before it are no part of it.
public struct Lines: Sequence, IteratorProtocol {
    /// A line without its newline, and where it starts in the file.
    public typealias Element = (line: ByteSlice, offset: Int64)

    private let bytes: ByteSlice
    private let offset: Int64
    private var place = 0

    init(bytes: ByteSlice, offset: Int64) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The next line.
    public mutating func next() -> Element? {
        guard let end = bytes.first(0x0A, from: place) else { return nil }
        var start = place
        while bytes[start] == 0 { start += 1 }
        place = end + 1
        return (bytes[start..<end], offset + Int64(start))
    }
}
