import Foundation
import Glibc
import TestKit
import Testing

/// Compressed files of a few kilobytes that unpack to gigabytes.
///
/// `BOMB=n` unpacks n MiB.
@Suite struct BombTests {
    private static let megabytes =
        ProcessInfo.processInfo.environment["BOMB"].flatMap(Int.init) ?? 1024

    @Test(arguments: [UInt8(0), UInt8(ascii: "a")])
    func `a bomb takes little memory, and others are read meanwhile`(byte: UInt8) throws {
        let scratch = try DaemonScratch()
        // A file of several members is one file.
        let member = PackedFormat.gzip.pack([UInt8](repeating: byte, count: 16 << 20))
        let end = PackedFormat.gzip.pack("\n" + eventLine("behind") + "\n")
        let members = Data(member)
        let daemon = try scratch.start()
        var bomb = Data()
        for _ in 0..<(Self.megabytes / 16) { bomb += members }
        try scratch.append(bomb + Data(end), to: "a.ndjson.1.gz")
        var slowest = 0.0
        var others: Int64 = 0
        let isDone = try holds(within: 60) {
            let start = monotonicSeconds()
            try scratch.append([eventLine("other")], to: "b.ndjson")
            others += 1
            _ = try holds(within: 10) { try scratch.status()?.outcome("applied") ?? 0 >= others }
            slowest = max(slowest, monotonicSeconds() - start)
            return try scratch.status()?.outcome("applied") == others + 1
        }
        #expect(isDone, "\(daemon.talk)")
        #expect(slowest < 5, "\(slowest) s")
        let status = try scratch.settled()
        #expect(status.degraded.isEmpty)
        #expect(status.reason("quarantined", "oversize") == (byte == 0 ? 0 : 1))
        #expect(scratch.number("SELECT events FROM leads WHERE email LIKE 'behind@%'") == 1)
        let peak = Self.peakKilobytes(of: daemon.pid)
        #expect(peak > 0 && peak < 160_000, "\(peak) kB")
    }

    private static func peakKilobytes(of pid: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    }
}
