import Foundation
import Glibc
import TestKit
import Testing

/// When the daemon must not start: the code says why, and what it found stays as it was.
@Suite struct RefusalTests {
    @Test func `a second daemon on the same state ends at once and names the first`() throws {
        let scratch = try DaemonScratch()
        let first = try scratch.start()
        let start = monotonicSeconds()
        let second = try scratch.launch()
        #expect(second.code(within: 5) == 75)
        #expect(monotonicSeconds() - start < 1)
        #expect(second.talk.contains("\(first.pid)"), "\(second.talk)")
        #expect(first.isRunning)
        first.killNow()
        let third = try scratch.start()
        third.signal(SIGTERM)
        #expect(third.code(within: 5) == 0)
    }

    @Test func `of many started together exactly one lives`() throws {
        let scratch = try DaemonScratch()
        let all = try (0..<6).map { _ in try scratch.launch() }
        #expect(holds(within: 10) { all.filter(\.isRunning).count == 1 })
        #expect(all.filter { !$0.isRunning }.allSatisfy { $0.code(within: 1) == 75 })
        #expect(try scratch.settled().sequence >= 0)
    }

    @Test func `a socket that cannot be made is an error of input and output`() throws {
        let scratch = try DaemonScratch()
        try FileManager.default.createDirectory(
            atPath: scratch.state + "/control.sock", withIntermediateDirectories: true)
        unsafe chmod(scratch.state, 0o711)
        let daemon = try scratch.launch()
        #expect(daemon.code(within: 10) == 74, "\(daemon.talk)")
        #expect(daemon.talk.contains("control.sock"), "\(daemon.talk)")
    }

    @Test(arguments: ["newer", "garbage", "zeroed", "foreign", "text", "short"])
    func `a state that is not ours to use stays as it is`(kind: String) throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<3000).map { eventLine("p\($0)") }, to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        let path = scratch.state + "/state.db"
        let code = try Self.spoil(path, kind)
        let before = try Data(contentsOf: URL(filePath: path))
        for _ in 1...2 {
            let outcome = try scratch.once()
            #expect(outcome.code == code, "\(kind): \(outcome.talk)")
            #expect(outcome.talk.contains(path))
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
        }
    }

    private static func spoil(_ path: String, _ kind: String) throws -> Int32 {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? file.close() }
        switch kind {
        case "newer":
            try file.seek(toOffset: 60)
            try file.write(contentsOf: Data([0, 0, 0x03, 0xE7]))
            return 78
        case "garbage": try file.write(contentsOf: Data(repeating: 0xA5, count: 100))
        case "zeroed":
            try file.seek(toOffset: 4096 * 3)
            try file.write(contentsOf: Data(count: 4096))
        case "foreign":
            try file.seek(toOffset: 68)
            try file.write(contentsOf: Data([0x12, 0x34, 0x56, 0x78]))
            return 78
        case "text":
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(repeating: 0x41, count: 5000))
        default: try file.truncate(atOffset: 50)
        }
        return 65
    }

    @Test func `another time zone is refused`() throws {
        let scratch = try DaemonScratch()
        try #require(try scratch.once().code == 0)
        try scratch.configure("time_zone: \"+02:00\"\n" + DaemonScratch.rules)
        let outcome = try scratch.once()
        #expect(outcome.code == 78)
        #expect(outcome.talk.contains("+02:00"))
    }

    @Test(arguments: [0o770, 0o777, 0o703])
    func `a state directory that others can write to is refused`(mode: UInt32) throws {
        let scratch = try DaemonScratch()
        unsafe mkdir(scratch.state, 0o711)
        unsafe chmod(scratch.state, mode)
        let outcome = try scratch.once()
        #expect(outcome.code == 77)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.state).isEmpty)
    }

    @Test func `every mistake of a configuration is told at once`() throws {
        let scratch = try DaemonScratch()
        try scratch.configure(
            """
            mql: sixty
            half_life: 14 parsecs
            weather: fine
            signals:
              - {name: click, when: {typ: click}, weight: 5}
            """)
        let outcome = try scratch.once()
        #expect(outcome.code == 78)
        for place in [":1:", ":2:", ":3:", ":5:"] {
            #expect(
                outcome.talk.contains(scratch.configuration + place), "\(place): \(outcome.talk)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.state))
    }

    @Test(.enabled(if: OtherUser.isAvailable))
    func `a configuration that cannot be read or found ends with 78`() throws {
        let scratch = try DaemonScratch()
        unsafe chmod(scratch.directory.path, 0o777)
        unsafe chmod(scratch.configuration, 0o600)
        let daemon = try scratch.launch(wrapper: OtherUser.service)
        #expect(daemon.code(within: 5) == 78, "\(daemon.talk)")
        #expect(daemon.talk.contains(scratch.configuration))
        unsafe unlink(scratch.configuration)
        #expect(try scratch.once().code == 78)
    }

    @Test func `logs that are not there yet are no mistake`() throws {
        let scratch = try DaemonScratch()
        try scratch.configure(sources: ["events": "not/there/*.ndjson"])
        #expect(try scratch.once().code == 0)
        let daemon = try scratch.start()
        try FileManager.default.createDirectory(
            atPath: scratch.log("not/there"), withIntermediateDirectories: true)
        try scratch.append([eventLine("ann")], to: "not/there/a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        withExtendedLifetime(daemon) {}
    }
}
