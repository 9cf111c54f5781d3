import Core
import Ingest
import TestKit
import Testing

@Suite struct ArchiveTests {
    private static let lines = (0..<4000).map {
        "line \($0) \(String(repeating: "x", count: $0 % 50))"
    }
    private static let text = lines.map { $0 + "\n" }.joined()

    @Test(arguments: PackedFormat.allCases)
    func `a compressed file is read to its end, once`(format: PackedFormat) {
        let reading = Reading()
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: format.pack(Self.text))
        reading.settle()
        #expect(reading.drain() == Self.lines)
        reading.restart()
        reading.wait(seconds: 20)
        #expect(reading.drain() == [])
        reading.files.rename("/log/a.log.1\(format.suffix)", "/log/a.log.2\(format.suffix)")
        reading.settle()
        reading.restart()
        reading.wait(seconds: 20)
        #expect(reading.drain() == [])
        #expect(reading.lost == 0)
    }

    @Test(arguments: PackedFormat.allCases, [0, 1, 700, 3999, 4000])
    func `what was rotated and compressed while stopped goes on where it was`(
        format: PackedFormat, count: Int
    ) {
        let reading = Reading()
        let old = Self.lines.prefix(count).map { $0 + "\n" }.joined()
        reading.files.create("/log/a.log", old)
        reading.settle()
        #expect(reading.drain().count == count)
        reading.restart()
        reading.files.remove("/log/a.log")
        reading.files.create("/log/a.log.3\(format.suffix)", bytes: format.pack(Self.text))
        reading.files.create("/log/a.log.2\(format.suffix)", bytes: format.pack("b\n"))
        reading.files.create("/log/a.log.1", "c\n")
        reading.files.create("/log/a.log", "d\n")
        reading.wait(seconds: 20)
        #expect(
            reading.drain().sorted() == (Self.lines.dropFirst(count) + ["b", "c", "d"]).sorted())
        #expect(reading.lost == 0)
    }

    @Test func `a file compressed while it is followed is not counted again`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", Self.text)
        reading.settle()
        reading.files.rename("/log/a.log", "/log/a.log.1")
        reading.files.append(to: node, "late\n")
        reading.settle()
        let packed = PackedFormat.gzip.pack(Self.text + "late\n")
        reading.files.create("/log/a.log.1.gz", bytes: Array(packed.prefix(packed.count / 2)))
        reading.settle()
        reading.files.append("/log/a.log.1.gz", Array(packed.suffix(from: packed.count / 2)))
        reading.settle()
        reading.files.remove("/log/a.log.1")
        reading.files.append(to: node, "very late\n")
        reading.wait(seconds: 90)
        #expect(reading.drain() == Self.lines + ["late", "very late"])
        reading.restart()
        reading.wait(seconds: 90)
        #expect(reading.drain() == [])
        #expect(reading.lost == 0)
    }

    @Test(arguments: [false, true])
    func `a file and its archive side by side count once, whichever goes`(stopped: Bool) {
        let reading = Reading()
        reading.files.create("/log/a.log.1", Self.text)
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(Self.text))
        reading.settle()
        #expect(reading.drain() == Self.lines)
        if stopped { reading.restart() }
        reading.files.remove("/log/a.log.1")
        reading.wait(seconds: 90)
        #expect(reading.drain() == [])
        reading.files.create("/log/a.log.1", Self.text)
        reading.files.remove("/log/a.log.1.gz")
        reading.wait(seconds: 90)
        #expect(reading.drain() == [])
    }

    @Test(arguments: [false, true])
    func `an archive that has more than is left of its file counts too`(stopped: Bool) {
        let reading = Reading()
        reading.files.create("/log/a.log.1", Self.lines.prefix(3000).map { $0 + "\n" }.joined())
        reading.settle()
        if stopped { reading.restart() }
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(Self.text))
        reading.wait(seconds: 90)
        #expect(reading.drain() == Self.lines)
        reading.files.remove("/log/a.log.1")
        reading.restart()
        reading.wait(seconds: 90)
        #expect(reading.drain() == [])
    }

    /// Somebody may write the same line again and again.
    @Test(arguments: [(50, 30), (30, 50), (40, 40)])
    func `logs of the same lines count each`(packed: Int, plain: Int) {
        let reading = Reading()
        func same(_ count: Int) -> String { String(repeating: "same\n", count: count) }
        reading.files.create(
            "/log/a.log.2.gz", bytes: PackedFormat.gzip.pack(same(packed + plain) + "x\n"))
        reading.files.create("/log/a.log.1", same(packed) + "y\n")
        reading.files.create("/log/a.log", same(plain) + "z\n")
        reading.wait(seconds: 90)
        #expect(reading.lines.count == 2 * (packed + plain) + 3)
    }

    @Test func `an archive whose name passes to another while it is read is not that one`() {
        let reading = Reading()
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(Self.text))
        reading.follower.discover()
        _ = reading.turn()
        reading.files.rename("/log/a.log.1.gz", "/log/a.log.2.gz")
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack("next\n"))
        reading.wait(seconds: 30)
        #expect(reading.drain().sorted() == (Self.lines + ["next"]).sorted())
    }

    @Test(arguments: PackedFormat.allCases)
    func `of a file that was cut off the good part counts, and the rest when it comes`(
        format: PackedFormat
    ) {
        let reading = Reading()
        let packed = format.pack(Self.text)
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: packed.dropLast(100))
        reading.settle()
        let first = reading.drain()
        #expect(first == Array(Self.lines.prefix(first.count)))
        #expect(reading.kinds().contains(.damaged))
        #expect(reading.follower.troubles.count == 1)
        reading.files.remove("/log/a.log.1\(format.suffix)")
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: packed)
        reading.wait(seconds: 20)
        #expect(first + reading.drain() == Self.lines)
        #expect(reading.follower.troubles == [])
    }

    @Test(arguments: PackedFormat.allCases)
    func `damage is reported, and what stands before it counts`(format: PackedFormat) {
        let reading = Reading()
        var packed = format.pack(Self.text)
        packed[packed.count / 2] ^= 0x55
        reading.files.create("/log/a.log.1\(format.suffix)", bytes: packed)
        reading.files.create("/log/b.log.1\(format.suffix)", "no such format\n")
        reading.wait(seconds: 30)
        let agreed = zip(reading.drain(), Self.lines).prefix { $0 == $1 }.count
        #expect(agreed < 4000)
        // gzip has no check sum before the end.
        #expect(agreed > 0 || format != .gzip)
        #expect(reading.kinds().filter { $0 == .damaged }.count == 2)
    }

    @Test func `several members, and padding behind them, are one file`() {
        for format in PackedFormat.allCases {
            let reading = Reading()
            let packed = format.pack("a\nb\n") + format.pack("") + format.pack("c\n")
            let padding = [UInt8](repeating: 0, count: 8)
            reading.files.create("/log/a.log.1\(format.suffix)", bytes: packed + padding)
            reading.settle()
            #expect(reading.drain() == ["a", "b", "c"])
            #expect(reading.follower.troubles == [])
        }
    }

    @Test func `a last line without a newline is counted as such`() {
        let reading = Reading()
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack("a\nhalf"))
        reading.settle()
        #expect(reading.drain() == ["a"])
        #expect(reading.unterminated == [4])
        reading.restart()
        reading.wait(seconds: 20)
        #expect(reading.unterminated == [4])
    }

    @Test func `a bomb is unpacked in pieces, and others have their turns`() {
        let reading = Reading()
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        reading.files.create(
            "/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(zeros + [0x0A, 0x61, 0x0A]))
        reading.follower.discover()
        #expect(reading.turn())
        reading.files.create("/log/b.log", "b\n")
        reading.now += 5000
        reading.follower.discover()
        for _ in 0..<4 { _ = reading.turn() }
        #expect(reading.drain() == ["b"])
        reading.settle()
        #expect(reading.drain() == ["", "a"] && reading.oversize.isEmpty)
        #expect(reading.positions.values.map(\.offset).max() == Int64(zeros.count) + 3)
    }

    @Test func `a crash in the middle of an archive costs nothing`() {
        let reading = Reading()
        let text = (0..<60_000).map { "line \($0)\n" }.joined()
        reading.files.create("/log/a.log.1.gz", bytes: PackedFormat.gzip.pack(text))
        var counted: [String] = []
        for _ in 0..<40 {
            reading.restart()
            reading.now += 5000
            reading.follower.discover()
            for _ in 0..<4 { _ = reading.turn() }
            reading.commit()
            counted += reading.drain()
            _ = reading.turn()
            _ = reading.drain()
        }
        reading.restart()
        reading.settle()
        counted += reading.drain()
        #expect(counted.count == 60_000)
        #expect(Set(counted).count == 60_000)
    }
}
