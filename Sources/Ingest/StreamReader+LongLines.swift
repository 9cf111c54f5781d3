import Core
import Glibc

/// What does not end within one turn: long lines, holes, and the last line of a finished file.
///
/// Nothing here reads farther back than what was read last, but to prove that a plain file is still
/// the same: going back in a compressed file begins at its front, and would never come to an end.
extension StreamReader {
    /// Looks for the end of a long line without keeping it. nil: it can be read now.
    func scan(_ stream: LogStream, _ body: (Block) -> Void) throws(SystemError) -> Step? {
        // What is before it is read again, to be the anchor.
        let known = Int(min(stream.scanned - stream.lineStart, Int64(Generation.anchorBytes)))
        let start = stream.scanned - Int64(known)
        let bytes = try read(stream.file, at: start, count: known + Self.window)
        if bytes.count <= known {
            let size = try files.identify(stream.file).size
            if size >= stream.scanned { return .caughtUp }
            stream.forgetScan()
            return nil
        }
        let ended = bytes.count < known + Self.window
        note(size: start + Int64(bytes.count), ended: ended, of: stream)
        guard let newline = bytes.first(0x0A, from: known) else {
            stream.scanned = start + Int64(bytes.count)
            return ended ? .caughtUp : .more
        }
        let length = start + Int64(newline) - stream.lineStart
        if length <= Int64(Bounds.lineBytes) {
            stream.scanned = stream.lineStart
            return nil
        }
        return try handOverLong(stream, length: length, bytes[0..<(newline + 1)], body)
    }

    /// Hands over the beginning of a line that is too long, after proof that it is still the file.
    ///
    /// - Parameter end: The last bytes of the line and its newline.
    private func handOverLong(
        _ stream: LogStream, length: Int64, _ end: ByteSlice, _ body: (Block) -> Void
    ) throws(SystemError) -> Step {
        let next = position(of: stream, at: stream.lineStart + length + 1, behind: end)
        guard try isProven(stream) else { return .rewritten }
        body(block(stream, .oversize(length: length), at: stream.lineStart, held(stream)))
        stream.move(to: next)
        return .more
    }

    /// Reads on behind a run of NUL bytes at the start of a line, which is no part of it: the hole that
    /// a writer leaves whose file was emptied and who goes on at its old offset. It is moved past
    /// together with the first line behind it, as what is a hole at the end may still be filled.
    func readBehindHole(
        _ stream: LogStream, _ body: (Block) -> Void
    ) throws(SystemError) -> Step {
        let known = stream.lineStart
        guard let data = try files.data(in: stream.file, from: known) else {
            let size = try files.identify(stream.file).size
            if size < known { stream.forgetScan() }
            return reachEnd(stream, max(size, stream.position.offset))
        }
        let room = Generation.anchorBytes
        let bytes = try read(stream.file, at: data, count: Self.window, into: room)
        let ended = bytes.count < Self.window
        note(size: data + Int64(bytes.count), ended: ended, of: stream)
        let zeros = bytes.leadingZeros
        stream.hole = data + Int64(zeros)
        if zeros == bytes.count, ended { return reachEnd(stream, stream.hole) }
        stream.scanned = stream.hole
        // Again from where it ends, with room for the longest line.
        if zeros > 0, !ended { return .more }
        let lines = bytes[zeros..<bytes.count]
        guard lines.first(0x0A) != nil else {
            keepBeginning(of: stream, lines)
            stream.scanned = data + Int64(bytes.count)
            return ended ? .caughtUp : .more
        }
        // The proof comes after what it proves, into the room before it.
        guard try isAnchored(stream) else { return .rewritten }
        let start = stream.hole
        let done = handOver(stream, lines, from: 0, start: start, body)
        return step(stream, ended: ended, done: done ?? 0, of: lines, from: start)
    }

    /// A hole goes on to the end of the file, as far as it has one.
    private func reachEnd(_ stream: LogStream, _ size: Int64) -> Step {
        note(size: size, ended: true, of: stream)
        stream.hole = size
        stream.scanned = size
        stream.beginning = []
        return .caughtUp
    }

