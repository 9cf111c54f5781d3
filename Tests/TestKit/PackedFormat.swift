internal import CLzma
internal import CZlib
internal import CZstd

/// The formats of compressed logs, for making some.
public enum PackedFormat: CaseIterable, Sendable {
    case gzip
    case xz
    case zstd

    /// The end of the names of such files.
    public var suffix: String {
        switch self {
        case .gzip: ".gz"
        case .xz: ".xz"
        case .zstd: ".zst"
        }
    }

    /// A whole file of this format with a text in it.
    public func pack(_ text: String) -> [UInt8] { pack(Array(text.utf8)) }

    /// A whole file of this format.
    public func pack(_ bytes: [UInt8]) -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: bytes.count + bytes.count / 8 + 4096)
        let count =
            switch self {
            case .gzip: Self.gzip(bytes, into: &packed)
            case .xz: Self.xz(bytes, into: &packed)
            case .zstd: Self.zstd(bytes, into: &packed)
            }
        packed.removeLast(packed.count - count)
        return packed
    }

    private static func gzip(_ bytes: [UInt8], into packed: inout [UInt8]) -> Int {
        var bytes = bytes
        var stream = unsafe z_stream()
        return unsafe bytes.withUnsafeMutableBufferPointer { from in
            unsafe packed.withUnsafeMutableBufferPointer { to in
                // SAFETY: zlib keeps to the sizes, and everything outlives the calls.
                let size = unsafe Int32(MemoryLayout<z_stream>.size)
                let code = unsafe deflateInit2_(
                    &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
                precondition(code == Z_OK)
                unsafe stream.next_in = from.baseAddress
                unsafe stream.avail_in = UInt32(from.count)
                unsafe stream.next_out = to.baseAddress
                unsafe stream.avail_out = UInt32(to.count)
                let end = unsafe deflate(&stream, Z_FINISH)
                precondition(end == Z_STREAM_END)
                defer { unsafe deflateEnd(&stream) }
                return unsafe Int(stream.total_out)
            }
        }
    }

    private static func xz(_ bytes: [UInt8], into packed: inout [UInt8]) -> Int {
        var count = 0
        let room = packed.count
        let code = unsafe bytes.withUnsafeBufferPointer { from in
            unsafe packed.withUnsafeMutableBufferPointer { to in
                unsafe lzma_easy_buffer_encode(
                    1, LZMA_CHECK_CRC64, nil, from.baseAddress, from.count, to.baseAddress, &count,
                    room)
            }
        }
        precondition(code == LZMA_OK)
        return count
    }

    private static func zstd(_ bytes: [UInt8], into packed: inout [UInt8]) -> Int {
        let room = packed.count
        let count = unsafe bytes.withUnsafeBytes { from in
            unsafe packed.withUnsafeMutableBytes { to in
                unsafe ZSTD_compress(to.baseAddress, room, from.baseAddress, from.count, 3)
            }
        }
        precondition(ZSTD_isError(count) == 0)
        return count
    }
}
