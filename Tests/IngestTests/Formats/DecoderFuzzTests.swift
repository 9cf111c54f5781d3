import Core
import FormatFixtures
import TestKit
import Testing

@testable import Ingest

/// Lines of the corpus, changed at random. A failure names the format and the seed.
@Suite struct DecoderFuzzTests {
    /// A line of the corpus with some bytes changed, moved, doubled or taken from another line.
    private func mutated(
        _ corpus: [[UInt8]], _ random: inout SeededGenerator
    ) -> [UInt8] {
        let marks = Array(#""\[]{}:;,%$+-. /?&=0u"#.utf8) + [0, 9, 13, 0x7F, 0x80, 0xC3, 0xFF]
        var line = random.pick(corpus)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0...line.count, using: &random)
            let end = min(line.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: line.insert(random.pick(marks), at: place)
            case 1: line.removeSubrange(place..<end)
            case 2: line.insert(contentsOf: line[place..<end], at: place)
            case 3: line = Array(line[..<place])
            case 4:
                let other = random.pick(corpus)
                line.insert(
                    contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)),
                    at: place)
            default:
                if place < line.count { line[place] = UInt8.random(in: 0...255, using: &random) }
            }
        }
        return line.filter { $0 != 0x0A }
    }

    @Test(arguments: FormatFixture.all, 1...4)
    func `whatever a line holds, it has one outcome for each event, and leaves nothing behind`(
        fixture: FormatFixture, seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let corpus = fixture.lines + FormatFixture.hostile
        let used = fixture.decoder()
        let head = fixture.source.format == "csv" ? fixture.lines[0] + [0x0A] : []
        used.begin(stream: 1, head: head, offset: 1000)
        var applied = 0
        for number in 0..<1500 {
            let line = mutated(corpus, &random)
            let found = decodeAll(line, with: used)
            applied += found.count { $0.verdict == nil }
            for event in found { check(event, "\(fixture) seed \(seed) line \(number)") }
            // A decoder that has seen nothing comes to the same, but for one that remembers.
            guard number % 5 == 0, !(used is any RememberingDecoder) else { continue }
            let fresh = fixture.decoder()
            fresh.begin(stream: 1, head: head, offset: 1000)
            #expect(
                decodeAll(line, with: fresh) == found, "\(fixture) seed \(seed) line \(number)")
            let text = String(decoding: line, as: UTF8.self)
            _ = text.withSlice { used.explain($0, found[0].verdict ?? .format) }
        }
        // The lines are hostile, but not so that nothing would be left to look at.
        #expect(applied > 20, "\(fixture) seed \(seed)")
    }

    /// What every event keeps to, whatever it was made of.
    private func check(_ event: Decoded, _ where: @autoclosure () -> String) {
        guard event.verdict == nil else { return }
        let type = event["type"] ?? ""
        #expect((1...Bounds.typeBytes).contains(type.utf8.count), "\(`where`())")
        #expect(event.traits.count <= Bounds.traitsPerEvent, "\(`where`())")
        for name in ["customer_id", "email", "cookie", "id", "message", "campaign", "stage"] {
            guard let bytes = event.fields[name] else { continue }
            #expect(String(validating: bytes, as: UTF8.self) != nil, "\(`where`()) \(name)")
            #expect(!bytes.contains(0), "\(`where`()) \(name)")
        }
    }

    @Test(arguments: 1...20)
    func `valid UTF-8 is what the standard library says it is`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let leads: [UInt8] = [
            0x41, 0x80, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
        ]
        for _ in 0..<2000 {
            let count = Int.random(in: 0...6, using: &random)
            let bytes = (0..<count).map { _ in
                random.oneIn(2) ? random.pick(leads) : UInt8.random(in: 0x70...0xFF, using: &random)
            }
            let isValid = unsafe bytes.withUnsafeBufferPointer { unsafe ByteSlice($0).isUTF8 }
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }
}
