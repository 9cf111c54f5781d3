import Core
import Foundation
import Testing

/// The pages for people say what the sources say.
@Suite("Pages")
struct PagesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func files(_ folder: String, _ ending: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }

    /// The cells of every row of every table on a page, trimmed.
    private static func rows(_ page: String) throws -> [[String]] {
        try text(page).split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
            line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    private static func matches(_ pattern: String, in text: String) throws -> [String] {
        try Regex(pattern).asSubstrings(in: text)
    }

    @Test func `every outcome and reason is explained as the program explains it`() throws {
        let documented = try Self.rows("docs/OPERATING.md")
            .filter { row in Outcome.allCases.contains { $0.name == row[0] } }
            .map { Array($0.prefix(3)) }
        let known = Verdict.allCases.map {
            [$0.outcome.name, $0.reason.isEmpty ? "" : "`\($0.reason)`", $0.explanation]
        }
        for row in known { #expect(documented.contains(row), "docs/OPERATING.md lacks \(row)") }
        for row in documented { #expect(known.contains(row), "docs/OPERATING.md has \(row)") }
    }

    @Test func `every rule that tells machines from people is explained`() throws {
        let rules = try Self.rows("docs/CONFIGURATION.md").map { $0[0] }
        for rule in OriginRule.allCases where rule != .none {
            #expect(rules.contains("`\(rule.name)`"), "docs/CONFIGURATION.md lacks \(rule.name)")
        }
    }

    @Test func `every degraded state, message, check and file notice is explained`() throws {
        let page = try Self.text("docs/OPERATING.md")
        var words: Set<String> = []
        for file in try Self.files("Sources/Service", ".swift") {
            let source = try Self.text(file).replacing(#/\n *\/\/[^\n]*/#, with: "")
            words.formUnion(
                try Self.matches(#"degraded\.(?:enter|leave)\(\s*"([^"]+)""#, in: source))
            words.formUnion(
                try Self.matches(
                    #"logger\.(?:info|notice|warning|error|critical)\(\s*"([^"\\]+)""#, in: source))
        }
        let checks = try Self.text("Sources/Service/Verification.swift")
        words.formUnion(try Self.matches(#"name: "([a-z]+)"#, in: checks))
        let notices = try Self.text("Sources/Ingest/Notice.swift")
        let named = try Self.matches(#"case \w+ = "(\w+)""#, in: notices)
        let plain = try Self.matches(#"case (\w+)\n"#, in: notices)
        words.formUnion((named + plain).map { "file \($0)" })
        #expect(words.count > 20)
        for word in words.sorted() {
            let isThere = page.contains("| `\(word)` |")
            #expect(isThere, "docs/OPERATING.md has no row for `\(word)`")
        }
    }

    @Test func `every exit code that the sources give is explained`() throws {
        var codes: Set<String> = ["0"]
        for file in try ["StoreError", "LeadsError"].flatMap({ name in
            try Self.files("Sources/Store", "\(name).swift")
        }) + Self.files("Sources/Service", ".swift") {
            let source = try Self.text(file)
            codes.formUnion(try Self.matches(#"(?:return|:) (6[4-9]|7[0-8])\b"#, in: source))
        }
        let documented = Set(
            try Self.rows("docs/OPERATING.md").map { $0[0] }.filter { Int($0) != nil })
        #expect(codes.isSubset(of: documented), "\(codes.subtracting(documented).sorted())")
    }

    @Test func `every link leads somewhere`() throws {
        let pages =
            ["README.md", "Benchmarks/README.md"] + (try Self.files("docs", ".md"))
        for page in pages {
            let folder = Self.root.appending(path: page).deletingLastPathComponent()
            for target in try Self.matches(#"\]\(([^)#\s]+)"#, in: try Self.text(page))
            where !target.hasPrefix("http") {
                let path = folder.appending(path: target).path
                #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(target)")
            }
        }
    }

    @Test func `files that the pages name are there`() throws {
        let pages = ["README.md", "docs/ARCHITECTURE.md", "docs/OPERATING.md"]
        for page in pages {
            let pattern = #"`((?:Sources|Tests|Benchmarks|scripts|etc|systemd|docs)/[^`* ]+)`"#
            for path in try Self.matches(pattern, in: try Self.text(page)) {
                let file = Self.root.appending(path: path).path
                #expect(FileManager.default.fileExists(atPath: file), "\(page) names \(path)")
            }
        }
    }

    @Test func `the index has every decision record`() throws {
        let index = try Self.text("docs/decisions/README.md")
        for record in try Self.files("docs/decisions", ".md") where !record.hasSuffix("README.md") {
            let name = record.split(separator: "/").last.map(String.init) ?? record
            #expect(index.contains("(\(name))"), "docs/decisions/README.md lacks \(name)")
        }
    }
}

extension Regex<AnyRegexOutput> {
    /// What the first group of each match holds.
    fileprivate func asSubstrings(in text: String) throws -> [String] {
        text.matches(of: self).compactMap { $0.output[1].substring.map(String.init) }
    }
}
