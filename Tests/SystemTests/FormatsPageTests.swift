import Foundation
import TestKit
import Testing

/// Each example of docs/FORMATS.md, in `conf.d` beside the shipped configuration, makes of its lines
/// what the page says.
@Suite struct FormatsPageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The parts of an example: its name, the configuration, the log, and what is shown.
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var configuration: String
        var log: String
        var shown: String

        var testDescription: String { name }
    }

    static let examples: [Example] = {
        let page = try? String(contentsOf: root.appending(path: "docs/FORMATS.md"), encoding: .utf8)
        return (page ?? "").components(separatedBy: "<!-- example: ").dropFirst().map { text in
            let blocks = ["yaml", "text", "console"].map { kind -> String in
                let start = text.range(of: "```\(kind)\n")?.upperBound ?? text.endIndex
                let end = text.range(of: "```\n", range: start..<text.endIndex)?.lowerBound
                return String(text[start..<(end ?? text.endIndex)])
            }
            return Example(
                name: String(text.prefix { $0 != " " }), configuration: blocks[0], log: blocks[1],
                shown: blocks[2])
        }
    }()

    @Test func `there is an example for each format`() {
        #expect(Self.examples.count >= 7)
    }

    @Test(arguments: examples)
    func `the examples make what the page says`(example: Example) throws {
        let fixture = try LeadsFixture()
        let directory = fixture.directory
        let drop = directory.appending(path: "conf.d")
        try FileManager.default.createDirectory(at: drop, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Self.root.appending(path: "etc/leadscored.yaml"),
            to: directory.appending(path: "leadscored.yaml"))
        let key = directory.appending(path: "link.key")
        try Data("0123456789abcdef0123456789abcdef\n".utf8).write(to: key)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key.path)
        // The key of the page is root's.
        let configuration = example.configuration.replacingOccurrences(
            of: "/etc/leadscored/", with: directory.path + "/")
        try Data(configuration.utf8).write(to: drop.appending(path: "10.yaml"))
        try Data(example.log.utf8).write(to: directory.appending(path: "log"))
        let check = try BuiltBinary("leadscore").run(
            ["check", "--config", "leadscored.yaml"], in: directory)
        #expect(check.code == 0 && check.talk.isEmpty, "\(check.talk)")
        let outcome = try BuiltBinary("leadscore").run(
            ["try", "--config", "leadscored.yaml", "--source", example.name, "log"], in: directory)
        #expect(outcome.code == 0)
        #expect(outcome.output == example.shown)
    }
}
