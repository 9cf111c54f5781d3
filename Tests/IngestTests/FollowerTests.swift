import Core
import Glibc
import Ingest
import Testing

@Suite struct FollowerTests {
    @Test func `lines are handed over once, as they are completed`() {
        let reading = Reading()
        let files = reading.files
        files.create("/log/a.log", "one\ntw")
        reading.settle()
        #expect(reading.drain() == ["one"])
        #expect(reading.follower.partialBytes == 2)
        #expect(reading.follower.lagBytes == 0)
        for piece in ["o", "\nth", "ree\n\nfour"] {
            files.append("/log/a.log", piece)
            reading.settle()
        }
        #expect(reading.drain() == ["two", "three", ""])
        #expect(reading.follower.partialBytes == 4)
        #expect(reading.positions[1]?.offset == 15)
        reading.restart()
        files.append("/log/a.log", "\n")
        reading.settle()
        #expect(reading.drain() == ["four"])
        #expect(reading.follower.partialBytes == 0)
    }

    @Test func `a position says only what was handed over`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "one\n")
        reading.follower.discover()
        #expect(reading.follower.takePositions().map(\.offset) == [0])
        #expect(reading.turn())
        let position = reading.follower.takePositions()
        #expect(position.map(\.offset) == [4])
        #expect(position.first?.head == Array("one\n".utf8))
        #expect(position.first?.anchorLength == 4)
        #expect(reading.follower.takePositions().isEmpty)
    }

    @Test func `an empty file is a file, and grows`() {
        let reading = Reading()
        reading.files.create("/log/a.log")
        reading.settle()
        #expect(reading.lines.isEmpty && reading.positions.count == 1)
        reading.files.append("/log/a.log", "one\n")
        reading.settle()
        #expect(reading.drain() == ["one"] && reading.positions.count == 1)
    }

    @Test func `a byte order mark at the start is skipped, elsewhere it is kept`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "\u{feff}one\n\u{feff}two\n")
        reading.files.create("/log/b.log", "\u{feff}")
        reading.settle()
        #expect(reading.drain() == ["one", "\u{feff}two"])
        reading.restart()
        reading.files.append("/log/a.log", "\u{feff}three\n")
        reading.files.append("/log/b.log", "one\n")
        reading.settle()
        #expect(reading.drain() == ["\u{feff}three", "one"])
    }

    @Test func `a file renamed while it is open is read to its end, and so is its successor`() {
        let reading = Reading()
        let old = reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.append(to: old, "2\n")
        reading.files.rename("/log/a.log", "/log/a.log.1")
        reading.files.create("/log/a.log", "3\n")
        reading.settle()
        reading.files.append(to: old, "4\n")
        reading.files.append("/log/a.log", "5\n")
        reading.settle()
        #expect(reading.drain().sorted() == ["1", "2", "3", "4", "5"])
        #expect(reading.kinds().contains(.rotated))
        #expect(reading.positions[1]?.displayPath == "/log/a.log.1")
        reading.wait(seconds: 120)
        #expect(reading.follower.openFiles == 1)
        reading.files.append(to: old, "6\n")
        reading.settle()
        #expect(reading.drain() == ["6"])
        #expect(reading.positions.count == 2 && reading.lost == 0)
    }

    @Test func `files renamed away from the patterns are read as long as they are open`() {
        let reading = Reading()
        let old = reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.rename("/log/a.log", "/log/a.old")
        for number in 2...6 {
            reading.files.append(to: old, "\(number)\n")
            reading.wait(seconds: 20)
        }
        #expect(reading.drain() == ["1", "2", "3", "4", "5", "6"])
        #expect(reading.positions[1]?.retired == false)
        reading.wait(seconds: 70)
        #expect(reading.positions[1]?.retired == true)
        #expect(reading.files.openFilesNow == 0)
    }

    @Test func `several rotations while stopped are found, the oldest first`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.append("/log/a.log", "2\n")
        for number in 3...6 {
            for place in (0...number).reversed() {
                let name = place == 0 ? "/log/a.log" : "/log/a.log.\(place)"
                if reading.files.nodes[name] != nil {
                    reading.files.rename(name, "/log/a.log.\(place + 1)")
                }
            }
            reading.files.create("/log/a.log", "\(number)\n")
        }
        reading.restart()
        reading.settle()
        #expect(reading.drain().sorted() == ["1", "2", "3", "4", "5", "6"])
        #expect(reading.lost == 0)
    }

    @Test func `a deleted file is read until it is quiet, then retired`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.remove("/log/a.log")
        reading.wait(seconds: 30)
        reading.files.append(to: node, "2\n")
        reading.wait(seconds: 30)
        #expect(reading.drain() == ["1", "2"])
        #expect(reading.files.openFilesNow == 1)
        reading.wait(seconds: 60)
        #expect(reading.files.openFilesNow == 0)
        #expect(reading.positions[1]?.retired == true)
        #expect(reading.lost == 0)
    }

    @Test func `a file deleted while stopped is lost as far as it was seen`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n2\n")
        reading.follower.discover()
        reading.commit()
        reading.restart()
        reading.files.remove("/log/a.log")
        reading.settle()
        #expect(reading.lost == 4)
        #expect(reading.positions[1]?.retired == true)
        #expect(reading.kinds().contains(.vanished))
    }

    @Test func `a file that comes back is read on, and nothing of it is lost`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.files.append(to: node, "2\n")
        reading.follower.discover()
        reading.commit()
        reading.files.link("/log/a.log", "/other/a.log")
        reading.files.remove("/log/a.log")
        reading.restart()
        reading.settle()
        #expect(reading.lost == 2)
        reading.files.link("/other/a.log", "/log/a.log")
        reading.settle()
        #expect(reading.drain() == ["1", "2"])
        #expect(reading.lost == 0 && reading.positions[1]?.retired == false)
    }

    @Test(arguments: [false, true])
    func `an inode used again is a new file`(stopped: Bool) {
        let reading = Reading()
        for content in ["1\n2\n3\n", "4\n", "5\n6\n7\n", "8\n9\n10\n11\n"] {
            reading.files.create("/log/a.log", content)
            reading.settle()
            if stopped {
                reading.restart()
            }
            reading.files.remove("/log/a.log")
            if !stopped { reading.wait(seconds: 120) }
        }
        #expect(reading.drain() == (1...11).map(String.init))
        #expect(Set(reading.positions.values.map(\.identity.inode)).count == 1)
        #expect(reading.lost == 0)
    }

    @Test(arguments: [false, true], [false, true])
    func `an inode used again under another source is a new file`(stopped: Bool, weak: Bool) {
        let sources = ["a", "b"].map { SourceDefinition(name: $0, paths: ["/\($0)/*.log"]) }
        let reading = Reading(sources: sources)
        reading.files.hasGenerations = !weak
        let kept = reading.files.create("/b/kept.log", "0\n")
        var expected = ["0"]
        // What the other source read before is as long, longer or shorter.
        for (source, text) in [
            ("a", "1\n2\n"), ("b", "1\n2\n"), ("a", "3\n4\n5\n"), ("b", "3\n"), ("a", "6\n7\n"),
        ] {
            reading.files.create("/\(source)/x.log", text)
            reading.settle()
            expected += text.split(separator: "\n").map(String.init)
            reading.files.remove("/\(source)/x.log")
            if stopped { reading.restart() } else { reading.wait(seconds: 120) }
        }
        reading.files.append(to: kept, "9\n")
        reading.settle()
        #expect(reading.drain() == expected + ["9"])
        #expect(Set(reading.positions.values.map(\.identity.inode)).count == 2)
        #expect(reading.lost == 0)
    }

    @Test func `two names of one file are read once`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n")
        reading.files.link("/log/a.log", "/log/b.log")
        reading.settle()
        reading.files.append("/log/b.log", "2\n")
        reading.settle()
        reading.files.remove("/log/a.log")
        reading.files.append("/log/b.log", "3\n")
        reading.settle()
        #expect(reading.drain() == ["1", "2", "3"])
        #expect(reading.positions.count == 1)
    }

    @Test func `what is no regular file, or packed by bzip2, is reported once and left alone`() {
        let reading = Reading()
        for kind in FileKind.allCases where kind != .regular {
            reading.files.create("/log/\(kind).log", "1\n", kind: kind)
        }
        reading.files.create("/log/a.log.1.bz2", "1\n")
        reading.files.create("/log/other", "1\n")
        reading.files.create("/log/.hidden.log", "1\n")
        reading.settle()
        reading.settle()
        #expect(reading.lines.isEmpty)
        #expect(reading.kinds().filter { $0 == .skipped }.count == 6)
    }

    @Test func `a file that cannot be opened is tried again`() {
        let reading = Reading()
        reading.files.failures["/log/a.log"] = EACCES
        reading.files.create("/log/a.log", "1\n")
        reading.files.create("/log/b.log", "2\n")
        reading.settle()
        reading.settle()
        #expect(reading.drain() == ["2"])
        let reports = reading.notices.filter { $0.kind == .unreadable }
        #expect(reports.map(\.detail) == ["open: Permission denied"])
        reading.files.failures = [:]
        reading.settle()
        #expect(reading.drain() == ["1"])
    }

    @Test func `a file that cannot be read does not stop the others, and is not lost`() {
        for read in ["", "0\n"] {
            let reading = Reading()
            reading.files.create("/log/a.log", read)
            reading.files.create("/log/b.log")
            reading.settle()
            _ = reading.drain()
            let before = reading.positions[1]?.offset
            reading.files.readFailures["/log/a.log"] = EIO
            reading.files.append("/log/a.log", "1\n")
            reading.files.append("/log/b.log", "2\n")
            reading.settle()
            reading.wait(seconds: 60)
            #expect(reading.drain() == ["2"])
            #expect(reading.positions[1]?.offset == before)
            #expect(reading.follower.troubles == ["/log/a.log: pread: Input/output error"])
            reading.files.readFailures = [:]
            reading.wait(seconds: 60)
            #expect(reading.drain() == ["1"] && reading.lost == 0)
            #expect(reading.follower.troubles.isEmpty)
        }
    }

    @Test func `files of a directory that cannot be listed are not taken for gone`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.restart()
        reading.files.failures["/log"] = EACCES
        reading.wait(seconds: 120)
        #expect(reading.positions[1]?.retired == false)
        reading.files.failures = [:]
        reading.files.append("/log/a.log", "2\n")
        reading.settle()
        #expect(reading.drain() == ["1", "2"])
    }

    @Test func `a source that is taken away and given back goes on`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "1\n")
        reading.settle()
        reading.follower.reconfigure(sources: [])
        reading.files.append("/log/a.log", "2\n")
        reading.settle()
        #expect(reading.drain() == ["1"] && reading.files.openFilesNow == 0)
        reading.follower.reconfigure(
            sources: [SourceDefinition(name: "t", paths: ["/none/*"])] + reading.sources)
        var source = -1
        reading.follower.discover()
        while reading.follower.turn({
            source = $0.source
            reading.take($0)
        }) {}
        #expect(reading.drain() == ["2"] && source == 1)
    }
}
