import Foundation
import Glibc
import Synchronization
import Testing

@testable import Service

@Suite struct NotifierTests {
    /// A notifier whose clock stands where the test puts it, and what it said.
    private final class Recorder: Sendable {
        let sent = Mutex<[String]>([])
        let now = Mutex<Int64>(5_000_000)

        var notifier: Notifier {
            Notifier(
                monotonicMicroseconds: { self.now.withLock { $0 } },
                send: { text in self.sent.withLock { $0.append(text) } })
        }
    }

    @Test func `each step of life has its notification`() {
        let recorder = Recorder()
        let notifier = recorder.notifier
        notifier.ready()
        notifier.reloading()
        notifier.extendTimeout(milliseconds: 1500)
        notifier.watchdog()
        notifier.stopping()
        #expect(
            recorder.sent.withLock { $0 } == [
                "READY=1", "RELOADING=1\nMONOTONIC_USEC=5000000", "EXTEND_TIMEOUT_USEC=1500000",
                "WATCHDOG=1", "STOPPING=1",
            ])
    }

    @Test func `a status is sent when it changed and at most once a second`() {
        let recorder = Recorder()
        let notifier = recorder.notifier
        notifier.status("reading")
        notifier.status("reading")
        notifier.status("3 events")
        recorder.now.withLock { $0 += 999_999 }
        notifier.status("4 events")
        recorder.now.withLock { $0 += 1 }
        notifier.status("5 events")
        recorder.now.withLock { $0 += 2_000_000 }
        notifier.status("5 events")
        #expect(recorder.sent.withLock { $0 } == ["STATUS=reading", "STATUS=5 events"])
    }

    @Test func `a status cannot smuggle in another notification`() {
        let recorder = Recorder()
        recorder.notifier.status("read a\nMAINPID=1\u{1B}[2J\u{202E}")
        #expect(
            recorder.sent.withLock { $0 } == [#"STATUS=read a\nMAINPID=1\u{1B}[2J\u{202E}"#])
    }

    @Test func `a long status is cut between characters`() {
        let recorder = Recorder()
        recorder.notifier.status(String(repeating: "é", count: 1000))
        let text = recorder.sent.withLock { $0[0] }
        #expect(text.utf8.count <= "STATUS=".utf8.count + Notifier.statusBytes)
        #expect(text.hasSuffix("é..."))
    }

    @Test func `without a service manager nothing happens`() async {
        await #expect(processExitsWith: .success) {
            setEnvironment("NOTIFY_SOCKET", nil)
            let notifier = Notifier.system()
            notifier.ready()
            notifier.status("reading")
            #expect(notifier.watchdogInterval == nil)
        }
    }

    @Test func `notifications reach the socket of the service manager`() async throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/notify"
        let manager = UnixSocket.open(SOCK_DGRAM)
        defer { close(manager) }
        #expect(UnixSocket.bind(manager, to: path) == 0)
        await #expect(processExitsWith: .success) { [path = path as String] in
            setEnvironment("NOTIFY_SOCKET", path)
            setEnvironment("WATCHDOG_USEC", "30000000")
            setEnvironment("WATCHDOG_PID", "\(getpid())")
            let notifier = Notifier.system()
            notifier.ready()
            notifier.status("reading")
            #expect(notifier.watchdogInterval == 10_000)
        }
        #expect(received(manager) == "READY=1")
        #expect(received(manager) == "STATUS=reading")
    }

    @Test func `a watchdog meant for another process is not ours`() async {
        await #expect(processExitsWith: .success) {
            setEnvironment("NOTIFY_SOCKET", "/nowhere/at/all")
            setEnvironment("WATCHDOG_USEC", "30000000")
            setEnvironment("WATCHDOG_PID", "\(getppid())")
            let notifier = Notifier.system()
            notifier.ready()  // to a socket that does not exist
            #expect(notifier.watchdogInterval == nil)
        }
    }

    @Test func `an abstract socket is reached`() async {
        let name = "@leadscored-test-\(getpid())"
        let manager = UnixSocket.open(SOCK_DGRAM)
        defer { close(manager) }
        #expect(UnixSocket.bind(manager, to: name) == 0)
        await #expect(processExitsWith: .success) { [name = name as String] in
            setEnvironment("NOTIFY_SOCKET", name)
            Notifier.system().stopping()
        }
        #expect(received(manager) == "STOPPING=1")
    }

    @Test(.timeLimit(.minutes(10)))
    func `a service manager that does not read holds nothing up`() async throws {
        let scratch = try ControlScratch()
        let path = scratch.path + "/notify"
        let manager = UnixSocket.open(SOCK_DGRAM)
        defer { close(manager) }
        #expect(UnixSocket.bind(manager, to: path) == 0)
        await #expect(processExitsWith: .success) { [path = path as String] in
            setEnvironment("NOTIFY_SOCKET", path)
            let notifier = Notifier.system()
            for _ in 0..<2000 { notifier.watchdog() }
        }
        #expect(received(manager) == "WATCHDOG=1")
    }

    private func received(_ socket: Int32) -> String {
        var bytes: [UInt8] = []
        _ = UnixSocket.read(socket, upTo: 4096, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Changes the environment of a test's own process.
private func setEnvironment(_ name: String, _ value: String?) {
    if let value { unsafe _ = setenv(name, value, 1) } else { unsafe _ = unsetenv(name) }
}
