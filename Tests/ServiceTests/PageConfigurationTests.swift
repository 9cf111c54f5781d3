import Foundation
import Testing

@testable import Service

/// The configuration that README.md begins with.
@Suite struct PageConfigurationTests {
    @Test func `the first configuration of the README has no mistake and no warning`() throws {
        let page = defaultFile.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "README.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "```yaml\n"))
        let end = try #require(text.range(of: "\n```", range: start.upperBound..<text.endIndex))
        let bytes = Array(text[start.upperBound..<end.lowerBound].utf8) + [0x0A]
        let configuration = try Configuration.parse([("README.md", bytes)])
        #expect(configuration.warnings == [])
        #expect(configuration.sources.count == 1)
    }
}
