internal import Glibc

/// Bytes on their way to a file, put together without an allocation per line.
///
/// SAFETY: `start` has `capacity` bytes. `beginLine()` sees to it that `longestLine` of them are
/// free, and no line is longer, so that the single appends need no check; `endLine()` proves it.
@safe
struct LineBuffer: ~Copyable {
    /// No line may be longer, in bytes.
    static let longestLine = 1024
    private static let capacity = 1 << 20

    /// How many bytes wait to be written.
    private(set) var count = 0
    private let start: UnsafeMutablePointer<UInt8>
    private let descriptor: Int32
    private let path: String
    private var usableLines: [Range<Int>] = []
    private var lineStart = 0

    /// Opens a file anew; standard output without one.
    init(path: String?) throws {
        self.path = path ?? "standard output"
        descriptor =
            path.map { unsafe open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
            ?? STDOUT_FILENO
        unsafe start = .allocate(capacity: Self.capacity)
        if descriptor < 0 { throw WriteError(path: self.path, code: errno) }
    }

    deinit {
        unsafe start.deallocate()
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// Makes room for a line.
    mutating func beginLine() throws {
        if count > Self.capacity - Self.longestLine { try flush() }
        lineStart = count
    }

    /// Ends the line. One that is usable may be repeated later.
    mutating func endLine(isUsable: Bool) {
        self.append(0x0A)
        precondition(count - lineStart <= Self.longestLine)
        if isUsable { usableLines.append(lineStart..<count) }
    }

    /// Takes back what was appended to the line from its byte `length` on.
    mutating func shortenLine(to length: Int) { count = min(count, lineStart + length) }

    /// Appends a usable line of those that still wait, newline and all; false if there is none.
    mutating func repeatLine(_ random: UInt64) -> Bool {
        guard !usableLines.isEmpty else { return false }
        let line = usableLines[Int(random % UInt64(usableLines.count))]
        unsafe memcpy(start + count, start + line.lowerBound, line.count)
        count += line.count
        return true
    }

    /// Writes everything out.
    mutating func flush() throws {
        var written = 0
        while written < count {
            let some = unsafe Glibc.write(descriptor, start + written, count - written)
            if some < 0, errno == EINTR { continue }
            if some <= 0 { throw WriteError(path: path, code: errno) }
            written += some
        }
        count = 0
        usableLines.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        unsafe start[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe memcpy(start + count, text.utf8Start, text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    /// Appends a number in decimal, with leading zeros up to `width`.
    @inline(__always)
    mutating func append(_ value: Int, width: Int) {
        var rest = value
        for place in stride(from: width - 1, through: 0, by: -1) {
            unsafe start[count + place] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += width
    }

    /// Appends 16 hexadecimal digits.
    @inline(__always)
    mutating func appendHex(_ value: UInt64) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 0xF
            unsafe start[count + place] = digit &+ (digit < 10 ? 0x30 : 0x57)
        }
        count += 16
    }
}
