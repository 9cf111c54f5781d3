/// Writes JSON text: the few shapes that the tables hold.
public struct JSONText: Sendable {
    /// The text so far, UTF-8.
    public private(set) var bytes: [UInt8] = []

    /// No text.
    public init() {}

    /// The text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Starts anew, keeping the memory.
    public mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Text that is JSON already.
    public mutating func raw(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Bytes that are JSON already.
    public mutating func raw(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    /// A string, quoted and escaped.
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
        if value < 0 { bytes.append(0x2D) }
        digits(value.magnitude)
    }

    /// Points as a decimal number without trailing zeros.
    public mutating func points(_ value: Micropoints) {
        if value < 0 { bytes.append(0x2D) }
        digits(value.magnitude / 1_000_000)
        var rest = value.magnitude % 1_000_000
        guard rest != 0 else { return }
        bytes.append(0x2E)
        var scale: UInt64 = 100_000
        while rest != 0 {
            bytes.append(0x30 + UInt8(rest / scale))
            rest %= scale
            scale /= 10
        }
    }

    private mutating func digits(_ value: UInt64) {
        if value < 10 {
            bytes.append(0x30 + UInt8(value))
            return
        }
        digits(value / 10)
        bytes.append(0x30 + UInt8(value % 10))
    }

    private mutating func escape(_ byte: UInt8) {
        let hex = Array("0123456789abcdef".utf8)
        raw("\\u00")
        bytes.append(hex[Int(byte >> 4)])
        bytes.append(hex[Int(byte & 15)])
    }
}
