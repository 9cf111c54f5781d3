import Core

/// Anchors as bytes: offset 8, length 2, hash 8 of each, little-endian.
enum AnchorCodec {
    private static let stride = 18

    static func encode(_ anchors: [Anchor]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(anchors.count * stride)
        for anchor in anchors {
            append(UInt64(bitPattern: anchor.offset), 8, to: &bytes)
            append(UInt64(anchor.length), 2, to: &bytes)
            append(anchor.hash, 8, to: &bytes)
        }
        return bytes
    }

    /// What is no whole anchor at the end is left out.
    static func decode(_ bytes: ByteSlice) -> [Anchor] {
        Swift.stride(from: 0, to: bytes.count - bytes.count % stride, by: stride).map { place in
            Anchor(
                offset: Int64(bitPattern: number(bytes, place, 8)),
                length: Int(number(bytes, place + 8, 2)), hash: number(bytes, place + 10, 8))
        }
    }

    private static func append(_ number: UInt64, _ count: UInt64, to bytes: inout [UInt8]) {
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (place * 8))) }
    }

    private static func number(_ bytes: ByteSlice, _ place: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64($1 * 8) }
    }
}
