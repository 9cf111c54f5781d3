import Foundation
import Glibc
import Testing

@testable import Service

// A client of no manners, for the tests of the control server.

/// Connects, waiting while the server's queue is full.
func connected(_ scratch: ControlScratch) -> Int32 {
    let descriptor = UnixSocket.open(SOCK_STREAM)
    _ = eventually { UnixSocket.connect(descriptor, to: scratch.path + "/control.sock") == 0 }
    return descriptor
}

/// Writes until all is written or the server hears no more.
func write(_ descriptor: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = UnixSocket.send(descriptor, bytes, from: sent)
        if count > 0 {
            sent += count
        } else if count == -Int(EAGAIN) {
            _ = UnixSocket.wait(descriptor, for: POLLOUT, milliseconds: 10_000)
        } else {
            return
        }
    }
}

/// All that the server says until it closes; nil if it does not within ten seconds.
func answer(_ descriptor: Int32) -> String? {
    var bytes: [UInt8] = []
    let deadline = monotonicMilliseconds() + 10_000
    while monotonicMilliseconds() < deadline {
        let count = UnixSocket.read(descriptor, upTo: 1 << 16, into: &bytes)
        if count == 0 || count == -Int(ECONNRESET) {
            return String(decoding: bytes, as: UTF8.self)
        }
        _ = UnixSocket.wait(descriptor, for: POLLIN, milliseconds: 1000)
    }
    return nil
}

/// Sends text on a connection of its own, and what comes back.
func raw(_ scratch: ControlScratch, _ text: String) -> String? {
    let descriptor = connected(scratch)
    defer { close(descriptor) }
    write(descriptor, text)
    return answer(descriptor)
}

@Suite(.timeLimit(.minutes(10))) struct ControlHostileTests {
    private func server(
        _ scratch: ControlScratch, clients: Int = 32, milliseconds: Int64 = 5000
    ) throws -> ControlServer {
        var limits = ControlLimits()
        limits.clients = clients
        limits.clientMilliseconds = milliseconds
        return try ControlServer(stateDirectory: scratch.path, limits: limits) { request in
            .result(.string(request.command))
        }
    }

    private let good = #"{"command":"status"}"# + "\n"
    private let answered = #"{"ok":true,"result":"status"}"# + "\n"

    @Test func `garbage is refused and the next client served`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        let garbage = [
            "", "hello", "[]", "null", "{}", #"{"command":7}"#, "\u{0}\u{1}",
            #"{"command":"status","arguments":[]}"#, String(repeating: "[", count: 60_000),
        ]
        for text in garbage {
            let refused = raw(scratch, text + "\n")
            #expect(refused?.contains(#""exit":64"#) == true, "\(text.prefix(40))")
            #expect(raw(scratch, good) == answered)
        }
    }

    @Test func `a request that comes in pieces is read`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        let descriptor = connected(scratch)
        defer { close(descriptor) }
        for piece in good { write(descriptor, String(piece)) }
        #expect(answer(descriptor) == answered)
    }

    @Test func `a request without its newline is none`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        let descriptor = connected(scratch)
        defer { close(descriptor) }
        write(descriptor, String(good.dropLast()))
        shutdown(descriptor, Int32(SHUT_WR))
        #expect(answer(descriptor)?.contains("does not end in a newline") == true)
    }

    @Test func `the longest request is served and a longer one is not`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        let limit = ControlLimits().requestBytes
        let frame = #"{"command":"status","x":""}"#
        let fitting = frame.replacingOccurrences(
            of: #""x":""#, with: #""x":""# + String(repeating: "y", count: limit - frame.count))
        #expect(fitting.utf8.count == limit)
        #expect(raw(scratch, fitting + "\n") == answered)
        let longer = fitting.replacingOccurrences(of: "yyy", with: "yyyy")
        #expect(raw(scratch, longer + "\n")?.contains("longer than 65536 bytes") == true)
    }

    @Test func `a request of 100 MB is cut off early`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        let before = residentBytes()
        let refused = raw(scratch, String(repeating: "x", count: 100_000_000))
        #expect(refused?.contains("longer than 65536 bytes") == true)
        #expect(raw(scratch, good) == answered)
        // The text itself is the test's own; the server must not have kept another copy.
        #expect(residentBytes() - before < 250_000_000)
    }

    @Test func `a client that says nothing is dropped in time`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch, milliseconds: 100)
        defer { server.stop() }
        let silent = connected(scratch)
        let slow = connected(scratch)
        defer {
            close(silent)
            close(slow)
        }
        write(slow, "{")
        #expect(answer(silent) == "")
        #expect(answer(slow) == "")
        #expect(raw(scratch, good) == answered)
    }

    @Test func `clients beyond the limit are told to come back`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch, clients: 4)
        defer { server.stop() }
        let idle = (0..<4).map { _ in connected(scratch) }
        #expect(raw(scratch, good)?.contains("too many requests at once") == true)
        for descriptor in idle { close(descriptor) }
        #expect(eventually { raw(scratch, good) == answered })
    }

    @Test func `a thousand connections leave it in working order`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch, milliseconds: 1000)
        defer { server.stop() }
        let openBefore = openDescriptors()
        for round in 0..<1000 {
            let descriptor = connected(scratch)
            if round % 3 == 0 { write(descriptor, good) }
            if round % 3 == 1 { write(descriptor, "{\"comm") }
            close(descriptor)
        }
        #expect(eventually { raw(scratch, good) == answered })
        #expect(eventually { openDescriptors() <= openBefore + 8 })
    }

    @Test func `clients that leave while they are served leave no trace`() throws {
        let scratch = try ControlScratch()
        let server = try server(scratch)
        defer { server.stop() }
        for _ in 0..<200 {
            let descriptor = connected(scratch)
            write(descriptor, good)
            close(descriptor)
        }
        #expect(eventually { raw(scratch, good) == answered })
    }

    private func openDescriptors() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    private func residentBytes() -> Int {
        let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return (statm?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
}
