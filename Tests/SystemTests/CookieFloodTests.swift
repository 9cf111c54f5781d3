import Foundation
import TestKit
import Testing

/// Anybody can make up cookies.
///
/// `COOKIES=n` sets how many.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/time")))
struct CookieFloodTests {
    private static let day = "2026-09-14"
    private static let megabytes = 256.0

    @Test func `random cookies take no memory, and change no known contact`() throws {
        let cookies =
            ProcessInfo.processInfo.environment["COOKIES"].flatMap(Int.init) ?? 100_000
        let quiet = try DaemonScratch()
        let flooded = try DaemonScratch()
        try Self.write(to: quiet, cookies: 0)
        try Self.write(to: flooded, cookies: cookies)
        _ = try Self.measured(quiet)
        let (seconds, peak) = try Self.measured(flooded)
        print("cookie flood: \(cookies) cookies in \(seconds) s, peak \(peak) MiB with --once")
        #expect(peak < Self.megabytes)
        let known = try Self.known(quiet)
        #expect(known.count == 500)
        #expect(try Self.known(flooded) == known)
        #expect(flooded.number("SELECT sum(applied) FROM sources") == Int64(3000 + cookies))
        #expect(flooded.number("SELECT count(*) FROM leads WHERE anonymous = 1") == 0)
        // And as a service, which comes upon all of them in one go and publishes meanwhile.
        let served = try DaemonScratch()
        try FileManager.default.moveItem(
            atPath: flooded.log("a.ndjson"), toPath: served.log("a.ndjson"))
        let daemon = try served.start()
        let start = monotonicSeconds()
        _ = try served.settled(within: 60 + Double(cookies) / 2000)
        let resident = Self.peak(of: daemon.pid)
        print("cookie flood: settled in \(monotonicSeconds() - start) s, peak \(resident) MiB")
        #expect(resident < Self.megabytes)
    }

    /// Runs to the end.
    ///
    /// - Returns: seconds, and the most memory in MiB.
    private static func measured(_ scratch: DaemonScratch) throws -> (Double, Double) {
        let path = scratch.directory.path + "/time"
        let outcome = try scratch.once(
            asOf: day, wrapper: ["/usr/bin/time", "-f", "%e %M", "-o", path])
        #expect(outcome.code == 0, "\(outcome.talk)")
        let numbers = try String(contentsOfFile: path, encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        return (numbers.first ?? .infinity, (numbers.last ?? .infinity) / 1024)
    }

    /// The most memory that a process had, in MiB.
    private static func peak(of pid: Int32) -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return line.split(separator: " ").compactMap { Double($0) }.first.map { $0 / 1024 }
            ?? .infinity
    }

    /// Everything that is said of known contacts but their numbers.
    private static func known(_ scratch: DaemonScratch) throws -> [String] {
        try scratch.rows("SELECT * FROM leads WHERE anonymous = 0 ORDER BY email").map { row in
            row.filter { $0.key != "contact_id" }.sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
    }

    /// Six events of each of 500 people with a cookie of their own, and between them the flood.
    private static func write(to scratch: DaemonScratch, cookies: Int) throws {
        var random = SeededGenerator(seed: 1)
        let share = cookies / 6
        for round in 0..<6 {
            try scratch.append(
                (0..<500).map { person in
                    let ts = 1_789_000_000_000 + (round * 37 + person) * 60_000
                    let type = ["click", "visit", "fair"][(round + person) % 3]
                    return #"{"ts":\#(ts),"type":"\#(type)","email":"p\#(person)@example.com","#
                        + #""cookie":"own\#(person)","url":"/pricing"}"#
                }, to: "a.ndjson")
            var left = round == 5 ? cookies - 5 * share : share
            while left > 0 {
                let count = min(left, 50_000)
                try scratch.append(flood(count, &random), to: "a.ndjson")
                left -= count
            }
        }
    }

    private static func flood(_ count: Int, _ random: inout SeededGenerator) -> Data {
        let start = Array(#"{"ts":1789000000000,"type":"visit","cookie":""#.utf8)
        let end = Array("\",\"url\":\"/pricing\"}\n".utf8)
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * (start.count + end.count + 16))
        for _ in 0..<count {
            bytes += start
            var number = random.next()
            for _ in 0..<16 {
                bytes.append(digits[Int(number & 15)])
                number >>= 4
            }
            bytes += end
        }
        return Data(bytes)
    }
}
