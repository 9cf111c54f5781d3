import Core
import FormatFixtures
import Glibc
import Ingest

/// The decoders by the number in the first byte of an input, kept from one input to the next as the
/// daemon keeps them.
///
/// SAFETY: libFuzzer has one thread.
nonisolated(unsafe) let decoders = FormatFixture.all.map { fixture -> any LineDecoder in
    let decoder = fixture.decoder()
    let head = fixture.source.format == "csv" ? fixture.lines[0] + [0x0A] : []
    decoder.begin(stream: 1, head: head, offset: 1000)
    return decoder
}

/// What libFuzzer calls with each input: a byte for the decoder, then a line.
///
/// A line lies at the end of its memory but for 64 bytes, so that the address sanitizer sees what is
/// read beyond them.
@_cdecl("fuzz_one_input")
func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let decoder = unsafe decoders[Int(input[0]) % decoders.count]
    let line = unsafe input.dropFirst().filter { $0 != 0x0A }
    let padded = line + [UInt8](repeating: 0, count: 64)
    var event = Event()
    unsafe padded.withUnsafeBufferPointer {
        let slice = unsafe ByteSlice(start: $0.baseAddress, count: line.count)
        check(decoder.decode(slice, into: &event), event)
        if let batch = decoder as? any BatchDecoder {
            while batch.remaining > 0 { check(batch.decodeNext(into: &event), event) }
        }
        _ = decoder.explain(slice, .format)
    }
    return 0
}

/// What every event keeps to; libFuzzer reports the trap.
func check(_ verdict: Verdict?, _ event: Event) {
    guard verdict == nil else { return }
    precondition((1...Bounds.typeBytes).contains(event.type.count))
    precondition(event.traits.count <= Bounds.traitsPerEvent)
    for text in [event.customerID, event.email, event.cookie, event.id, event.message] {
        precondition(text.first(0) == nil && String(validating: text.array, as: UTF8.self) != nil)
    }
}

/// libFuzzer's own main, but for the name.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
exit(unsafe runDriver(&count, &arguments, fuzzOneInput))
