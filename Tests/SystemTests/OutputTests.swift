import Foundation
import Glibc
import TestKit
import Testing

/// Standard descriptors in every state but a good one.
@Suite struct OutputTests {
    private static let shell = ["/bin/sh", "-c"]

    @Test(arguments: ["2>&-", "1>&-", "0<&- 1>&- 2>&-", "2>/dev/full", "2>&1 | true"])
    func `closed and broken descriptors harm nothing`(redirection: String) throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann"), "bad"], to: "a.ndjson")
        let command = "\"$0\" \"$@\" " + redirection
        let daemon = try scratch.launch(wrapper: Self.shell + [command])
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        try scratch.append(
            [String](repeating: "bad", count: 500) + [eventLine("ben")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 2 })
        let pid = try #require(try scratch.status()?.integer("pid"))
        kill(Int32(pid), SIGTERM)
        #expect(holds(within: 5) { kill(Int32(pid), 0) != 0 || !daemon.isRunning })
        #expect(try scratch.leadscore(["verify", "--config", scratch.configuration]).code == 0)
    }

    @Test func `a pipe that nobody empties does not hold up the reading`() throws {
        let scratch = try DaemonScratch()
        let pipe = Pipe()
        try fill(pipe.fileHandleForWriting.fileDescriptor)
        let daemon = try scratch.launch(pipe: pipe)
        for round in 1...300 { try scratch.append([eventLine("ann")], to: "file-\(round).ndjson") }
        for _ in 0..<4 {
            daemon.signal(SIGHUP)
            for round in 1...300 {
                unsafe rename(
                    scratch.log("file-\(round).ndjson"), scratch.log("file-\(round).ndjson.1"))
                unsafe rename(
                    scratch.log("file-\(round).ndjson.1"), scratch.log("file-\(round).ndjson"))
            }
        }
        #expect(try holds(within: 20) { try scratch.status()?.outcome("applied") == 300 })
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        withExtendedLifetime(pipe) {}
    }

    /// Writes to a pipe until it takes not one byte more, and lets it block again.
    private func fill(_ pipe: Int32) throws {
        let flags = fcntl(pipe, F_GETFL)
        try #require(fcntl(pipe, F_SETFL, flags | O_NONBLOCK) == 0)
        for size in [4096, 1] {
            let bytes = [UInt8](repeating: 0x20, count: size)
            while unsafe write(pipe, bytes, size) > 0 {}
        }
        try #require(errno == EAGAIN)
        try #require(fcntl(pipe, F_SETFL, flags) == 0)
    }
}
