import Foundation
import TestKit
import Testing

/// Each file in `Fixtures/golden/leadscore` is what somebody would see who types the commands in it,
/// beside the database `leads.db` of the fixture: stdout, then stderr behind `! `, then the exit code.
///
/// After a change that is wanted, `UPDATE_GOLDEN=1 swift test --filter CommandTranscript` writes them
/// anew, and the difference is read before it is committed.
@Suite struct CommandTranscriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/golden/leadscore")

    private static let names: [String] = {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return all.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test(arguments: names)
    func `the commands say what they said`(name: String) throws {
        let fixture = try LeadsFixture()
        for file in ["leadscored.yaml", "web.yaml", "access.log", "hooks.json"] {
            try FileManager.default.copyItem(
                at: Self.folder.appending(path: file), to: fixture.directory.appending(path: file))
        }
        try Data("no database, but long enough to be one".utf8)
            .write(to: fixture.directory.appending(path: "text.db"))
        let file = Self.folder.appending(path: name)
        let expected = try String(contentsOf: file, encoding: .utf8)
        var found = ""
        for line in expected.split(separator: "\n") where line.hasPrefix("$ leadscore") {
            let arguments = line.split(separator: " ").dropFirst(2).map(String.init)
            let outcome = try BuiltBinary("leadscore").run(arguments, in: fixture.directory)
            found += "\(line)\n\(outcome.output)"
            for said in outcome.talk.split(separator: "\n") { found += "! \(said)\n" }
            found += "=> \(outcome.code)\n\n"
        }
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(found.utf8).write(to: file)
        } else {
            #expect(found == expected, "set UPDATE_GOLDEN=1 to accept it, then read the difference")
        }
    }

    @Test func `every command has a transcript with its help`() throws {
        let help = try BuiltBinary("leadscore").run(["--help"]).output
        let list = help.split(separator: "SUBCOMMANDS:\n").last ?? ""
        let commands = list.split(separator: "\n").filter {
            $0.hasPrefix("  ") && !$0.hasPrefix("   ")
        }
        .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" }
        #expect(commands.count >= 6)
        for command in commands {
            let file = Self.folder.appending(path: command + ".txt")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains("$ leadscore \(command) --help\n"))
        }
    }
}
