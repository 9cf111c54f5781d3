import TestKit
import Testing

@testable import Core

@Suite struct AddressTests {
    /// What an address in ASCII comes to, by its definition.
    private static func reference(_ text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, text.utf8.count <= 254,
            !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F })
        else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        let isDomain = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        }
        return isDomain ? text.lowercased() : nil
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `an address is what its definition says`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<2000 {
            var text = "x"
            let seldom = Int.random(in: 2...60, using: &random)
            for _ in 0..<Int.random(in: 0...140, using: &random) {
                let isMark = Int.random(in: 0..<seldom, using: &random) == 0
                let marks = [".", "@", "+", " ", "\u{7f}", "."]
                text += random.pick(isMark ? marks : ["a", "Z", "0", "-", "_", "q"])
                if text.utf8.count == 20 { text += "@" }
            }
            if text.hasSuffix(" ") { continue }
            let normal = Identifier(kind: .email, text: text)
                .map { String(decoding: $0.value, as: UTF8.self) }
            #expect(normal == Self.reference(text), "\(text.debugDescription)")
            if normal != nil { accepted += 1 }
        }
        #expect(accepted > 100)
    }

    @Test(arguments: [(63, true), (64, false)])
    func `a label has at most 63 bytes`(count: Int, isFit: Bool) {
        let label = String(repeating: "l", count: count)
        for domain in ["\(label).example", "a.\(label)", "a.\(label).example", label] {
            #expect((Identifier(kind: .email, text: "x@\(domain)") != nil) == isFit)
        }
    }
}
