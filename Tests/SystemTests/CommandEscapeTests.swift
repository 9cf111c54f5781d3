import Foundation
import TestKit
import Testing

@testable import leadscore

@Suite struct CommandEscapeTests {
    /// What a terminal acts on or hides, and some plain text between.
    private static let pool: [Unicode.Scalar] = {
        let values = Array(0...0x2FF) + Array(0x2000...0x20FF) + Array(0xFE00...0xFE0F)
        let more = [0x61C, 0x115F, 0x180E, 0x3164, 0xFEFF, 0xFFF9, 0x1F600, 0xE0041, 0x10FFFF]
        return (values + more).compactMap { Unicode.Scalar(UInt32($0)) }
    }()

    @Test func `nothing that reaches the screen can act on it`() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let text = Self.text(&random)
            for shown in [text.harmless, JSONValue.string(text).line] {
                #expect(
                    !shown.unicodeScalars.contains { Self.acts($0) }, "\(text.debugDescription)")
            }
            let table = Table(columns: [.init(title: "t", shortest: 4)], rows: [[text]])
            for width in [nil, 3, 20] {
                let lines = table.text(width: width).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count == 3)
                #expect(!lines.joined().unicodeScalars.contains { Self.acts($0) })
            }
        }
    }

    @Test func `JSON reads back as what it was`() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let value = JSONValue.object([
                "k" + Self.text(&random): .string(Self.text(&random)), "n": .integer(random.next()),
                "a": .array([.null, .bool(true), .real(-1.5e-7)]),
            ])
            #expect(JSONParser.value(of: value.line) == value)
            let known = try JSONSerialization.jsonObject(with: Data(value.line.utf8))
            #expect((known as? [String: Any])?.count == value.members.count)
        }
    }

    @Test func `harmless text stays as it is`() {
        #expect("Ärger in 東京, שלום, e\u{301}, 👍".harmless == "Ärger in 東京, שלום, e\u{301}, 👍")
        #expect(
            "a\u{1B}[2Jb\nc\u{202E}d\u{9B}\u{200B}".harmless
                == #"a\u{1B}[2Jb\u{A}c\u{202E}d\u{9B}\u{200B}"#)
        #expect(JSONValue.string("\u{E0041}\u{7F}").line == #""\udb40\udc41\u007f""#)
    }

    @Test(arguments: [
        "", "{", "[1,]", "01", "1.", "+1", ".5", "1e", "nul", "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "{\"a\" 1}", "{a:1}", "1 2", "\"\\u12g4\"", "[1 2]", "\"a",
        "{\"a\":1,}",
    ])
    func `what is no JSON is not read`(text: String) {
        #expect(JSONParser.value(of: text) == nil)
    }

    @Test func `JSON is read no deeper than it is safe`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(JSONParser.value(of: deep) == nil)
        let some = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(JSONParser.value(of: some) != nil)
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.unicodeScalars.append(pool.randomElement(using: &random) ?? " ")
        }
        return text
    }

    /// A list of its own, by numbers: C0, DEL, C1, separators, zero-width, bidi, tags.
    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069,
            0xFEFF, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}
