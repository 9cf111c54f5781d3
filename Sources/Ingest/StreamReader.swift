import Core
import Glibc

/// Reads one turn of a stream.
///
/// Each read begins with the bytes that the anchor covers, so that one system call both proves that
/// this is still the file that was read and brings what came after: between proof and use nothing can
/// be exchanged.
@safe
final class StreamReader {
    /// What a turn led to.
    enum Step: Equatable {
        /// There may be more.
        case more
        /// The end of the file, or of its last whole line, is reached.
        case caughtUp
        /// The file is not the one that was read: cut or rewritten.
        case rewritten
        case failed(SystemError)
    }

    private let files: any LogFileSystem
    private let hash: KeyedHash
    /// Room for the anchor, the longest line with its newline, and 64 bytes that may be read.
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// The most bytes that a turn takes up behind the offset.
    private static let window = max(Bounds.lineBytes, Bounds.turnBytes) + 1
    /// The most bytes that are asked of a file at once.
    static let longestRead = Generation.anchorBytes + window
    /// A partial line longer than this is not read again before its newline has come.
    private static let rereadBytes: Int64 = 64 * 1024

    init(files: any LogFileSystem, hash: KeyedHash) {
        self.files = files
        self.hash = hash
        unsafe buffer = .allocate(capacity: Generation.anchorBytes + Self.window + 64)
        _ = unsafe memset(buffer.baseAddress.unsafelyUnwrapped, 0, buffer.count)
    }

    deinit { unsafe buffer.deallocate() }

    /// Reads at most a window behind the offset and hands over the whole lines in it.
    func turn(_ stream: LogStream, _ body: (Block) -> Void) -> Step {
        do throws(SystemError) {
            if stream.scanned - stream.position.offset > Self.rereadBytes {
                if let step = try scan(stream, body) { return step }
            }
            return try readLines(stream, body)
        } catch {
            // What is unpacked on the way goes on in the next turn.
            return error.code == EAGAIN ? .more : .failed(error)
        }
    }

    /// The first bytes of a file.
    func head(of file: Int32) throws(SystemError) -> [UInt8] {
        try read(file, at: 0, count: Generation.headBytes).array
    }

    /// Whether the bytes before the offset of `position` are those that were read.
    func anchorMatches(_ position: StreamPosition, in file: Int32) throws(SystemError) -> Bool {
        let start = position.offset - Int64(position.anchorLength)
        let bytes = try read(file, at: start, count: position.anchorLength)
        return bytes.count == position.anchorLength && isAnchor(bytes, of: position)
    }

    /// Whether the bytes of an anchor stand in a file; nil if that is not so long.
    func holds(_ anchor: Anchor, in file: Int32) throws(SystemError) -> Bool? {
        guard anchor.length <= Generation.anchorBytes, anchor.offset >= anchor.length else {
            return false
        }
        let start = anchor.offset - Int64(anchor.length)
        let bytes = try read(file, at: start, count: anchor.length)
        return bytes.count == anchor.length ? hash(bytes) == anchor.hash : nil
    }

    /// How far a file of `size` bytes that begins like a stream is proven to be it.
    ///
    /// - Returns: the offset of the last anchor that holds, 0 if none does; `isWhole` if that is the
    ///   last one within the file, or if there is none and the beginning is all there is to compare.
    func proof(
        of position: StreamPosition, in file: Int32, size: Int64
    ) throws(SystemError) -> (offset: Int64, isWhole: Bool) {
        let within = position.anchors.filter { $0.offset <= size && $0.offset > 0 }
        for (place, anchor) in within.enumerated().reversed()
        where try holds(anchor, in: file) == true {
            return (anchor.offset, place == within.count - 1)
        }
        return (0, within.isEmpty)
    }

    /// Whether there is anything in a file at an offset.
    func reaches(beyond offset: Int64, in file: Int32) throws(SystemError) -> Bool {
        try !read(file, at: offset, count: 1).isEmpty
    }

