import Core
import Ingest
import Testing

/// What older anchors are for: files that hold less, or something else, than was read of them.
@Suite struct AnchorTests {
    private static let long = (0..<3000).map { "line \($0)\n" }.joined()

    @Test func `there are few anchors, and one not much farther back than any place`() {
        var position = StreamPosition(
            id: 1, source: "s", path: [],
            identity: FileIdentity(device: 1, inode: 1, generation: 1, born: 1))
        for step in 1...20_000 {
            position.keepAnchor(before: position.offset + Int64(step % 97 + 1))
            position.offset += Int64(step % 97 + 1)
            position.anchorLength = 1
        }
        #expect(position.anchors.count <= 24)
        for distance in stride(from: Int64(200), to: position.offset / 2, by: 991) {
            let place = position.offset - distance
            let before = position.anchors.last { $0.offset <= place }
            #expect(place - (before?.offset ?? 0) <= 3 * distance + 200)
        }
    }

    @Test(arguments: [false, true])
    func `a copy that was made before the last lines were read is not counted again`(
        stopped: Bool
    ) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        reading.files.copy("/log/a.log", "/log/a.log.1")
        reading.files.append("/log/a.log", "between copy and truncation\n")
        reading.settle()
        if stopped { reading.restart() }
        reading.files.truncate("/log/a.log")
        reading.files.append("/log/a.log", "next\n")
        reading.wait(seconds: 30)
        #expect(reading.drain().count == 3002)
        reading.restart()
        reading.wait(seconds: 30)
        #expect(reading.drain() == [])
    }

    @Test(arguments: [false, true], [1, 40, 4000])
    func `after the end was cut off and more was written, little is read twice`(
        stopped: Bool, cut: Int
    ) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        for number in 0..<500 {
            reading.files.append("/log/a.log", "later \(number)\n")
            while reading.turn() {}
            reading.now += 200
            reading.follower.discover()
        }
        reading.settle()
        #expect(reading.drain().count == 3500)
        if stopped { reading.restart() }
        let size = reading.files.nodes["/log/a.log"]?.bytes.count ?? 0
        reading.files.truncate("/log/a.log", to: size - cut)
        let new = (0..<1000).map { "new \($0)" }
        reading.files.append("/log/a.log", "\n" + new.map { $0 + "\n" }.joined())
        reading.settle()
        let lines = reading.drain()
        #expect(Array(lines.suffix(1000)) == new)
        #expect(lines.dropLast(1000).reduce(0) { $0 + $1.utf8.count + 1 } <= 4 * cut + 100)
    }

    @Test(arguments: [false, true])
    func `a file begun anew with the same first lines is not taken for its rest`(stopped: Bool) {
        let reading = Reading()
        let banner = "banner\n"
        reading.files.create("/log/a.log", banner + Self.long)
        reading.settle()
        reading.files.append("/log/a.log", "last\n")
        reading.settle()
        reading.files.append("/log/a.log", "very last\n")
        reading.settle()
        _ = reading.drain()
        if stopped { reading.restart() }
        reading.files.truncate("/log/a.log")
        let new = (0..<3001).map { "fresh \($0)" }
        reading.files.append("/log/a.log", banner + new.prefix(3000).map { $0 + "\n" }.joined())
        reading.settle()
        reading.files.append("/log/a.log", new[3000] + "\n")
        reading.settle()
        #expect(reading.drain().filter { $0 != "banner" } == new)
    }

    @Test(arguments: [false, true])
    func `the last line of a finished file has an outcome of its own`(deleted: Bool) {
        let reading = Reading()
        reading.files.create("/log/a.log", "whole\nhalf")
        reading.settle()
        reading.files.rename("/log/a.log", deleted ? "/elsewhere" : "/log/a.log.1")
        reading.files.create("/log/a.log", "next\n")
        reading.wait(seconds: 20)
        #expect(reading.unterminated == [])
        reading.wait(seconds: 60)
        #expect(reading.unterminated == [4])
        #expect(reading.drain() == ["whole", "next"])
        reading.wait(seconds: 100)
        #expect(reading.unterminated == [4])
        #expect(reading.lost == 0)
    }
}
