import Foundation
import Glibc
import TestKit
import Testing

/// What the daemon tells a service manager.
@Suite struct ServiceManagerTests {
    private func environment(_ path: String, watchdog: Int? = nil) -> [String: String] {
        var environment = ["NOTIFY_SOCKET": path]
        if let watchdog { environment["WATCHDOG_USEC"] = "\(watchdog)" }
        return environment
    }

    @Test func `ready, reloading and stopping are told in this order`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        let path = scratch.directory.path + "/notify"
        let manager = try UnixDatagrams(path: path)
        let daemon = try scratch.launch(environment: environment(path))
        #expect(next(manager, "STATUS=Up to date") != nil)
        #expect(next(manager, "READY=1") != nil)
        daemon.signal(SIGHUP)
        let reloading = next(manager, "RELOADING=1")
        let clock = reloading?.split(separator: "\n").first { $0.hasPrefix("MONOTONIC_USEC=") }
        let told = clock.flatMap { Double($0.dropFirst("MONOTONIC_USEC=".count)) } ?? 0
        #expect(abs(told / 1e6 - monotonicSeconds()) < 5, "\(reloading ?? "nothing")")
        #expect(next(manager, "READY=1") != nil)
        try scratch.configure("mql: [")
        daemon.signal(SIGHUP)
        #expect(next(manager, "RELOADING=1") != nil)
        #expect(next(manager, "READY=1") != nil)
        daemon.signal(SIGTERM)
        #expect(next(manager, "STOPPING=1") != nil)
        #expect(daemon.code(within: 5) == 0)
    }

    @Test func `the watchdog is fed at a third of its time, during a backlog too`() throws {
        let scratch = try DaemonScratch()
        let path = scratch.directory.path + "/notify"
        let manager = try UnixDatagrams(path: path)
        let daemon = try scratch.launch(environment: environment(path, watchdog: 900_000))
        #expect(next(manager, "READY=1") != nil)
        let block = (0..<200_000).map { eventLine("p\($0 % 90_000)") }
        for _ in 0..<3 { try scratch.append(block, to: "a.ndjson") }
        var longest = 0.0
        var last = monotonicSeconds()
        let end = last + 6
        while monotonicSeconds() < end {
            guard let message = manager.next(within: 0.1), message.contains("WATCHDOG=1") else {
                continue
            }
            longest = max(longest, monotonicSeconds() - last)
            last = monotonicSeconds()
        }
        #expect(longest > 0 && longest < 0.9, "\(longest) s between two pings")
        daemon.signal(SIGSTOP)
        while manager.next(within: 0.05) != nil {}
        #expect(manager.next(within: 1) == nil)
        daemon.signal(SIGCONT)
        #expect(next(manager, "WATCHDOG=1") != nil)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
    }

    @Test(arguments: ["/nowhere/at/all", "@leadscored-nobody-listens", "relative", ""])
    func `a service manager that is not there is no reason to end`(path: String) throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start(environment: environment(path, watchdog: 500_000))
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 1 })
        #expect(daemon.isRunning)
    }

    /// The next message that begins so.
    private func next(_ manager: UnixDatagrams, _ start: String) -> String? {
        let deadline = monotonicSeconds() + 10
        while monotonicSeconds() < deadline {
            guard let message = manager.next(within: 1) else { continue }
            if message.split(separator: "\n").contains(where: { $0.hasPrefix(start) }) {
                return message
            }
        }
        return nil
    }
}