    /// Hands over the beginning of the last line of a file that is finished: it gets no newline any
    /// more.
    func endUnterminated(_ stream: LogStream, _ body: (Block) -> Void) throws(SystemError) {
        let length = stream.scanned - stream.position.offset
        guard length > 0 else { return }
        var next = stream.position
        next.keepAnchor(before: stream.scanned)
        next.offset = stream.scanned
        try anchor(&next, in: stream.file)
        let count = min(Int(length), Bounds.quarantinedBytes)
        let bytes = try read(stream.file, at: stream.position.offset, count: count)
        body(block(stream, .unterminated(length: length), bytes))
        stream.position = next
        stream.changed = true
    }

    private func isAnchor(_ bytes: ByteSlice, of position: StreamPosition) -> Bool {
        bytes.isEmpty || hash(bytes) == position.anchor
    }

    /// Sets head and anchor of a position at `offset`, which the file reaches.
    func anchor(_ position: inout StreamPosition, in file: Int32) throws(SystemError) {
        let length = Int(min(position.offset, Int64(Generation.anchorBytes)))
        let bytes = try read(file, at: position.offset - Int64(length), count: length)
        position.anchorLength = bytes.count
        position.anchor = hash(bytes)
        let head = try read(file, at: 0, count: Int(min(position.offset, 1024)))
        position.head = head.array
    }

    /// Bytes of a file in the buffer, valid until the next read.
    private func read(_ file: Int32, at offset: Int64, count: Int) throws(SystemError) -> ByteSlice
    {
        // SAFETY: the buffer is longer than any count asked for by 64 bytes, and initialised.
        let room = unsafe UnsafeMutableRawBufferPointer(
            start: buffer.baseAddress, count: min(count, buffer.count - 64))
        let found = unsafe try files.read(file, into: room, at: offset)
        return unsafe ByteSlice(start: UnsafePointer(buffer.baseAddress), count: found)
    }

    /// - Parameter window: Few enough bytes to stay in the processor's cache from the copy to the last
    ///   use; a line that does not fit is read again with all the room there is.
    private func readLines(
        _ stream: LogStream, window: Int = Bounds.turnBytes, _ body: (Block) -> Void
    ) throws(SystemError) -> Step {
        let anchored = stream.position.anchorLength
        let start = stream.position.offset - Int64(anchored)
        let bytes = try read(stream.file, at: start, count: anchored + window)
        guard bytes.count >= anchored, isAnchor(bytes[0..<anchored], of: stream.position)
        else { return .rewritten }
        let ended = bytes.count < anchored + window
        note(size: start + Int64(bytes.count), ended: ended, of: stream)
        var place = anchored
        if start == 0, anchored == 0, Self.hasMark(bytes) {
            place = 3
            advance(stream, to: place, of: bytes, from: start)
        }
        guard let last = bytes.last(0x0A, from: place) else {
            if !ended, window < Self.window {
                return try readLines(stream, window: Self.window, body)
            }
            stream.scanned = max(stream.position.offset, start + Int64(bytes.count))
            return ended ? .caughtUp : .more
        }
        let lines = bytes[place..<(last + 1)]
        body(block(stream, .lines, lines))
        advance(stream, to: last + 1, of: bytes, from: start)
        if ended { stream.scanned = start + Int64(bytes.count) }
        return ended ? .caughtUp : .more
    }

    /// Looks for the end of a long line without keeping it. nil: it can be read now.
    private func scan(_ stream: LogStream, _ body: (Block) -> Void) throws(SystemError) -> Step? {
        let bytes = try read(stream.file, at: stream.scanned, count: Self.window)
        let ended = bytes.count < Self.window
        if bytes.isEmpty {
            let size = try files.identify(stream.file).size
            if size >= stream.scanned { return .caughtUp }
            stream.scanned = stream.position.offset
            return nil
        }
        note(size: stream.scanned + Int64(bytes.count), ended: ended, of: stream)
        guard let newline = bytes.first(0x0A) else {
            stream.scanned += Int64(bytes.count)
            return ended ? .caughtUp : .more
        }
        let end = stream.scanned + Int64(newline)
        let length = end - stream.position.offset
        if length <= Int64(Bounds.lineBytes) {
            stream.scanned = stream.position.offset
            return nil
        }
        return try handOverLong(stream, length: length, body)
    }

