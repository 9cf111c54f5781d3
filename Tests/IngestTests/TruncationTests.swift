import Core
import Ingest
import Testing

@Suite struct TruncationTests {
    private static let long = (0..<300).map { "line \($0)\n" }.joined()

    @Test(arguments: [false, true], [0, 1, 2, 5000])
    func `a file that was emptied and written anew is read from its start`(
        stopped: Bool, count: Int
    ) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        _ = reading.drain()
        if stopped {
            reading.restart()
        }
        reading.files.truncate("/log/a.log")
        let fresh = (0..<count).map { "fresh \($0)" }
        reading.files.append("/log/a.log", fresh.map { $0 + "\n" }.joined())
        reading.settle()
        #expect(reading.drain() == fresh)
        #expect(reading.kinds().filter { $0 == .truncated }.count == 1)
        #expect(reading.lost == 0)
        reading.files.append("/log/a.log", "last\n")
        reading.settle()
        #expect(reading.drain() == ["last"])
    }

    @Test func `bytes that were seen and then cut off are counted as lost`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.append("/log/a.log", "2\n3\n")
        reading.now += 1000
        reading.follower.discover()
        reading.files.truncate("/log/a.log")
        reading.settle()
        #expect(reading.drain() == ["1"])
        #expect(reading.lost == 4)
        #expect(reading.notices.first { $0.kind == .truncated }?.lostBytes == 4)
    }

    @Test(arguments: [false, true], [false, true])
    func `a file whose end was cut off goes on at its new end`(stopped: Bool, midLine: Bool) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        _ = reading.drain()
        if stopped {
            reading.restart()
        }
        let size = Self.long.utf8.count - 300
        let cut = Self.long.utf8.prefix(size).lastIndex(of: 0x0A).map {
            Self.long.utf8.distance(from: Self.long.utf8.startIndex, to: $0) + 1
        }
        reading.files.truncate("/log/a.log", to: (cut ?? 0) + (midLine ? 3 : 0))
        reading.settle()
        reading.files.append("/log/a.log", "new\n")
        reading.settle()
        #expect(reading.drain() == ["new"])
        #expect(reading.kinds().contains(.shrunk))
        #expect(reading.positions.count == 2)
        #expect(Self.long.contains(reading.seam.joined(separator: "\n")))
    }

    @Test(arguments: [false, true])
    func `lines behind a cut that nobody saw are told from what was there before`(stopped: Bool) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        _ = reading.drain()
        if stopped { reading.restart() }
        let cut = (0..<280).map { "line \($0)\n" }.joined()
        reading.files.truncate("/log/a.log", to: cut.utf8.count)
        reading.files.append("/log/a.log", "new 1\nnew 2\n")
        reading.settle()
        reading.files.append("/log/a.log", "new 3\n")
        reading.settle()
        #expect(reading.seam.suffix(2) == ["new 1", "new 2"])
        #expect(reading.drain() == ["new 3"])
    }

    @Test func `what is left between the cut and the end survives a restart, and another cut`() {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        _ = reading.drain()
        let cut = (0..<280).map { "line \($0)\n" }.joined()
        reading.files.truncate("/log/a.log", to: cut.utf8.count)
        reading.now += 1000
        reading.follower.discover()
        _ = reading.turn()
        reading.commit()
        reading.restart()
        let shorter = (0..<279).map { "line \($0)\n" }.joined()
        reading.files.truncate("/log/a.log", to: shorter.utf8.count)
        reading.settle()
        reading.files.append("/log/a.log", "new\n")
        reading.settle()
        #expect(reading.drain() == ["new"])
        #expect(!reading.seam.contains("new"))
    }

    @Test func `content exchanged at the same size is found`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", "one\ntwo\n")
        reading.settle()
        node.bytes = Array("six\nten\n".utf8)
        node.touched += 1000
        reading.settle()
        #expect(reading.drain() == ["one", "two", "six", "ten"])
    }

    @Test(arguments: [false, true], [false, true])
    func `a copy inside the patterns takes over what truncation took away`(
        stopped: Bool, copySeen: Bool
    ) {
        let reading = Reading()
        reading.files.create("/log/a.log", Self.long)
        reading.settle()
        if stopped { reading.restart() }
        reading.files.append("/log/a.log", "unread 1\n")
        reading.files.copy("/log/a.log", "/log/a.log.1")
        if copySeen {
            reading.now += 1000
            reading.follower.discover()
        }
        reading.files.truncate("/log/a.log")
        reading.files.append("/log/a.log", "next 1\n")
        reading.settle()
        reading.files.append("/log/a.log", "next 2\n")
        reading.settle()
        let lines = Set(reading.lines)
        #expect(lines.count == reading.lines.count)
        #expect(lines.isSuperset(of: ["line 0", "line 299", "unread 1", "next 1", "next 2"]))
        #expect(reading.lines.count == 303)
        #expect(reading.lost == 0)
        #expect(reading.kinds().contains(.copyAdopted))
    }

    @Test func `a copy beside the file is not counted again`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n2\n")
        reading.settle()
        reading.files.copy("/log/a.log", "/log/a.log.1")
        reading.settle()
        reading.files.append("/log/a.log", "3\n")
        reading.settle()
        #expect(reading.drain() == ["1", "2", "3"])
    }

    @Test func `a file exchanged for an edited copy is read on where it was`() {
        let reading = Reading()
        let old = reading.files.create("/log/a.log", Self.long)
        reading.settle()
        #expect(reading.drain().count == 300)
        reading.files.copy("/log/a.log", "/log/tmp")
        reading.files.rename("/log/tmp", "/log/a.log")
        reading.settle()
        reading.files.append("/log/a.log", "by name\n")
        reading.files.append(to: old, "by descriptor\n")
        reading.wait(seconds: 10)
        #expect(reading.drain().sorted() == ["by descriptor", "by name"])
    }

    @Test func `equal beginnings do not make two files one`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "banner\n")
        reading.settle()
        reading.files.rename("/log/a.log", "/log/a.log.1")
        reading.files.create("/log/a.log", "banner\n")
        reading.settle()
        reading.files.append("/log/a.log", "1\n")
        reading.settle()
        #expect(reading.drain() == ["banner", "banner", "1"])
    }

    @Test func `a device that was renumbered is no new file`() {
        var identity = FileIdentity(device: 1, inode: 5, generation: 3, born: 9)
        let position = StreamPosition(
            id: 1, source: "s", path: [], identity: identity, offset: 2, size: 2, head: [49, 10],
            anchor: 1, anchorLength: 2)
        identity.device = 77
        let candidate = Generation.Candidate(identity: identity, size: 4, head: [49, 10, 50, 10])
        #expect(Generation.judge(position, candidate) { true } == .same)
        #expect(Generation.judge(position, candidate) { false } == .rewritten)
        for change in [\FileIdentity.inode, \.generation] {
            var other = candidate
            other.identity[keyPath: change] += 1
            #expect(Generation.judge(position, other) { true } == .unrelated)
        }
    }

    @Test func `names before rotation are found`() {
        let names = Generation.namesBefore(Array("/l.1/a-b.log-20260914.2".utf8))
        #expect(
            names.map { String(decoding: $0, as: UTF8.self) } == [
                "/l.1/a-b.log-20260914", "/l.1/a-b.log",
            ])
    }
}
