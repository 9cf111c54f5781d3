import Core
import Glibc

/// The content of a compressed file, to be read at offsets like a plain one.
///
/// It is unpacked from the front to the back and only a window of it is held, so that reading on is
/// cheap and reading back begins again at the front. A read does a bounded amount of work; one that
/// needs more fails with `EAGAIN`, and goes on when it is asked again.
///
/// Invariants: `window` holds the content from `base` to `produced`. `state` changes once from
/// `.unpacking`, at the end of the input or at the first damage, and what was made before is good.
@safe
final class Unpacker {
    /// How far it got.
    enum State: Equatable {
        case unpacking
        /// Everything was there.
        case complete
        /// The file ends in the middle: it is still being written, or was cut off.
        case cutOff
        case damaged(String)
    }

    private let files: any LogFileSystem
    private let file: Int32
    private let compression: Compression
    private var decoder: (any MemberDecoder)?
    /// Whether a member has ended and the next has not begun.
    private var isBetweenMembers = true
    private(set) var state = State.unpacking
    /// Bytes of the file that are done with.
    private(set) var consumed: Int64 = 0

    private let input: UnsafeMutableBufferPointer<UInt8>
    private var pending = 0..<0
    private let window: UnsafeMutableBufferPointer<UInt8>
    private let capacity: Int
    private var base: Int64 = 0
    private var held = 0

    private static let inputBytes = 64 * 1024
    private static let stepBytes = 64 * 1024
    /// The most that is unpacked in one call: some 10 ms of work.
    private static let budget = 4 << 20

    /// The content of an open file, read in pieces of at most `longestRead` bytes.
    init(_ compression: Compression, files: any LogFileSystem, file: Int32, longestRead: Int) {
        self.compression = compression
        self.files = files
        self.file = file
        unsafe input = .allocate(capacity: Self.inputBytes)
        capacity = longestRead + Self.stepBytes
        unsafe window = .allocate(capacity: capacity)
        unsafe input.initialize(repeating: 0)
        unsafe window.initialize(repeating: 0)
    }

    deinit {
        unsafe input.deallocate()
        unsafe window.deallocate()
    }

    /// Bytes unpacked so far; the length of the content once `state` is not `.unpacking`.
    var produced: Int64 { base + Int64(held) }

    /// Reads until the buffer is full or the content ends.
    ///
    /// - Throws: `EAGAIN` where that takes more than one call, and what reading the file throws.
    @unsafe
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        try unpack(from: offset, to: offset + Int64(buffer.count))
        let start = Int(clamping: offset - base)
        let count = max(0, min(buffer.count, held - start))
        // SAFETY: the window holds `held` bytes, and the buffer has room for `count`.
        if count > 0 {
            unsafe memcpy(
                buffer.baseAddress.unsafelyUnwrapped,
                window.baseAddress.unsafelyUnwrapped + start, count)
        }
        return count
    }

    /// Sees to it that the window holds the content between two offsets, as far as there is any.
    private func unpack(from offset: Int64, to end: Int64) throws(SystemError) {
        if offset < base { restart() }
        var spent = 0
        drop(before: offset)
        while state == .unpacking, produced < end {
            guard spent < Self.budget else { throw SystemError(call: "unpack", code: EAGAIN) }
            let before = consumed
            let made = try step()
            spent += made + Int(consumed - before) + 1
            if produced <= offset { drop(before: offset) }
        }
        drop(before: offset)
    }

    private func restart() {
        decoder = nil
        isBetweenMembers = true
        state = .unpacking
        consumed = 0
        pending = 0..<0
        base = 0
        held = 0
    }

    /// Lets go of what lies before an offset.
    private func drop(before offset: Int64) {
        let count = Int(clamping: min(offset - base, Int64(held)))
        guard count > 0 else { return }
        let start = unsafe window.baseAddress.unsafelyUnwrapped
        unsafe memmove(start, start + count, held - count)
        base += Int64(count)
        held -= count
    }

    /// Unpacks up to `stepBytes` behind what is held.
    private func step() throws(SystemError) -> Int {
        if pending.isEmpty { try fill() }
        let isAtEnd = pending.isEmpty
        if isBetweenMembers {
            if isAtEnd { state = consumed > 0 ? .complete : .cutOff }
            if isAtEnd || !beginMember() { return 0 }
        }
        guard let decoder else { return 0 }
        let room = held..<min(held + Self.stepBytes, capacity)
        // Without input too: the decoder may hold output that there was no room for.
        let step = unsafe decoder.step(
            UnsafeBufferPointer(rebasing: input[pending]),
            into: UnsafeMutableBufferPointer(rebasing: window[room]))
        pending = (pending.lowerBound + step.taken)..<pending.upperBound
        consumed += Int64(step.taken)
        held += step.made
        switch step.result {
        case .goesOn: if isAtEnd, step.made == 0 { state = .cutOff }
        case .ended:
            self.decoder = nil
            isBetweenMembers = true
        case .damaged(let why): state = .damaged(why)
        }
        return step.made
    }

    /// Begins the next member, if what follows is more than padding.
    private func beginMember() -> Bool {
        while consumed > 0, let first = pending.first, unsafe input[first] == 0 {
            pending = (first + 1)..<pending.upperBound
            consumed += 1
        }
        guard !pending.isEmpty else { return false }
        decoder = compression.makeDecoder()
        guard decoder != nil else {
            state = .damaged("no memory to unpack it")
            return false
        }
        isBetweenMembers = false
        return true
    }

    /// Reads more of the file; nothing at its end.
    private func fill() throws(SystemError) {
        let count = unsafe try files.read(
            file, into: UnsafeMutableRawBufferPointer(input), at: consumed)
        pending = 0..<count
    }
}
