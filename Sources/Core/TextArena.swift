/// Text in one run of bytes, each piece known by its place: what many rows hold is written once, one
/// after the other, without an allocation for each.
public struct TextArena: Sendable {
    /// A piece of text by its place.
    public struct Piece: Sendable, Equatable {
        /// Where it begins; negative stands for no text at all.
        public var start: Int32
        /// How long it is, in bytes.
        public var count: Int32

        /// No text, which a database shows as NULL.
        public static let none = Piece(start: -1, count: 0)

        /// The text at a place.
        public init(start: Int32, count: Int32) {
            self.start = start
            self.count = count
        }
    }

    /// All bytes, UTF-8.
    public private(set) var bytes: [UInt8] = []

    /// No text.
    public init() {}

    /// Starts anew, keeping the memory.
    public mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Makes room for so many bytes.
    public mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// All of the text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// A piece as a string; nil for no text.
    public subscript(piece: Piece) -> String? {
        guard piece.start >= 0 else { return nil }
        let range = Int(piece.start)..<Int(piece.start + piece.count)
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// The piece that `body` writes. An arena holds less than 2 GiB.
    public mutating func piece(_ body: (inout TextArena) -> Void) -> Piece {
        let start = bytes.count
        body(&self)
        return Piece(start: Int32(start), count: Int32(bytes.count - start))
    }

    // Not generic: a generic one is not specialised for callers in other modules.

    /// A piece of these bytes.
    public mutating func piece(of text: [UInt8]) -> Piece { piece { $0.raw(text) } }

    /// A piece of this text.
    public mutating func piece(of text: String) -> Piece {
        piece { $0.bytes.append(contentsOf: text.utf8) }
    }

    // MARK: Writing

    /// Text as it is.
    public mutating func raw(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Text as it is.
    public mutating func raw(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    /// A JSON string, quoted and escaped.
    public mutating func string(_ text: [UInt8]) {
        bytes.append(0x22)
        for byte in text {
            switch byte {
            case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
            case 0..<0x20: escape(byte)
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }

    /// An integer.
    public mutating func integer(_ value: Int64) {
        bytes.append(addingCapacity: 20) { $0.integer(value) }
    }

    /// Three integers as a JSON array, and a fourth unless it is 0.
    public mutating func array(_ first: Int64, _ second: Int64, _ third: Int64, _ fourth: Int64) {
        bytes.append(addingCapacity: 85) { text in
            text.append(0x5B)
            text.integer(first)
            text.append(0x2C)
            text.integer(second)
            text.append(0x2C)
            text.integer(third)
            if fourth != 0 {
                text.append(0x2C)
                text.integer(fourth)
            }
            text.append(0x5D)
        }
    }

    /// Points as a decimal number without trailing zeros.
    public mutating func points(_ value: Micropoints) {
        bytes.append(addingCapacity: 21) { text in
            if value < 0 { text.append(0x2D) }
            text.digits(value.magnitude / 1_000_000)
            var rest = value.magnitude % 1_000_000
            guard rest != 0 else { return }
            text.append(0x2E)
            var scale: UInt64 = 100_000
            while rest != 0 {
                text.append(0x30 + UInt8(rest / scale))
                rest %= scale
                scale /= 10
            }
        }
    }

    /// A day as `YYYY-MM-DD`.
    public mutating func day(_ day: Day) {
        bytes.append(addingCapacity: 10) { $0.day(day) }
    }

    /// An instant as RFC 3339 in UTC, with milliseconds where there are any.
    public mutating func instant(_ instant: Instant) {
        let date = Day(of: instant, in: .utc)
        let rest = UInt64(instant.milliseconds &- Int64(date.number) * 86_400_000)
        bytes.append(addingCapacity: 24) { text in
            text.day(date)
            text.append(0x54)
            text.twoDigits(rest / 3_600_000)
            text.append(0x3A)
            text.twoDigits(rest / 60_000 % 60)
            text.append(0x3A)
            text.twoDigits(rest / 1000 % 60)
            if rest % 1000 != 0 {
                text.append(0x2E)
                text.append(0x30 + UInt8(rest % 1000 / 100))
                text.twoDigits(rest % 100)
            }
            text.append(0x5A)
        }
    }

    private mutating func escape(_ byte: UInt8) {
        let hex = Array("0123456789abcdef".utf8)
        raw("\\u00")
        bytes.append(hex[Int(byte >> 4)])
        bytes.append(hex[Int(byte & 15)])
    }
}

/// Writing into room that was made: nothing is asked for each byte but whether it fits.
extension OutputSpan<UInt8> {
    fileprivate mutating func integer(_ value: Int64) {
        if value < 0 { append(0x2D) }
        digits(value.magnitude)
    }

    fileprivate mutating func day(_ day: Day) {
        let (year, month, dayOfMonth) = day.civil
        let bounded = UInt64(max(0, min(year, 9999)))
        twoDigits(bounded / 100)
        twoDigits(bounded % 100)
        append(0x2D)
        twoDigits(UInt64(month))
        append(0x2D)
        twoDigits(UInt64(dayOfMonth))
    }

    fileprivate mutating func digits(_ value: UInt64) {
        if value < 10 { return append(0x30 + UInt8(value)) }
        if value >= 100 { digits(value / 100) }
        twoDigits(value % 100)
    }

    /// Of a number below 100.
    fileprivate mutating func twoDigits(_ value: UInt64) {
        append(0x30 + UInt8(value / 10))
        append(0x30 + UInt8(value % 10))
    }
}
