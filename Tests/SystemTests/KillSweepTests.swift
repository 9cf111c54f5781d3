import Foundation
import TestKit
import Testing

/// Killed within the system calls themselves, from the first moment of a new state on.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")))
struct KillSweepTests {
    @Test(arguments: ["pwrite64", "fdatasync", "rename", "unlink", "ftruncate"])
    func `killed at any step of a first run, the next run counts everything once`(call: String)
        throws
    {
        let scratch = try DaemonScratch()
        try scratch.append((0..<300).map { eventLine("p\($0)") }, to: "a.ndjson")
        for step in [1, 2, 3, 4, 5, 7, 9, 13, 19, 31, 47] {
            try? FileManager.default.removeItem(atPath: scratch.state)
            let killed = try scratch.once(wrapper: [
                "/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=\(call)",
                "-e", "inject=\(call):signal=KILL:when=\(step)",
            ])
            let outcome = try scratch.once()
            #expect(outcome.code == 0, "\(call) \(step): \(outcome.talk)")
            #expect(scratch.number("SELECT sum(events) FROM leads") == 300, "\(call) \(step)")
            #expect(scratch.number("SELECT sum(records_read) FROM sources") == 300)
            if killed.code == 0 { break }
        }
    }
}