    /// Hands over the beginning of the last line of a file that is finished: it gets no newline any
    /// more. A hole at the end is no line.
    func endUnterminated(_ stream: LogStream, _ body: (Block) -> Void) throws(SystemError) {
        guard stream.scanned > stream.position.offset else { return }
        let length = stream.scanned - stream.lineStart
        // No farther back than the last turn read.
        let known = stream.scanned - stream.position.offset + Int64(stream.position.anchorLength)
        let count = Int(min(known, Int64(Generation.anchorBytes)))
        let end = try read(stream.file, at: stream.scanned - Int64(count), count: count)
        let next = position(of: stream, at: stream.scanned, behind: end)
        if length > 0 {
            if stream.beginning.isEmpty {
                let count = min(Int(length), Bounds.quarantinedBytes)
                keepBeginning(of: stream, try read(stream.file, at: stream.lineStart, count: count))
            }
            body(block(stream, .unterminated(length: length), at: stream.lineStart, held(stream)))
        }
        stream.move(to: next)
    }

    /// Keeps the first bytes of a line that does not end yet.
    func keepBeginning(of stream: LogStream, _ line: ByteSlice) {
        stream.beginning = line[0..<min(line.count, Bounds.quarantinedBytes)].array
    }

    /// The kept first bytes of a line, in the buffer.
    private func held(_ stream: LogStream) -> ByteSlice { inBuffer(stream.beginning) }

    /// The position of a stream moved to an offset that was not read in one go with the one before.
    ///
    /// - Parameter bytes: What stands before the new offset.
    private func position(
        of stream: LogStream, at offset: Int64, behind bytes: ByteSlice
    ) -> StreamPosition {
        var next = stream.position
        next.keepAnchor(before: offset)
        setAnchor(of: &next, bytes)
        extendHead(of: &next, from: stream.lineStart, by: stream.beginning)
        next.offset = offset
        return next
    }

    /// Adds to the first bytes of a file, if not all of them are known yet, what stands at `start`; from
    /// the offset to there it has NUL bytes.
    func extendHead(
        of position: inout StreamPosition, from start: Int64, by bytes: some Sequence<UInt8>
    ) {
        let missing = Generation.headBytes - position.head.count
        guard missing > 0, Int64(position.head.count) == position.offset else { return }
        let zeros = min(start - position.offset, Int64(missing))
        position.head += repeatElement(0, count: Int(max(zeros, 0)))
        position.head += bytes.prefix(Generation.headBytes - position.head.count)
    }

    /// Whether an open plain file is still the one that was read: what stands before the offset.
    private func isAnchored(_ stream: LogStream) throws(SystemError) -> Bool {
        guard stream.position.packed == nil else { return true }
        return try anchorMatches(stream.position, in: stream.file)
    }

    /// Whether also the line at hand begins as it did.
    private func isProven(_ stream: LogStream) throws(SystemError) -> Bool {
        guard try isAnchored(stream) else { return false }
        guard stream.position.packed == nil else { return true }
        let line = try read(stream.file, at: stream.lineStart, count: stream.beginning.count)
        return line.array == stream.beginning
    }
}

extension ByteSlice {
    /// How many NUL bytes it begins with.
    ///
    /// - Complexity: O(n), at the speed of memory where there is nothing else.
    fileprivate var leadingZeros: Int {
        var low = 0
        while low < count {
            let piece = self[low..<min(low + 4096, count)]
            if !piece.isZero { break }
            low += piece.count
        }
        while low < count, self[low] == 0 { low += 1 }
        return low
    }

    /// Whether all of it is NUL bytes; there is at least one.
    private var isZero: Bool {
        guard self[0] == 0 else { return false }
        // SAFETY: both lie within the slice.
        return unsafe memcmp(
            start.unsafelyUnwrapped, start.unsafelyUnwrapped + 1, count - 1) == 0
    }
}
