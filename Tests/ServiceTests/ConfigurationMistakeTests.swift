import Testing

@testable import Service

/// A document and every message that it must give, `f.yaml:` left out.
struct MistakeCase: CustomTestStringConvertible {
    var title: String
    var document: String
    var messages: [String]

    var testDescription: String { title }

    /// Reads blocks of a line `## title`, the document, and lines `=> message`.
    ///
    /// `BASE` is a line with a source, `⇥` a tab and `␇` the bell character.
    static func parse(_ text: String) -> [MistakeCase] {
        var cases: [MistakeCase] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") {
                cases.append(
                    MistakeCase(title: String(line.dropFirst(3)), document: "", messages: []))
            } else if line.hasPrefix("=> ") {
                cases[cases.count - 1].messages.append(String(line.dropFirst(3)))
            } else {
                let source = line == "BASE" ? "sources: [{name: e, paths: /e}]" : String(line)
                let plain = source.replacing("⇥", with: "\t").replacing("␇", with: "\u{7}")
                cases[cases.count - 1].document += plain + "\n"
            }
        }
        return cases
    }
}

/// The mistakes of a text that has some.
func mistakes(in text: String) -> [Mistake] {
    do {
        _ = try Configuration.parse([("f.yaml", Array(text.utf8))])
        return []
    } catch {
        return error.mistakes
    }
}

@Suite struct ConfigurationMistakeTests {
    @Test(arguments: MistakeCase.syntax + MistakeCase.values + MistakeCase.rules)
    func `every mistake is told with its place and what to write instead`(_ wrong: MistakeCase) {
        let told = mistakes(in: wrong.document).map { String($0.description.dropFirst(7)) }
        #expect(told == wrong.messages)
        #expect(!told.isEmpty)
    }

    @Test func `the same mistakes are told where lines end with carriage return and line feed`() {
        for wrong in MistakeCase.values where !wrong.document.contains("|") {
            let told = mistakes(in: wrong.document.replacing("\n", with: "\r\n"))
            #expect(told.map { String($0.description.dropFirst(7)) } == wrong.messages)
        }
    }

    @Test func `a byte that is not UTF-8 is shown where it stands`() throws {
        let bytes = Array("mql: 60 # caf".utf8) + [0xE9, 0x0A]
        #expect(throws: ConfigurationError.self) {
            try Configuration.parse([("f.yaml", bytes)])
        }
        do {
            _ = try Configuration.parse([("f.yaml", bytes)])
        } catch {
            #expect(
                error.description
                    == "f.yaml:1:14: this byte is not UTF-8; "
                    + "save the file in UTF-8, or write the character in ASCII")
        }
    }

    @Test func `a byte order mark at the beginning is no mistake`() throws {
        _ = try Configuration.parse([
            ("f.yaml", Array("\u{FEFF}sources: [{name: e, paths: /e}]\n".utf8))
        ])
    }

    @Test func `a file beyond the bound is refused`() {
        let text = String(repeating: "# nothing\n", count: 110_000)
        #expect(
            mistakes(in: text).map(\.description)
                == ["f.yaml:1:1: is longer than 1048576 bytes; split it into files in conf.d"])
    }

    @Test(arguments: ["[", "{a: ", "- "])
    func `endless nesting is refused and does not exhaust the stack`(_ opening: String) {
        for depth in [900, 5_000, 100_000] {
            let text = "mql:\n  " + String(repeating: opening, count: depth)
            #expect(!mistakes(in: text).isEmpty)
        }
    }

    @Test func `aliases that multiply are not followed`() {
        var text = "sources: [{name: e, paths: /e}]\nsignals:\n  - &a0 x\n"
        for level in 1...40 {
            text += "  - &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(mistakes(in: text).count == 41)
    }

    @Test func `more entries than the bound are refused`() {
        var text = "sources: [{name: e, paths: /e}]\nsegments:\n"
        for number in 0...1_000 { text += "- {name: s\(number), where: \"1\"}\n" }
        #expect(
            mistakes(in: text).map(\.description)
                == ["f.yaml:1003:10: this is segment number 1001; write at most 1000"])
    }

    @Test func `keys that repeat without end are told and do not take forever`() {
        var text = "sources: [{name: e, paths: /e}]\nsignals:\n"
        for _ in 0...100 { text += "- {name: a, name: b}\n" }
        #expect(!mistakes(in: text).isEmpty)
    }
}
