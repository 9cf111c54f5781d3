import Foundation
import Testing

@testable import Service
@testable import Store

@Suite struct MetricsPageTests {
    @Test func `counts, labels and states are written in the form of Prometheus`() {
        var page = MetricsPage()
        page.counted.sequence = 7
        page.counted.sources = [
            SourceTotals(
                source: "a\"b\\c\nd", lines: 3, records: 4, lostBytes: 5,
                counts: [.init(outcome: "filtered", reason: "blank", n: 4)])
        ]
        page.lastCommit = 1_700_000_000_045
        page.degraded = ["publish"]
        let lines = page.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE leadscored_lines_read_total counter"))
        #expect(lines.contains(#"leadscored_lines_read_total{source="a\"b\\c\nd"} 3"#))
        let labels = #"{source="a\"b\\c\nd",outcome="filtered",reason="blank"}"#
        #expect(lines.contains("leadscored_records\(labels) 4"))
        #expect(lines.contains("leadscored_checkpoints_total 7"))
        #expect(lines.contains("leadscored_last_commit_timestamp_seconds 1700000000.045"))
        #expect(lines.contains(#"leadscored_degraded{reason="publish"} 1"#))
        #expect(lines.contains(#"leadscored_degraded{reason="storage"} 0"#))
        #expect(page.text.hasSuffix("\n"))
    }

    @Test func `every metric and degraded state is on the page for operators`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "docs/OPERATING.md"), encoding: .utf8)
        for name in MetricsPage.names { #expect(page.contains("| `\(name)` |"), "\(name)") }
        for reason in Degraded.reasons { #expect(page.contains("| `\(reason)` |"), "\(reason)") }
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `leadscored_") }
        #expect(rows.count == MetricsPage.names.count)
    }
}
