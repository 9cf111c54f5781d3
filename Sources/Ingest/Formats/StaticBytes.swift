import Core

/// Texts of the configuration, at an address that stays, so that events can point at them.
///
/// SAFETY: the memory belongs to this value alone and lives as long as its decoder, which is longer
/// than any event.
@safe
struct StaticBytes: ~Copyable {
    private let memory: UnsafeMutablePointer<UInt8>
    private let ranges: [Range<Int>]

    /// Copies the texts.
    init(_ texts: [[UInt8]]) {
        let all = texts.flatMap { $0 }
        unsafe memory = .allocate(capacity: all.count + 1)
        for (place, byte) in all.enumerated() { unsafe memory[place] = byte }
        var start = 0
        ranges = texts.map { text in
            defer { start += text.count }
            return start..<(start + text.count)
        }
    }

    deinit { unsafe memory.deallocate() }

    /// The text of that number.
    subscript(number: Int) -> ByteSlice {
        let range = ranges[number]
        return unsafe ByteSlice(start: memory + range.lowerBound, count: range.count)
    }
}
