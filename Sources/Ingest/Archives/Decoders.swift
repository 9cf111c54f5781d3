import CLzma
import CZlib
import CZstd

/// Members of a gzip file, by zlib.
///
/// - Source: RFC 1952; <https://zlib.net/manual.html>.
@safe
final class GzipDecoder: MemberDecoder {
    // zlib remembers the address of the structure and refuses a copy of it.
    private let stream: UnsafeMutablePointer<z_stream>

    init?() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe leadscored_gunzip_init(stream) == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    @unsafe
    func step(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> MemberStep {
        // SAFETY: zlib reads no more than avail_in, writes no more than avail_out, and only now.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(input.count)
        unsafe stream.pointee.next_out = output.baseAddress
        unsafe stream.pointee.avail_out = UInt32(output.count)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        let result: MemberStep.Result
        switch code {
        case Z_OK, Z_BUF_ERROR: result = .goesOn
        case Z_STREAM_END: result = .ended
        default:
            let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
            result = .damaged(message ?? "zlib error \(code)")
        }
        return unsafe MemberStep(
            taken: input.count - Int(stream.pointee.avail_in),
            made: output.count - Int(stream.pointee.avail_out), result: result)
    }
}

/// Streams of an .xz file, by liblzma.
///
/// - Source: <https://tukaani.org/xz/xz-file-format.txt>.
@safe
final class XZDecoder: MemberDecoder {
    private var stream = unsafe lzma_stream()

    init?() {
        let code = unsafe lzma_stream_decoder(&stream, UnpackingBounds.xzMemory, 0)
        guard code == LZMA_OK else { return nil }
    }

    deinit { unsafe lzma_end(&stream) }

    @unsafe
    func step(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> MemberStep {
        // SAFETY: liblzma reads no more than avail_in, writes no more than avail_out, and only now.
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = input.count
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = output.count
        let code = unsafe lzma_code(&stream, LZMA_RUN)
        let result: MemberStep.Result
        switch code {
        case LZMA_OK, LZMA_BUF_ERROR: result = .goesOn
        case LZMA_STREAM_END: result = .ended
        case LZMA_FORMAT_ERROR: result = .damaged("not an .xz file")
        case LZMA_MEMLIMIT_ERROR:
            result = .damaged("needs more than \(UnpackingBounds.xzMemory >> 20) MiB to unpack")
        default: result = .damaged("liblzma error \(code.rawValue)")
        }
        return unsafe MemberStep(
            taken: input.count - stream.avail_in, made: output.count - stream.avail_out,
            result: result)
    }
}

/// Frames of a Zstandard file, by libzstd.
///
/// - Source: RFC 8878.
@safe
final class ZstdDecoder: MemberDecoder {
    private let context: OpaquePointer

    init?() {
        guard let made = unsafe ZSTD_createDCtx() else { return nil }
        unsafe context = made
        _ = unsafe ZSTD_DCtx_setParameter(
            context, ZSTD_d_windowLogMax, UnpackingBounds.zstdWindowBits)
    }

    deinit { _ = unsafe ZSTD_freeDCtx(context) }

    @unsafe
    func step(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> MemberStep {
        // SAFETY: libzstd keeps to the sizes, and keeps no pointer beyond the call.
        var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_decompressStream(context, &to, &from)
        let result: MemberStep.Result
        if ZSTD_isError(left) != 0 {
            result = .damaged(unsafe String(cString: ZSTD_getErrorName(left)))
        } else {
            result = left == 0 ? .ended : .goesOn
        }
        return unsafe MemberStep(taken: from.pos, made: to.pos, result: result)
    }
}
