import TestKit
import Testing

@testable import Core

@Suite("Phrases")
struct PhraseMatcherTests {
    /// Whether a phrase stands somewhere in a text, letter by letter.
    private static func has(_ phrase: String, _ text: String) -> Bool {
        var wanted = Array(phrase.lowercased().utf8)
        let text = Array(text.lowercased().utf8)
        func letter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        var startsText = false
        var startsWord = false
        var endsWord = false
        var endsText = false
        if wanted.first == 0x5E {
            startsText = true
        } else if wanted.first == 0x7C {
            startsWord = true
        }
        if startsText || startsWord { wanted.removeFirst() }
        if wanted.last == 0x7C { endsWord = true } else if wanted.last == 0x24 { endsText = true }
        if endsWord || endsText { wanted.removeLast() }
        guard text.count >= wanted.count else { return false }
        for start in 0...(text.count - wanted.count) {
            let end = start + wanted.count
            guard Array(text[start..<end]) == wanted else { continue }
            if startsText, start > 0 { continue }
            if startsWord, start > 0, letter(text[start - 1]) { continue }
            if endsWord, end < text.count, letter(text[end]) { continue }
            if endsText, end < text.count { continue }
            return true
        }
        return false
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `all groups of a text are found, and no others`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func word(_ lengths: ClosedRange<Int>) -> String {
            let letters = Array("abAB /-")
            return String(
                (0..<Int.random(in: lengths, using: &random)).map { _ in random.pick(letters) })
        }
        let groups = (0..<random.pick([1, 4, 32])).map { _ in
            (0..<random.pick([1, 3])).map { _ in
                random.pick(["", "", "^", "|"]) + word(1...4) + random.pick(["", "", "|", "$"])
            }
        }
        let matcher = PhraseMatcher(groups)
        for _ in 0..<20 {
            let text = word(0...12)
            var expected: UInt32 = 0
            for (place, phrases) in groups.enumerated()
            where phrases.contains(where: { Self.has($0, text) }) {
                expected |= 1 << UInt32(place)
            }
            let found = text.withSlice { matcher.groups(in: $0) }
            #expect(found == expected, "seed \(seed): \(groups) in \(text)")
        }
    }
}
