/// How a file is compressed, by the end of its name.
enum Compression: String, CaseIterable, Sendable {
    case gzip = ".gz"
    case xz = ".xz"
    case zstd = ".zst"

    /// The compression that a name speaks of; nil if it speaks of none that can be read.
    init?(ofPath path: [UInt8]) {
        let found = Self.allCases.first {
            path.reversed().starts(with: $0.rawValue.utf8.reversed())
        }
        guard let found else { return nil }
        self = found
    }

    /// A decoder for one member of such a file; nil without memory for it.
    func makeDecoder() -> (any MemberDecoder)? {
        switch self {
        case .gzip: GzipDecoder()
        case .xz: XZDecoder()
        case .zstd: ZstdDecoder()
        }
    }
}

/// Unpacks one member of a compressed file: a file may hold several, one behind the other.
protocol MemberDecoder: AnyObject {
    /// Takes some input and makes some output.
    @unsafe
    func step(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> MemberStep
}

/// What a step of a decoder did.
struct MemberStep {
    /// Bytes of the input that are done with.
    var taken: Int
    /// Bytes of the output that were written.
    var made: Int
    var result: Result

    enum Result: Equatable {
        /// There is more to come of this member.
        case goesOn
        /// The member is complete, with the right check sum.
        case ended
        /// The bytes are not what the format allows, or their check sum is wrong.
        case damaged(String)
    }
}

/// What the decoders may take for themselves, in bytes. One archive is unpacked at a time. `xz -9`
/// needs 65 MiB, `zstd -19` 8 MiB; zstd's `--long` windows beyond 64 MiB are refused.
enum UnpackingBounds {
    static let xzMemory: UInt64 = 80 << 20
    static let zstdWindowBits: Int32 = 26
}
