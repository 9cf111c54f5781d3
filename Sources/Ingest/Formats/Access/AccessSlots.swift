import Core
import Glibc

/// The values of one line, found by the steps of a template.
///
/// SAFETY: the memory belongs to this value alone; literals are copied into it once.
@safe
struct AccessSlots: ~Copyable {
    /// A step in a form that costs nothing to look at.
    @unsafe private struct Cut {
        enum Shape: UInt8 { case open, quoted, address, fixed }
        var shape: Shape
        var width: Int
        var literal: UnsafePointer<UInt8>
        var literalCount: Int
    }

    private let template: AccessTemplate
    private let count: Int
    private let cuts: UnsafeMutablePointer<Cut>
    private let values: UnsafeMutablePointer<ByteSlice>
    private let literals: UnsafeMutablePointer<UInt8>

    /// Room for the values of a template.
    init(_ template: AccessTemplate) {
        self.template = template
        count = template.steps.count
        unsafe cuts = .allocate(capacity: count)
        unsafe values = .allocate(capacity: count)
        unsafe values.initialize(repeating: .empty, count: count)
        let bytes = template.steps.reduce(0) { $0 + $1.literal.count }
        unsafe literals = .allocate(capacity: bytes + 1)
        var used = 0
        for (place, step) in template.steps.enumerated() {
            let start = unsafe literals + used
            for (index, byte) in step.literal.enumerated() { unsafe start[index] = byte }
            used += step.literal.count
            var width = 0
            var shape = Cut.Shape.open
            switch step.shape {
            case .open: shape = .open
            case .quoted: shape = .quoted
            case .address: shape = .address
            case .fixed(let bytes): (shape, width) = (.fixed, bytes)
            }
            unsafe (cuts + place).initialize(
                to: Cut(
                    shape: shape, width: width, literal: UnsafePointer(start),
                    literalCount: step.literal.count))
        }
    }

    deinit {
        unsafe cuts.deallocate()
        unsafe values.deallocate()
        unsafe literals.deallocate()
    }

    /// The value of a step, as it stands in the line.
    subscript(slot: Int) -> ByteSlice {
        precondition(slot < count)
        return unsafe values[slot]
    }

    /// Where a line stopped to be like the template.
    struct Mismatch {
        /// The step that failed; nil: the text before the first value.
        var step: Int?
        /// The byte at which it began.
        var place: Int
    }

    /// Finds all values of a line.
    ///
    /// - Returns: nil if the whole line is like the template.
    /// - Complexity: O(n) in the bytes, and each is looked at once or twice.
    borrowing func match(_ line: ByteSlice) -> Mismatch? {
        guard let start = unsafe line.start else { return Mismatch(step: nil, place: 0) }
        let end = line.count
        var place = template.prefix.count
        guard place <= end, place == 0 || begins(line) else { return Mismatch(step: nil, place: 0) }
        for step in 0..<count {
            let cut = unsafe cuts + step
            // SAFETY: `place` is within the line, and what is found is checked to be.
            guard let stop = unsafe Self.stop(start, place, end, cut.pointee) else {
                return Mismatch(step: step, place: place)
            }
            unsafe values[step] = ByteSlice(start: start + place, count: stop - place)
            place = unsafe stop + cut.pointee.literalCount
        }
        return place == end ? nil : Mismatch(step: count, place: place)
    }

    private borrowing func begins(_ line: ByteSlice) -> Bool {
        unsafe template.prefix.withUnsafeBufferPointer {
            unsafe line[0..<$0.count].equals(ByteSlice($0))
        }
    }

    /// Where the value that starts at `place` ends, if its literal follows there.
    @inline(__always)
    private static func stop(
        _ start: UnsafePointer<UInt8>, _ place: Int, _ end: Int, _ cut: Cut
    ) -> Int? {
        switch unsafe cut.shape {
        case .fixed:
            let stop = unsafe place + cut.width
            return unsafe stop <= end && follows(start, stop, end, cut) ? stop : nil
        case .quoted:
            guard let stop = unsafe quote(start, place, end) else { return nil }
            return unsafe follows(start, stop, end, cut) ? stop : nil
        case .open:
            return unsafe find(start, place, end, cut)
        case .address:
            var from = place
            if unsafe place < end && start[place] == 0x5B {
                while unsafe from < end && start[from] != 0x5D { from += 1 }
                if from == end { from = place }
            }
            return unsafe find(start, from, end, cut)
        }
    }

    /// The first place from `place` on where the literal stands; the end if there is none.
    @inline(__always)
    private static func find(
        _ start: UnsafePointer<UInt8>, _ place: Int, _ end: Int, _ cut: Cut
    ) -> Int? {
        guard unsafe cut.literalCount > 0 else { return end }
        let byte = unsafe Int32(cut.literal[0])
        var place = place
        while place < end, let found = unsafe memchr(start + place, byte, end - place) {
            let stop = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
            if unsafe follows(start, stop, end, cut) { return stop }
            place = stop + 1
        }
        return nil
    }

    /// The first quote from `place` on with an even number of backslashes before it.
    @inline(__always)
    private static func quote(
        _ start: UnsafePointer<UInt8>, _ place: Int, _ end: Int
    ) -> Int? {
        var from = place
        while from < end, let found = unsafe memchr(start + from, 0x22, end - from) {
            let stop = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
            var first = stop
            while unsafe first > place && start[first - 1] == 0x5C { first -= 1 }
            if (stop - first) & 1 == 0 { return stop }
            from = stop + 1
        }
        return nil
    }

    @inline(__always)
    private static func follows(
        _ start: UnsafePointer<UInt8>, _ place: Int, _ end: Int, _ cut: Cut
    ) -> Bool {
        let count = unsafe cut.literalCount
        guard place + count <= end else { return false }
        for index in 0..<count where unsafe start[place + index] != cut.literal[index] {
            return false
        }
        return true
    }
}
