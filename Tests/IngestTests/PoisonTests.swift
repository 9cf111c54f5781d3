import Core
import Ingest
import TestKit
import Testing

/// Lines that are not to be looked into, because they ended the process whenever they were read.
@Suite struct PoisonTests {
    /// FNV-1a, written down once more.
    private static func suspect(_ line: String, at offset: Int64) -> SuspectLine {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return SuspectLine(offset: offset, length: Int64(line.utf8.count), hash: hash, tries: 2)
    }

    private func offset(of place: Int, in lines: [String]) -> Int64 {
        Int64(lines[..<place].reduce(0) { $0 + $1.utf8.count + 1 })
    }

    @Test(arguments: [0, 1, 20, 39])
    func `the line is passed over, and those before and after it are read`(place: Int) {
        let lines = (0..<40).map { "line \($0)" }
        let reading = Reading()
        let bad = offset(of: place, in: lines)
        reading.follower.poison = [Self.suspect(lines[place], at: bad)]
        reading.files.create("/log/a.log", lines.map { $0 + "\n" }.joined())
        reading.settle()
        #expect(reading.lines == lines.filter { $0 != lines[place] })
        #expect(reading.poison.map(\.offset) == [bad])
        #expect(reading.positions[1]?.offset == reading.positions[1]?.size)
        reading.restart()
        reading.settle()
        #expect(reading.lines.count == 39)
    }

    @Test func `another line at its place, and the same line elsewhere, are read`() {
        let reading = Reading()
        reading.follower.poison = [Self.suspect("bad", at: 4), Self.suspect("bed", at: 8)]
        reading.files.create("/log/a.log", "one\ntwo\nbad\nbed\n")
        reading.settle()
        #expect(reading.lines == ["one", "two", "bad", "bed"] && reading.poison.isEmpty)
    }

    @Test func `two of them in a row, behind a hole, in a compressed file`() {
        let reading = Reading()
        let content = [UInt8](repeating: 0, count: 9) + Array("bad\nbed\ngood\n".utf8)
        reading.follower.poison = [Self.suspect("bed", at: 13), Self.suspect("bad", at: 9)]
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(content))
        reading.settle()
        #expect(reading.lines == ["good"] && reading.poison.map(\.offset) == [9, 13])
    }
}
