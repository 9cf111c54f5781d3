import Core
import Ingest
import TestKit
import Testing

/// Files that look like others, and are or are not.
@Suite struct CopyTests {
    private static func lines(_ name: String, _ count: Int) -> [String] {
        (0..<count).map { "\(name) line \($0)" }
    }
    private static func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    @Test func `a copy that is still being made waits until it is complete`() {
        let reading = Reading()
        let old = Self.lines("old", 200)
        reading.files.create("/log/a.log", Self.text(Array(old.prefix(150))))
        reading.settle()
        reading.files.append("/log/a.log", Self.text(Array(old.suffix(50))))
        let bytes = Array(Self.text(old).utf8)
        reading.files.create("/log/a.log.1", bytes: bytes.prefix(500))
        reading.restart()
        reading.files.truncate("/log/a.log")
        reading.files.append("/log/a.log", "new\n")
        var place = 500
        while place < bytes.count {
            reading.settle()
            #expect(Set(reading.lines).count == reading.lines.count)
            let end = min(place + 700, bytes.count)
            reading.files.append("/log/a.log.1", Array(bytes[place..<end]))
            place = end
        }
        reading.wait(seconds: 20)
        #expect(reading.lines.sorted() == (old + ["new"]).sorted())
        #expect(reading.lost == 0)
    }

    @Test func `equal logs of two hosts count each`() {
        let reading = Reading()
        let text = Self.text(Self.lines("x", 300))
        reading.files.create("/log/hostA.log", text)
        reading.settle()
        reading.files.create("/log/hostB.log", text)
        reading.wait(seconds: 20)
        #expect(reading.lines.count == 600)
    }

    @Test func `a file whose end was cut off and that was then copied and emptied is known`() {
        let reading = Reading()
        let old = Self.lines("old", 300)
        reading.files.create("/log/a.log", Self.text(old))
        reading.settle()
        let cut = Self.text(Array(old.prefix(290)))
        reading.files.truncate("/log/a.log", to: cut.utf8.count)
        reading.files.append("/log/a.log", Self.text(Self.lines("new", 20)))
        reading.files.copy("/log/a.log", "/log/a.log.1")
        reading.files.truncate("/log/a.log")
        reading.wait(seconds: 20)
        let new = reading.lines.filter { $0.hasPrefix("new") }
        #expect(new == Self.lines("new", 20))
        // Some before the cut may count twice, not all of them.
        #expect(reading.lines.count < 300 + 20 + 60)
    }

    @Test func `a file that was cut twice is not read again from its start`() {
        let reading = Reading()
        let old = Self.lines("old", 300)
        reading.files.create("/log/a.log", Self.text(old))
        reading.settle()
        for count in [290, 280] {
            reading.files.truncate(
                "/log/a.log", to: Self.text(Array(old.prefix(count))).utf8.count)
            if count == 280 { reading.files.append("/log/a.log", Self.text(Self.lines("new", 30))) }
            reading.settle()
        }
        #expect(reading.lines.filter { $0.hasPrefix("new") }.count == 30)
        #expect(reading.lines.count < 300 + 30 + 80)
    }

    @Test func `a stub that begins like a lost file does not take the place of its copy`() {
        let reading = Reading()
        let old = Self.lines("old", 200)
        reading.files.create("/log/a.log", "########\n" + Self.text(old))
        reading.settle()
        reading.files.create("/log/a.log.2", "########\n")
        reading.files.copy("/log/a.log", "/log/a.log.1")
        reading.files.truncate("/log/a.log")
        reading.wait(seconds: 40)
        #expect(reading.lines.filter { $0.hasPrefix("old") } == old)
    }

    @Test func `a file that has only the heading takes nobody's place`() {
        let reading = Reading()
        let old = Self.lines("old", 200)
        let heading = "########\n"
        reading.files.create("/log/a.log", heading + Self.text(old))
        reading.settle()
        // The copy comes late, when the stub has long been taken for complete.
        reading.files.create("/log/a.log.2", heading)
        reading.files.truncate("/log/a.log")
        reading.wait(seconds: 30)
        reading.files.create("/log/a.log.1", heading + Self.text(old))
        reading.files.append("/log/a.log.2", "late\n")
        reading.wait(seconds: 30)
        #expect(reading.lines.filter { $0 != "########" }.sorted() == (old + ["late"]).sorted())
    }

