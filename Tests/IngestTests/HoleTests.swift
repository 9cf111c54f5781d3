import Core
import Glibc
import Ingest
import TestKit
import Testing

/// Runs of NUL bytes where lines should begin: what a writer leaves that goes on at its old offset after
/// its file was emptied, and what a file system leaves after a power cut.
@Suite struct HoleTests {
    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [1, 100, 5000, 300_000, 3_000_000])
    func `NUL bytes before a line are no part of it`(count: Int) {
        let reading = Reading()
        reading.files.create("/log/a.log", bytes: Self.zeros(count) + Self.bytes("1\n2\n"))
        reading.settle()
        #expect(reading.lines == ["1", "2"])
        #expect(reading.positions[1]?.offset == Int64(count + 4))
        reading.files.append("/log/a.log", Self.zeros(count) + Self.bytes("3\n"))
        reading.settle()
        reading.restart()
        reading.files.append("/log/a.log", "4\n")
        reading.settle()
        #expect(reading.lines == ["1", "2", "3", "4"])
        #expect(reading.positions[1]?.offset == reading.positions[1]?.size)
        #expect(reading.follower.lagBytes == 0 && reading.follower.partialBytes == 0)
        #expect(reading.positions.count == 1)
    }

    @Test func `a writer that goes on at its old offset loses nothing`() {
        let reading = Reading()
        var offset = 0
        for round in 0..<5 {
            // logrotate's copytruncate, and a writer that does not append.
            let lines = (0..<50).map { "round \(round) line \($0)" }
            reading.files.append("/log/a.log", lines.map { $0 + "\n" }.joined())
            if round % 2 == 0 { reading.settle() }
            offset = reading.files.nodes["/log/a.log"]?.bytes.count ?? 0
            for place in (1...5).reversed() where reading.files.nodes["/log/a.log.\(place)"] != nil
            {
                reading.files.rename("/log/a.log.\(place)", "/log/a.log.\(place + 1)")
            }
            reading.files.copy("/log/a.log", "/log/a.log.1")
            reading.files.truncate("/log/a.log")
            if round == 3 { reading.settle() }
            reading.files.append("/log/a.log", Self.zeros(offset))
            if round == 1 { reading.restart() }
        }
        reading.files.append("/log/a.log", "end\n")
        reading.wait(seconds: 20)
        let all = (0..<5).flatMap { round in (0..<50).map { "round \(round) line \($0)" } }
        #expect(reading.lines.sorted() == (all + ["end"]).sorted())
    }

    @Test func `a hole at the end waits, and what is written into it counts`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", "1\n")
        reading.files.append("/log/a.log", Self.zeros(500_000))
        reading.settle()
        #expect(reading.lines == ["1"] && reading.follower.partialBytes == 0)
        #expect(reading.follower.lagBytes == 0)
        #expect(reading.positions[1]?.offset == 2)
        node.bytes.replaceSubrange(2..<4, with: Self.bytes("2\n"))
        node.touched += 1_000_000
        reading.settle()
        #expect(reading.lines == ["1", "2"])
        reading.files.rename("/log/a.log", "/log/a.log.1")
        reading.wait(seconds: 90)
        #expect(reading.unterminated == [])
        #expect(reading.positions[1]?.offset == 500_002)
        reading.restart()
        reading.files.remove("/log/a.log.1")
        reading.wait(seconds: 90)
        #expect(reading.lost == 0)
    }

    @Test func `half a line behind a hole waits for its end, or is given up without the hole`() {
        let reading = Reading()
        reading.files.create("/log/a.log", bytes: Self.zeros(70_000) + Self.bytes("ab"))
        reading.settle()
        #expect(reading.lines == [] && reading.follower.partialBytes == 2)
        reading.files.append("/log/a.log", "c\nde")
        reading.settle()
        #expect(reading.lines == ["abc"])
        reading.files.append("/log/a.log", "\n")
        reading.files.append("/log/a.log", Self.zeros(2_000_000) + Self.bytes("fg"))
        reading.files.rename("/log/a.log", "/log/a.log.1")
        reading.wait(seconds: 90)
        #expect(reading.lines == ["abc", "de"] && reading.unterminated == [2])
        #expect(reading.lost == 0)
    }

    @Test func `a line that is too long is quarantined without the hole before it`() {
        let reading = Reading()
        let long = String(repeating: "x", count: 3_000_000)
        reading.files.create("/log/a.log", bytes: Self.zeros(2_000_000) + Self.bytes(long))
        reading.settle()
        reading.files.append("/log/a.log", "\nlast\n")
        reading.settle()
        #expect(reading.oversize.map(\.length) == [3_000_000])
        #expect(reading.oversize.map(\.offset) == [2_000_000])
        #expect(reading.lines == ["last"])
    }

    @Test(arguments: PackedFormat.allCases)
    func `in a compressed file too`(format: PackedFormat) {
        let reading = Reading()
        let long = String(repeating: "y", count: 2_500_000)
        let content =
            Self.bytes("1\n") + Self.zeros(9_000_000) + Self.bytes("2\n\(long)\n3\n")
            + Self.zeros(6_000_000)
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: format.pack(content))
        reading.settle()
        #expect(reading.lines == ["1", "2", "3"])
        #expect(reading.oversize.map(\.length) == [2_500_000])
        #expect(reading.unterminated == [])
        #expect(reading.positions[1]?.offset == Int64(content.count))
    }

    @Test(arguments: PackedFormat.allCases)
    func `half a line at the end of a large compressed file is found to be that`(
        format: PackedFormat
    ) {
        let reading = Reading()
        let text = String(repeating: String(repeating: "z", count: 999) + "\n", count: 9000)
        let half = String(repeating: "h", count: 1_500_000)
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: format.pack(text + half))
        reading.files.create("/log/a.log.2\(format.suffix)", bytes: format.pack("2\n" + text + "h"))
        reading.settle()
        #expect(reading.lines.count == 18_001)
        #expect(reading.unterminated.sorted() == [1, 1_500_000])
    }

    /// The size of a run of NUL bytes at random places changes nothing.
    @Test func `lines are the same with holes between them and without`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<30 {
            let reading = Reading()
            reading.files.create("/log/a.log")
            var expected: [String] = []
            for number in 0..<40 {
                if random.oneIn(4) {
                    reading.files.append(
                        "/log/a.log", Self.zeros(Int.random(in: 0..<(1 << 19), using: &random)))
                }
                let line = String(
                    repeating: "\(number % 10)", count: Int.random(in: 0..<200, using: &random))
                for piece in [line, "\n"] {
                    reading.files.append("/log/a.log", piece)
                    if random.oneIn(3) { reading.settle() }
                    if random.oneIn(9) { reading.restart() }
                }
                expected.append(line)
            }
            reading.settle()
            #expect(reading.lines == expected)
            #expect(reading.positions.count == 1)
        }
    }
}
