import Foundation
import TestKit
import Testing

/// System calls that fail, one after the other, from the start of the daemon to its end; and then a run in
/// which none does.
///
/// `ERROR_SWEEP=n` tries the first n calls of each kind rather than some of them.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")))
struct ErrorSweepTests {
    /// Calls on some files that fail in one way.
    struct Fault: CustomTestStringConvertible, Sendable {
        var call: String
        /// What strace does instead of the call: `error=EIO`, or `retval=0` for a write of nothing.
        var how: String
        var files: Files
        /// How the daemon may end. 0: it went on, or tried again.
        var codes: Set<Int32>

        var testDescription: String { "\(call) \(how) on \(files)" }
    }

    enum Files: String, Sendable {
        case state
        case leads
        case logs

        func paths(in scratch: DaemonScratch) -> [String] {
            let state = scratch.state
            return switch self {
            case .state: ["", "-wal", "-journal"].map { state + "/state.db" + $0 }
            case .leads:
                [state + "/published"]
                    + ["", "-wal", "-shm", "-journal"].flatMap {
                        [scratch.leads + $0, scratch.leads + ".new" + $0]
                    }
            case .logs: [scratch.log("a.ndjson"), scratch.log("b.ndjson.1"), scratch.log("")]
            }
        }
    }

    /// A full disk may pass, so the daemon waits for that, but not at its start. A disk that fails ends it.
    private static let faults: [Fault] = [
        Fault(call: "pwrite64", how: "error=ENOSPC", files: .state, codes: [0, 74]),
        Fault(call: "pwrite64", how: "retval=0", files: .state, codes: [0, 74]),
        Fault(call: "pwrite64", how: "error=EIO", files: .state, codes: [74]),
        Fault(call: "pwrite64", how: "error=EINTR", files: .state, codes: [0]),
        Fault(call: "fdatasync", how: "error=EIO", files: .state, codes: [74]),
        Fault(call: "fdatasync", how: "error=ENOSPC", files: .state, codes: [74]),
        Fault(call: "pread64", how: "error=EIO", files: .state, codes: [0, 74]),
        Fault(call: "pread64", how: "error=EINTR", files: .state, codes: [0]),
        Fault(call: "ftruncate", how: "error=EIO", files: .state, codes: [0, 74]),
        Fault(call: "openat", how: "error=EMFILE", files: .state, codes: [0, 74]),
        Fault(call: "openat", how: "error=ENOMEM", files: .state, codes: [0, 74]),
        Fault(call: "openat", how: "error=EINTR", files: .state, codes: [0, 74]),
        Fault(call: "unlink", how: "error=EIO", files: .state, codes: [0, 74]),
        Fault(call: "fcntl", how: "error=ENOLCK", files: .state, codes: [0, 74, 75]),
        Fault(call: "pwrite64", how: "error=EIO", files: .leads, codes: [0, 74]),
        Fault(call: "pwrite64", how: "error=ENOSPC", files: .leads, codes: [0, 74]),
        Fault(call: "fdatasync", how: "error=EIO", files: .leads, codes: [0, 74]),
        Fault(call: "rename", how: "error=ENOSPC", files: .leads, codes: [0, 74]),
        Fault(call: "openat", how: "error=EMFILE", files: .leads, codes: [0, 74]),
        Fault(call: "pread64", how: "error=EIO", files: .logs, codes: [0]),
        Fault(call: "pread64", how: "error=EINTR", files: .logs, codes: [0]),
        Fault(call: "pread64", how: "error=ENOMEM", files: .logs, codes: [0]),
        Fault(call: "openat", how: "error=EMFILE", files: .logs, codes: [0]),
        Fault(call: "openat", how: "error=EIO", files: .logs, codes: [0]),
        Fault(call: "openat", how: "error=EINTR", files: .logs, codes: [0]),
        Fault(call: "newfstatat", how: "error=ENOMEM", files: .logs, codes: [0]),
        Fault(call: "statx", how: "error=EIO", files: .logs, codes: [0]),
        Fault(call: "getdents64", how: "error=EIO", files: .logs, codes: [0]),
    ]

    private static var steps: [Int] {
        if let all = ProcessInfo.processInfo.environment["ERROR_SWEEP"].flatMap(Int.init) {
            return Array(1...all)
        }
        return [1, 2, 4, 9, 23]
    }

    @Test(arguments: faults)
    func `after an error in any call, the next run counts everything once`(fault: Fault) throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<150).map { eventLine("p\($0)") }, to: "b.ndjson")
        #expect(try scratch.once().code == 0)
        try FileManager.default.copyItem(
            atPath: scratch.state, toPath: scratch.directory.path + "/before")
        try FileManager.default.moveItem(
            atPath: scratch.log("b.ndjson"), toPath: scratch.log("b.ndjson.1"))
        try scratch.append((150..<200).map { eventLine("p\($0)") }, to: "b.ndjson.1")
        try scratch.append((200..<300).map { eventLine("p\($0)") }, to: "a.ndjson")
        // Every second time it begins with a state that knows a part already.
        for (place, step) in Self.steps.enumerated() {
            try? FileManager.default.removeItem(atPath: scratch.state)
            if place % 2 == 1 {
                try FileManager.default.copyItem(
                    atPath: scratch.directory.path + "/before", toPath: scratch.state)
            }
            let trace = try Self.fail(fault, step, scratch)
            let outcome = try scratch.once()
            #expect(outcome.code == 0, "\(fault) \(step): \(outcome.talk)")
            #expect(scratch.number("SELECT sum(events) FROM leads") == 300, "\(fault) \(step)")
            #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == 300)
            #expect(scratch.number("SELECT sum(records_read) FROM sources") == 300)
            let verify = try scratch.leadscore(["verify", "--config", scratch.configuration])
            #expect(verify.code == 0, "\(fault) \(step): \(verify.output)\(verify.talk)")
            if !trace.contains("INJECTED") { break }
        }
    }

    /// Runs the daemon with one call failing.
    ///
    /// - Returns: what strace saw of such calls, and of writing.
    private static func fail(_ fault: Fault, _ step: Int, _ scratch: DaemonScratch) throws -> String
    {
        let file = scratch.directory.path + "/trace"
        let calls = Set([fault.call, "pwrite64", "fdatasync", "fsync"]).sorted().joined(
            separator: ",")
        let outcome = try scratch.once(
            wrapper: ["/usr/bin/strace", "-f", "-y", "-o", file]
                + fault.files.paths(in: scratch).flatMap { ["-P", $0] }
                + ["-e", "trace=\(calls)", "-e", "inject=\(fault.call):\(fault.how):when=\(step)"])
        let trace = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let lines = trace.split(separator: "\n")
        guard let place = lines.firstIndex(where: { $0.contains("INJECTED") }) else {
            #expect(outcome.code == 0, "\(fault) \(step): \(outcome.talk)")
            return trace
        }
        #expect(
            fault.codes.contains(outcome.code), "\(fault) \(step): \(outcome.code) \(outcome.talk)")
        if fault.call == "fdatasync", fault.files == .state {
            // What could not be synced is in doubt, and nothing that is written after it mends that. The
            // journal of a state in the making is taken back, which leaves an empty file.
            let more = lines[(place + 1)...].filter {
                !$0.contains("+++") && !$0.contains("-journal>")
            }
            #expect(more.isEmpty, "\(fault) \(step): \(more)")
        }
        return trace
    }
}
