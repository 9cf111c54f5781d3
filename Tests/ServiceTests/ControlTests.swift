import Foundation
import Glibc
import Synchronization
import Testing

@testable import Service

@Suite struct ControlTests {
    @Test func `a request gets its answer`() throws {
        let scratch = try ControlScratch()
        let server = try ControlServer(stateDirectory: scratch.path) { request in
            .result(.object(["command": .string(request.command), "n": request.arguments["n"]!]))
        }
        defer { server.stop() }
        let response = try ControlClient.send(
            stateDirectory: scratch.path,
            request: ControlRequest(command: "top", arguments: ["n": .integer(10)]))
        #expect(response == .result(.object(["command": .string("top"), "n": .integer(10)])))
    }

    @Test func `a failure is an answer with its exit code`() throws {
        let scratch = try ControlScratch()
        let server = try ControlServer(stateDirectory: scratch.path) { _ in
            .failure("nobody found", exitCode: 1)
        }
        defer { server.stop() }
        #expect(try ask(scratch) == .failure("nobody found", exitCode: 1))
        #expect(
            raw(scratch, #"{"command":"show"}"# + "\n")
                == #"{"error":"nobody found","exit":1,"ok":false}"# + "\n")
    }

    @Test func `the socket is for its owner alone`() throws {
        let scratch = try ControlScratch()
        let server = try ControlServer(stateDirectory: scratch.path) { _ in .result(.null) }
        defer { server.stop() }
        let attributes = try FileManager.default.attributesOfItem(
            atPath: scratch.path + "/control.sock")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func `a peer that may not ask is told so and sent away`() throws {
        let scratch = try ControlScratch()
        let asked = Mutex(0)
        let server = try ControlServer(stateDirectory: scratch.path, permits: { _ in false }) { _ in
            asked.withLock { $0 += 1 }
            return .result(.null)
        }
        defer { server.stop() }
        #expect(throws: ControlError.permission(path: scratch.path + "/control.sock")) {
            try ask(scratch)
        }
        #expect(asked.withLock { $0 } == 0)
    }

    @Test func `without a daemon the client says so`() throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/control.sock"
        #expect(throws: ControlError.notRunning(path: path)) { try ask(scratch) }
        // What a killed daemon leaves behind: a name without a listener.
        let left = UnixSocket.open(SOCK_STREAM)
        #expect(UnixSocket.bind(left, to: path) == 0)
        close(left)
        #expect(throws: ControlError.notRunning(path: path)) { try ask(scratch) }
        #expect(throws: ControlError.notRunning(path: "/nowhere/control.sock")) {
            try ControlClient.send(stateDirectory: "/nowhere", request: status)
        }
    }

    @Test func `a stale socket is replaced and the own one removed at the end`() throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/control.sock"
        let left = UnixSocket.open(SOCK_STREAM)
        #expect(UnixSocket.bind(left, to: path) == 0)
        close(left)
        let server = try ControlServer(stateDirectory: scratch.path) { _ in .result(.bool(true)) }
        #expect(try ask(scratch) == .result(.bool(true)))
        server.stop()
        server.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a state directory with a path too long for a socket works`() throws {
        let scratch = try ControlScratch(depth: 4)
        #expect(scratch.path.utf8.count > 200)
        let server = try ControlServer(stateDirectory: scratch.path) { _ in .result(.bool(true)) }
        #expect(try ask(scratch) == .result(.bool(true)))
        #expect(FileManager.default.fileExists(atPath: scratch.path + "/control.sock"))
        server.stop()
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/control.sock"))
    }

    @Test func `a long answer arrives whole`() throws {
        let scratch = try ControlScratch()
        let text = String(repeating: "leads, \u{1F3AF} ", count: 300_000)
        let server = try ControlServer(stateDirectory: scratch.path) { _ in .result(.string(text)) }
        defer { server.stop() }
        #expect(try ask(scratch) == .result(.string(text)))
    }

    @Test func `a slow command does not keep a quick one waiting`() throws {
        let scratch = try ControlScratch()
        let release = DispatchSemaphore(value: 0)
        let server = try ControlServer(stateDirectory: scratch.path) { request in
            if request.command == "verify" { release.wait() }
            return .result(.string(request.command))
        }
        defer { server.stop() }
        let slow = connected(scratch)
        defer { close(slow) }
        write(slow, #"{"command":"verify"}"# + "\n")
        #expect(try ask(scratch) == .result(.string("status")))
        release.signal()
        #expect(answer(slow) == #"{"ok":true,"result":"verify"}"# + "\n")
    }

    @Test func `a daemon that does not answer is a timeout`() throws {
        let scratch = try ControlScratch()
        let release = DispatchSemaphore(value: 0)
        let server = try ControlServer(stateDirectory: scratch.path) { _ in
            release.wait()
            return .result(.null)
        }
        defer { server.stop() }
        defer { release.signal() }
        #expect(throws: ControlError.timeout(milliseconds: 50)) {
            try ControlClient.send(
                stateDirectory: scratch.path, request: status, timeoutMilliseconds: 50)
        }
    }

    @Test func `what is no answer is called that`() throws {
        let scratch = try ControlScratch()
        #expect(throws: ControlError.malformed("it is not the expected JSON")) {
            try asking(scratch, answeredBy: "hello\n")
        }
    }

    @Test func `a daemon that ends before it answers is called that`() throws {
        let scratch = try ControlScratch()
        #expect(throws: ControlError.disconnected(path: scratch.path + "/control.sock")) {
            try asking(scratch, answeredBy: "")
        }
    }

    /// Asks something that says these words to its first client and hangs up.
    private func asking(_ scratch: ControlScratch, answeredBy words: String) throws {
        let listener = try ControlSocket(in: scratch.path).listen(backlog: 1)
        let thread = Thread {
            _ = UnixSocket.wait(listener, for: POLLIN, milliseconds: 10_000)
            let client = UnixSocket.accept(listener)
            _ = UnixSocket.send(client, Array(words.utf8), from: 0)
            close(client)
            close(listener)
        }
        thread.start()
        _ = try ask(scratch)
    }

    private let status = ControlRequest(command: "status")

    private func ask(_ scratch: ControlScratch) throws -> ControlResponse {
        try ControlClient.send(stateDirectory: scratch.path, request: status)
    }
}