    /// Hands over the beginning of a line that is too long, after proof that it is still the file.
    private func handOverLong(
        _ stream: LogStream, length: Int64, _ body: (Block) -> Void
    ) throws(SystemError) -> Step {
        var next = stream.position
        next.keepAnchor(before: next.offset + length + 1)
        next.offset += length + 1
        try anchor(&next, in: stream.file)
        let anchored = stream.position.anchorLength
        let bytes = try read(
            stream.file, at: stream.position.offset - Int64(anchored),
            count: anchored + Bounds.quarantinedBytes)
        guard bytes.count == anchored + Bounds.quarantinedBytes,
            isAnchor(bytes[0..<anchored], of: stream.position)
        else { return .rewritten }
        let beginning = bytes[anchored..<bytes.count]
        body(block(stream, .oversize(length: length), beginning))
        stream.position = next
        stream.scanned = next.offset
        stream.changed = true
        return .more
    }

    /// Moves the offset to `place` in `bytes`, which begin at `start` of the file.
    private func advance(
        _ stream: LogStream, to place: Int, of bytes: ByteSlice, from start: Int64
    ) {
        let offset = start + Int64(place)
        let length = min(place, Generation.anchorBytes)
        let fresh = place - Int(offset - stream.position.offset)
        stream.position.keepAnchor(before: offset)
        keepAnchors(stream, within: bytes[0..<place], from: start, behind: fresh)
        stream.position.anchor = hash(bytes[(place - length)..<place])
        stream.position.anchorLength = length
        if start == 0, stream.position.head.count < Generation.headBytes {
            stream.position.head = bytes[0..<min(place, Generation.headBytes)].array
        }
        stream.position.offset = offset
        stream.scanned = offset
        stream.changed = true
    }

    /// Anchors within a block that was read in one go, behind newlines: without them nothing would be
    /// known of what is between its ends.
    private func keepAnchors(
        _ stream: LogStream, within bytes: ByteSlice, from start: Int64, behind fresh: Int
    ) {
        for distance in Self.anchorDistances {
            guard distance < bytes.count - fresh,
                let newline = bytes[0..<(bytes.count - distance)].last(0x0A, from: fresh)
            else { continue }
            let place = newline + 1
            let length = min(place, Self.shortAnchor)
            stream.position.anchors.append(
                Anchor(
                    offset: start + Int64(place), length: length,
                    hash: hash(bytes[(place - length)..<place])))
        }
    }

    /// Distances from the end of a block, and how many bytes its inner anchors cover.
    private static let anchorDistances = [65_536, 16_384, 4096, 1024, 256, 64, 16]
    private static let shortAnchor = 256

    private func note(size: Int64, ended: Bool, of stream: LogStream) {
        let known = stream.position.size
        let size = ended ? size : max(size, known)
        stream.provenSize = size
        if size != known {
            stream.position.size = size
            stream.changed = true
        }
    }

    private func block(
        _ stream: LogStream, _ content: Block.Content, _ bytes: ByteSlice
    ) -> Block {
        Block(
            stream: stream.position.id, source: stream.source ?? 0,
            offset: stream.position.offset, head: stream.position.head, content: content,
            bytes: bytes)
    }

    /// Whether the bytes begin with the byte order mark of UTF-8.
    private static func hasMark(_ bytes: ByteSlice) -> Bool {
        bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    }
}

extension ByteSlice {
    /// The place of the last `byte` at or after `from`.
    fileprivate func last(_ byte: UInt8, from: Int) -> Int? {
        guard from < count else { return nil }
        var place = count - 1
        while place >= from {
            if self[place] == byte { return place }
            place -= 1
        }
        return nil
    }
}
