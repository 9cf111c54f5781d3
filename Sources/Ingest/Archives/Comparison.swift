import Core

/// Holds an archive against the file of a stream that was read to its end, byte by byte from the last
/// line on that is proven: either may have been cut off or written to since one was made of the other.
struct Comparison {
    let stream: LogStream
    /// Behind the last line that both have.
    private(set) var proven: Anchor?
    /// So many bytes are equal.
    private var equal: Int64

    private static let step = 64 * 1024

    init(with stream: LogStream, from proven: Anchor?) {
        self.stream = stream
        self.proven = proven
        equal = proven?.offset ?? 0
    }

    /// Goes on; nil if it has to be asked again. Unpacking takes more than one turn: `EAGAIN`.
    ///
    /// - Returns: whether the archive is the beginning of the file.
    mutating func step(_ reader: StreamReader, _ archive: Int32) throws(SystemError) -> Bool? {
        let before = min(equal, Int64(Generation.anchorBytes))
        let start = equal - before
        let count = Int(before) + Self.step
        let packed = try reader.read(archive, at: start, count: count).array
        let plain = try reader.read(stream.file, at: start, count: count)
        let fresh = Int(before)
        guard packed.count > fresh else { return true }
        var end = fresh
        while end < packed.count, end < plain.count, packed[end] == plain[end] { end += 1 }
        if let newline = packed[fresh..<end].lastIndex(of: 0x0A) {
            proven = reader.anchor(of: plain[0..<(newline + 1)], at: start + Int64(newline) + 1)
        }
        equal = start + Int64(end)
        return end < packed.count ? false : nil
    }
}
