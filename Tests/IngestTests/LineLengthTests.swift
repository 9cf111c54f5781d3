import Core
import Ingest
import Testing

@Suite struct LineLengthTests {
    @Test func `the longest line is a line, one byte more is too long`() {
        let reading = Reading()
        let longest = String(repeating: "x", count: Bounds.lineBytes)
        reading.files.create("/log/a.log", "1\n\(longest)\n2\n\(longest)y\n3\n")
        reading.settle()
        #expect(reading.lines.map(\.utf8.count) == [1, Bounds.lineBytes, 1, 1])
        #expect(reading.oversize.count == 1)
        #expect(reading.oversize.first?.offset == Int64(Bounds.lineBytes) + 5)
        #expect(reading.oversize.first?.length == Int64(Bounds.lineBytes) + 1)
        #expect(reading.oversize.first?.bytes == Bounds.quarantinedBytes)
    }

    @Test(arguments: [1, 3])
    func `a line of 10 MB is skipped in pieces, and its offset stays until it ends`(restarts: Int) {
        let reading = Reading()
        reading.files.create("/log/a.log", "\u{feff}first\n")
        let piece = String(repeating: "x", count: 10_000_000 / restarts)
        for _ in 0..<restarts {
            reading.files.append("/log/a.log", piece)
            reading.settle()
            #expect(reading.positions[1]?.offset == 9)
            #expect(reading.lines == ["first"] && reading.oversize.isEmpty)
            reading.restart()
        }
        reading.files.append("/log/a.log", "\nlast\n")
        reading.settle()
        #expect(reading.lines == ["first", "last"])
        #expect(reading.oversize.map(\.length) == [Int64(piece.utf8.count * restarts)])
        #expect(reading.positions[1]?.offset == reading.positions[1]?.size)
        reading.restart()
        reading.settle()
        #expect(reading.lines == ["first", "last"])
    }

    @Test func `a long line does not hold up the other files`() {
        let reading = Reading()
        reading.files.create("/log/a.log", String(repeating: "x", count: 20_000_000))
        reading.files.create("/log/b.log", "1\n")
        reading.follower.discover()
        #expect(reading.turn() && reading.turn())
        #expect(reading.lines == ["1"])
    }

    @Test func `a busy file takes turns with slow ones`() {
        let reading = Reading()
        reading.files.openFilesLimit = 8
        let line = String(repeating: "x", count: 999) + "\n"
        reading.files.create("/log/busy.log", String(repeating: line, count: 8000))
        for number in 0..<50 { reading.files.create("/log/slow\(number).log", "slow\n") }
        reading.follower.discover()
        for _ in 0..<51 { #expect(reading.turn()) }
        #expect(reading.lines.filter { $0 == "slow" }.count == 50)
        #expect(reading.lines.count < 1200)
        reading.settle()
        #expect(reading.lines.count == 8050)
        #expect(reading.files.openFilesPeak <= 9)
    }

    @Test func `ten thousand files are read with few open`() {
        let reading = Reading()
        for number in 0..<10_000 { reading.files.create("/log/\(number).log", "\(number)\n") }
        reading.settle()
        #expect(Set(reading.drain()).count == 10_000)
        #expect(reading.files.openFilesPeak <= 65)
        for number in stride(from: 0, to: 10_000, by: 100) {
            reading.files.append("/log/\(number).log", "more \(number)\n")
        }
        reading.settle()
        #expect(reading.drain().count == 100)
        #expect(reading.positions.count == 10_000)
    }

    @Test(arguments: [1, 7, 64, 4096, 5000])
    func `how the bytes arrive does not change the lines`(size: Int) {
        var text = "\u{feff}"
        for number in 0..<200 {
            text += String(repeating: "\(number)", count: number % 97) + "\r\n\n"
        }
        let bytes = Array(text.utf8)
        let reading = Reading()
        reading.files.create("/log/a.log")
        var place = 0
        while place < bytes.count {
            let end = min(place + size, bytes.count)
            reading.files.append("/log/a.log", Array(bytes[place..<end]))
            place = end
            reading.now += 1000
            reading.follower.discover()
            while reading.turn() {}
            if place % 3 == 0 {
                reading.commit()
                reading.restart()
            }
        }
        let whole = bytes.dropFirst(3).split(separator: 0x0A, omittingEmptySubsequences: false)
        #expect(reading.lines == whole.dropLast().map { String(decoding: $0, as: UTF8.self) })
    }
}
