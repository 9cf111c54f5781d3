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

    let files: any LogFileSystem
    private let hash: KeyedHash
    /// Lines that are not to be looked into.
    var poison: [SuspectLine] = []
    /// Room for the anchor, the longest line with its newline, and 64 bytes that may be read.
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// The most bytes that a turn takes up behind the offset.
    static let window = max(Bounds.lineBytes, Bounds.turnBytes) + 1
    /// The most bytes that are asked of a file at once.
    static let longestRead = Generation.anchorBytes + window
    /// A partial line longer than this is not read again before its newline has come.
    static let rereadBytes: Int64 = 64 * 1024

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
            if stream.position.offset < stream.position.seam {
                if let step = try readSeam(stream, body) { return step }
            }
            if stream.scanned - stream.lineStart > Self.rereadBytes {
                if let step = try scan(stream, body) { return step }
            }
            // Going back in an archive begins at its front.
            if stream.position.packed != nil, stream.hole > stream.position.offset {
                return try readBehindHole(stream, body)
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

    /// What an anchor is to a file.
    enum Hold { case broken, holds, holdsBehindNewline, beyondEnd }

    /// Whether the bytes of an anchor stand in a file.
    func hold(of anchor: Anchor, in file: Int32) throws(SystemError) -> Hold {
        guard anchor.length > 0, anchor.length <= Generation.anchorBytes,
            anchor.offset >= anchor.length
        else { return .broken }
        let start = anchor.offset - Int64(anchor.length)
        let bytes = try read(file, at: start, count: anchor.length)
        if bytes.count < anchor.length { return .beyondEnd }
        if hash(bytes) != anchor.hash { return .broken }
        return bytes[bytes.count - 1] == 0x0A ? .holdsBehindNewline : .holds
    }

    /// Whether all that was read of a stream stands in a file of `size` bytes. What ended in the middle of a
    /// line has to be more than a heading.
    func holdsAll(
        of position: StreamPosition, in file: Int32, _ size: Int64
    ) throws(SystemError) -> Bool {
        switch try hold(of: position.lastAnchor, in: file) {
        case .holdsBehindNewline: true
        case .holds: position.offset == size || Generation.isMoreThanHeading(position)
        case .broken, .beyondEnd: false
        }
    }

    /// How far a file of `size` bytes that begins like a stream is proven to be it.
    ///
    /// - Returns: the last anchor that holds behind a line or at the end, nil if none does; `isWhole` if
    ///   that is the last one within the file, or if there is none and the beginning is all there is to
    ///   compare.
    func proof(
        of position: StreamPosition, in file: Int32, size: Int64
    ) throws(SystemError) -> (anchor: Anchor?, isWhole: Bool) {
        let within = (position.anchors + [position.lastAnchor]).filter {
            $0.offset <= size && $0.offset > 0
        }
        var isWhole = true
        for anchor in within.reversed() {
            switch try hold(of: anchor, in: file) {
            case .holdsBehindNewline: return (anchor, isWhole)
            case .holds where anchor.offset == size: return (anchor, isWhole)
            case .holds: break
            case .broken, .beyondEnd: isWhole = false
            }
        }
        return (nil, isWhole)
    }

    /// Whether there is anything in a file at an offset.
    func reaches(beyond offset: Int64, in file: Int32) throws(SystemError) -> Bool {
        try !read(file, at: offset, count: 1).isEmpty
    }

    private func isAnchor(_ bytes: ByteSlice, of position: StreamPosition) -> Bool {
        bytes.isEmpty || hash(bytes) == position.anchor
    }

    /// Lets the anchor of a position be the last of the bytes that stand before its offset.
    func setAnchor(of position: inout StreamPosition, _ bytes: ByteSlice) {
        let length = min(bytes.count, Generation.anchorBytes)
        position.anchorLength = length
        position.anchor = hash(bytes[(bytes.count - length)..<bytes.count])
    }

    /// Whole lines at the beginning of a file as a proof of them; nil if there are none.
    func anchor(of lines: some Collection<UInt8>) -> Anchor? {
        lines.isEmpty ? nil : anchor(of: inBuffer(Array(lines)), at: Int64(lines.count))
    }

    /// A proof of bytes that end at an offset.
    func anchor(of bytes: ByteSlice, at offset: Int64) -> Anchor {
        let length = min(bytes.count, Self.shortAnchor)
        return Anchor(
            offset: offset, length: length, hash: hash(bytes[(bytes.count - length)..<bytes.count]))
    }

    /// Bytes of a file in the buffer, from a place in it on; valid until the next read over them.
    func read(
        _ file: Int32, at offset: Int64, count: Int, into place: Int = 0
    ) throws(SystemError) -> ByteSlice {
        let start = unsafe buffer.baseAddress.unsafelyUnwrapped + place
        // SAFETY: the buffer is longer than any count asked for by 64 bytes, and initialised.
        let room = unsafe UnsafeMutableRawBufferPointer(
            start: start, count: min(count, buffer.count - 64 - place))
        let found = unsafe try files.read(file, into: room, at: offset)
        return unsafe ByteSlice(start: UnsafePointer(start), count: found)
    }

    /// A copy of some bytes, in the buffer.
    func inBuffer(_ bytes: [UInt8]) -> ByteSlice {
        unsafe precondition(bytes.count <= buffer.count - 64)
        guard !bytes.isEmpty else { return .empty }
        let start = unsafe buffer.baseAddress.unsafelyUnwrapped
        // SAFETY: there is room for them and 64 bytes more.
        unsafe bytes.withUnsafeBytes {
            _ = unsafe memcpy(start, $0.baseAddress.unsafelyUnwrapped, $0.count)
        }
        return unsafe ByteSlice(start: UnsafePointer(start), count: bytes.count)
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
        if let done = handOver(stream, bytes, from: place, start: start, body) {
            return step(stream, ended: ended, done: done, of: bytes, from: start)
        }
        if place < bytes.count, bytes[place] == 0 { return try readBehindHole(stream, body) }
        if !ended, window < Self.window {
            return try readLines(stream, window: Self.window, body)
        }
        stream.hole = 0
        keepBeginning(of: stream, bytes[place..<bytes.count])
        stream.scanned = max(stream.position.offset, start + Int64(bytes.count))
        return ended ? .caughtUp : .more
    }

    /// Reads lines before the seam, and what there is of one that ends there: whoever goes on writing
    /// begins a line of his own.
    ///
    /// - Returns: nil if the file ends before it, and nothing of it is left to be read.
    private func readSeam(
        _ stream: LogStream, _ body: (Block) -> Void
    ) throws(SystemError) -> Step? {
        let anchored = stream.position.anchorLength
        let start = stream.position.offset - Int64(anchored)
        let left = stream.position.seam - stream.position.offset
        let room = anchored + Int(min(left, Int64(Bounds.turnBytes)))
        let bytes = try read(stream.file, at: start, count: room)
        guard bytes.count >= anchored, isAnchor(bytes[0..<anchored], of: stream.position)
        else { return .rewritten }
        if bytes.count < room { stream.position.seam = start + Int64(bytes.count) }
        if bytes.count == anchored { return nil }
        if handOver(stream, bytes, from: anchored, start: start, body) == nil {
            advance(stream, to: bytes.count, of: bytes, from: start)
        }
        return .more
    }

    /// Hands over the whole lines that begin at a place in bytes which begin at `start` of the file, up
    /// to one that is not to be looked into; if that is the first, it alone.
    ///
    /// - Returns: how many of the bytes are done with; nil if there is no whole line.
    func handOver(
        _ stream: LogStream, _ bytes: ByteSlice, from place: Int, start: Int64,
        _ body: (Block) -> Void
    ) -> Int? {
        guard let newline = bytes.last(0x0A, from: place) else { return nil }
        var end = newline + 1
        let poison = firstPoison(in: bytes[0..<end], from: place, start: start)
        if let poison, let before = bytes[0..<poison.lowerBound].last(0x0A, from: place) {
            end = before + 1
        } else if let poison {
            end = poison.upperBound + 1
        }
        if let poison, end > poison.lowerBound {
            let beginning = bytes[poison.prefix(Bounds.quarantinedBytes)]
            let content = Block.Content.poison(length: Int64(poison.count))
            body(block(stream, content, at: start + Int64(poison.lowerBound), beginning))
        } else {
            body(block(stream, .lines, at: start + Int64(place), bytes[place..<end]))
        }
        advance(stream, to: end, of: bytes, from: start)
        return end
    }

    /// The first line that is not to be looked into.
    private func firstPoison(in bytes: ByteSlice, from place: Int, start: Int64) -> Range<Int>? {
        var first: Range<Int>?
        for suspect in poison {
            let line = suspect.offset - start
            guard line >= place, line < bytes.count, line < first?.lowerBound ?? .max,
                let end = bytes.first(0x0A, from: Int(line)),
                suspect.isLine(bytes[Int(line)..<end])
            else { continue }
            first = Int(line)..<end
        }
        return first
    }

    /// What comes after lines that end at `done` in bytes which begin at `start` of the file.
    ///
    /// - Parameter ended: Whether the file ends where the bytes do.
    func step(
        _ stream: LogStream, ended: Bool, done: Int, of bytes: ByteSlice, from start: Int64
    ) -> Step {
        guard ended, bytes.first(0x0A, from: done) == nil else { return .more }
        // The next turn finds out how far the hole goes.
        if done < bytes.count, bytes[done] == 0 { return .more }
        stream.scanned = start + Int64(bytes.count)
        return .caughtUp
    }

    /// Moves the offset to `place` in `bytes`, which begin at `start` of the file: the bytes before the
    /// offset, or what stands behind a hole.
    func advance(_ stream: LogStream, to place: Int, of bytes: ByteSlice, from start: Int64) {
        let offset = start + Int64(place)
        let before = stream.position.offset
        let fresh = max(0, Int(before - start))
        if stream.position.head.count < Generation.headBytes {
            let line = bytes[fresh..<min(place, fresh + Generation.headBytes)].array
            extendHead(of: &stream.position, from: start + Int64(fresh), by: line)
        }
        stream.position.keepAnchor(before: offset)
        keepAnchors(stream, within: bytes[0..<place], from: start, behind: fresh)
        setAnchor(of: &stream.position, bytes[0..<place])
        stream.position.offset = offset
        stream.scanned = offset
        stream.beginning = []
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
            stream.position.anchors.append(
                anchor(of: bytes[0..<place], at: start + Int64(place)))
        }
    }

    /// Distances from the end of a block, and how many bytes its inner anchors cover.
    private static let anchorDistances = [65_536, 16_384, 4096, 1024, 256, 64, 16]
    private static let shortAnchor = 256

    func note(size: Int64, ended: Bool, of stream: LogStream) {
        let known = stream.position.size
        let size = ended ? size : max(size, known)
        stream.provenSize = size
        if size != known {
            stream.position.size = size
            stream.changed = true
        }
    }

    func block(
        _ stream: LogStream, _ content: Block.Content, at offset: Int64, _ bytes: ByteSlice
    ) -> Block {
        Block(
            stream: stream.position.id, source: stream.source ?? 0, offset: offset,
            head: stream.position.head, content: content,
            isSeam: stream.position.offset < stream.position.seam, bytes: bytes)
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