    @Test func `what ended in the middle of a line is not what others begin like`() {
        let reading = Reading()
        reading.files.create("/log/a.log.1", "########\nline ")
        reading.wait(seconds: 120)
        #expect(reading.unterminated == [5])
        reading.files.remove("/log/a.log.1")
        reading.wait(seconds: 120)
        reading.files.create("/log/a.log.1", "########\nline 1\nline 2\n")
        reading.wait(seconds: 20)
        #expect(reading.lines.filter { $0 != "########" } == ["line 1", "line 2"])
    }

    @Test(arguments: 0..<8)
    func `a read that fails when a cut is found costs nothing`(place: Int) {
        let reading = Reading()
        let old = Self.lines("old", 200)
        reading.files.create("/log/a.log", Self.text(old))
        reading.settle()
        reading.restart()
        reading.files.truncate("/log/a.log", to: Self.text(Array(old.prefix(150))).utf8.count)
        reading.files.readsUntilFailure = place
        reading.settle()
        reading.files.readsUntilFailure = nil
        reading.wait(seconds: 20)
        reading.files.copy("/log/a.log", "/log/a.log.1")
        reading.files.truncate("/log/a.log")
        reading.wait(seconds: 40)
        #expect(reading.lines == old)
    }

    @Test
    func `a file that was written anew and lost its name is read before what may be its copy`() {
        let reading = Reading()
        let node = reading.files.create("/log/a.log", Self.text(Self.lines("old", 20)))
        reading.settle()
        reading.files.truncate("/log/a.log")
        let new = Self.lines("new", 15)
        reading.files.append(to: node, Self.text(new))
        reading.files.remove("/log/a.log")
        reading.files.create("/log/a.log.1", Self.text(new))
        reading.wait(seconds: 90)
        #expect(reading.lines == Self.lines("old", 20) + new)
    }

    @Test func `what was left to be read before a cut is not asked of a copy`() {
        let reading = Reading()
        let old = Self.lines("old", 20)
        reading.files.create("/log/a.log", Self.text(old))
        reading.settle()
        reading.files.truncate("/log/a.log", to: Self.text(Array(old.prefix(15))).utf8.count)
        reading.now += 1000
        reading.follower.discover()
        reading.commit()
        reading.restart()
        reading.files.remove("/log/a.log")
        let other = Array(old.prefix(8)) + Self.lines("new", 20)
        reading.files.create("/log/a.log.1", Self.text(other))
        reading.wait(seconds: 90)
        #expect(reading.lines.filter { $0.hasPrefix("new") } == Self.lines("new", 20))
    }

    @Test func `after too many events everything is looked at`() {
        let watcher = FullWatcher()
        let files = MemoryFileSystem()
        var now: Int64 = 0
        let source = SourceDefinition(name: "s", paths: ["/log/*.log"])
        let follower = Follower(
            sources: [source], files: files, watcher: watcher, positions: [], nextStreamID: 1,
            hash: KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength)),
            clock: { now })
        files.create("/log/a.log", "1\n")
        follower.discover()
        var lines: [String] = []
        func read() { while follower.turn({ lines += $0.lines.map(\.line.text) }) {} }
        read()
        files.append("/log/a.log", "2\n")
        files.create("/log/b.log", "3\n")
        #expect(!follower.hasWork && !follower.needsDiscovery)
        follower.drainWatch()
        read()
        now += 100
        #expect(follower.needsDiscovery)
        follower.discover()
        read()
        #expect(lines == ["1", "2", "3"])
    }

    /// Has lost count of what happened.
    private final class FullWatcher: FileWatcher {
        let descriptor: Int32 = -1
        private var tokens: Int32 = 0
        func watch(directory: [UInt8]) -> Bool { true }
        func watch(file: Int32) -> Int32? {
            tokens += 1
            return tokens
        }
        func forget(_ token: Int32) {}
        func drain(_ body: (WatchEvent) -> Void) { body(.overflow) }
    }
}
