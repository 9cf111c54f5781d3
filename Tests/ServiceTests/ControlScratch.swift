import Foundation
import Glibc

@testable import Service

/// A directory of a test's own, gone with the test.
final class ControlScratch: Sendable {
    let path: String

    /// Makes it; `depth` more levels of long names make its path longer than a socket's may be.
    init(depth: Int = 0) throws {
        let root = "/tmp/leadscored-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        path = root + String(repeating: "/" + String(repeating: "d", count: 60), count: depth)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o711])
    }

    deinit {
        let root = path.split(separator: "/").prefix(2).joined(separator: "/")
        try? FileManager.default.removeItem(atPath: "/" + root)
    }
}

/// Waits until something holds, at most ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = monotonicMilliseconds() + 10_000
    while monotonicMilliseconds() < deadline {
        if condition() { return true }
        usleep(1000)
    }
    return condition()
}
