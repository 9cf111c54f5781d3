import Core
import Foundation
import Testing

@testable import Service

/// The ready configurations in etc/examples, each beside the shipped file, with their sample lines.
@Suite struct ExampleTests {
    private static let folder = defaultFile.deletingLastPathComponent().appending(path: "examples")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func `there is one for each kind of server`() {
        #expect(Set(Self.names).isSuperset(of: ["apache", "nginx", "postfix", "sendgrid"]))
    }

    @Test(arguments: names)
    func `an example reads its own lines`(name: String) throws {
        let file = Self.folder.appending(path: "\(name).yaml")
        let texts = [defaultFile, file]
        let configuration = try Configuration.parse(
            try texts.map { ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0))) })
        #expect(configuration.warnings == [])
        let rehearsal = try #require(Rehearsal(configuration, source: name))
        let log = try String(
            contentsOf: Self.folder.appending(path: "\(name).log"), encoding: .utf8)
        var counts: [Outcome: Int] = [:]
        for line in log.split(separator: "\n") {
            for record in rehearsal.read(Array(line.utf8)) {
                counts[record.verdict.outcome, default: 0] += 1
                let detail = record.detail ?? ""
                #expect(record.verdict.outcome != .quarantined, "\(record.line): \(detail)")
            }
        }
        #expect(counts[.applied, default: 0] > 1)
    }
}
