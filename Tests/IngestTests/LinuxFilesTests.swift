import Core
import Foundation
import Ingest
import Testing

/// A follower over a real directory, with the real watcher.
private final class Disk {
    let directory: String
    let follower: Follower
    let watcher: InotifyWatcher
    private(set) var lines: [String] = []
    var notices: [Notice] = []

    init(
        _ patterns: [String] = ["*.log"], followsLinks: Bool = false,
        prepare: (String) throws -> Void = { _ in }
    ) throws {
        directory = NSTemporaryDirectory() + "ingest-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try prepare(directory)
        watcher = try InotifyWatcher()
        let root = directory
        follower = Follower(
            sources: [
                SourceDefinition(
                    name: "s", paths: patterns.map { "\(root)/\($0)" }, followsLinks: followsLinks)
            ],
            files: LinuxFileSystem(), watcher: watcher, positions: [], nextStreamID: 1,
            hash: KeyedHash(secret: Array(repeating: 3, count: KeyedHash.secretLength)))
        follower.discover()
        read()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func append(_ name: String, _ text: String) throws {
        let file = writer(Array(path(name).utf8))
        try #require(file >= 0)
        defer { close(file) }
        #expect(put(file, text))
    }

    /// Opens a file for appending.
    func writer(_ path: [UInt8]) -> Int32 {
        unsafe (path + [0]).withUnsafeBytes {
            unsafe open(
                $0.baseAddress!.assumingMemoryBound(to: CChar.self), O_WRONLY | O_APPEND | O_CREAT,
                0o644)
        }
    }

    func put(_ file: Int32, _ text: String) -> Bool {
        unsafe write(file, text, text.utf8.count) == text.utf8.count
    }

    func move(_ from: String, _ to: String) -> Bool { unsafe rename(path(from), path(to)) == 0 }
    func delete(_ name: String) -> Bool { unsafe unlink(path(name)) == 0 }
    func empty(_ name: String) -> Bool { unsafe truncate(path(name), 0) == 0 }

    private func read() {
        while follower.turn({ for (line, _) in $0.lines { lines.append(line.text) } }) {}
        notices += follower.takeNotices()
    }

    /// Waits as the owner of a follower does, until so many lines were read or 20 seconds are over.
    func wait(lines count: Int) {
        let deadline = Follower.monotonicMilliseconds() + 20_000
        while lines.count < count, Follower.monotonicMilliseconds() < deadline {
            var ready = pollfd(fd: watcher.descriptor, events: Int16(POLLIN), revents: 0)
            let timeout = Int32(min(max(follower.waitMilliseconds, 1), 1000))
            if unsafe poll(&ready, 1, timeout) > 0 { follower.drainWatch() }
            if follower.needsDiscovery { follower.discover() }
            read()
        }
    }
}

@Suite struct LinuxFilesTests {
    @Test func `appended lines are seen at once, through rotation, deletion and truncation`() throws
    {
        let disk = try Disk()
        try disk.append("a.log", "1\n")
        disk.wait(lines: 1)
        try disk.append("a.log", "2\n3")
        disk.wait(lines: 2)
        try disk.append("a.log", "\n")
        disk.wait(lines: 3)
        let writer = disk.writer(Array(disk.path("a.log").utf8))
        defer { close(writer) }
        #expect(disk.move("a.log", "a.log.1"))
        try disk.append("a.log", "4\n")
        disk.wait(lines: 4)
        #expect(disk.put(writer, "5\n"))
        disk.wait(lines: 5)
        #expect(disk.delete("a.log.1"))
        #expect(disk.put(writer, "6\n"))
        disk.wait(lines: 6)
        #expect(disk.empty("a.log"))
        try disk.append("a.log", "7\n")
        disk.wait(lines: 7)
        #expect(disk.lines == ["1", "2", "3", "4", "5", "6", "7"])
        #expect(!disk.follower.isPolling)
        #expect(disk.notices.contains { $0.kind == .rotated })
        #expect(disk.notices.contains { $0.kind == .new })
    }

    @Test func `what would block or lead away is neither opened nor followed`() throws {
        let disk = try Disk { root in
            let made = [
                unsafe mkfifo("\(root)/fifo.log", 0o644),
                unsafe mkdir("\(root)/directory.log", 0o755),
                unsafe symlink("/etc/passwd", "\(root)/link.log"),
                unsafe symlink("loop.log", "\(root)/loop.log"),
            ]
            #expect(made == [0, 0, 0, 0])
        }
        try disk.append("a.log", "1\n")
        disk.wait(lines: 1)
        #expect(disk.lines == ["1"])
        let skipped = disk.notices.filter { $0.kind == .skipped }.map(\.detail).sorted()
        #expect(skipped == ["directory", "fifo", "symbolic link", "symbolic link"])
    }

    @Test func `a directory that comes later, or again, is found`() throws {
        let disk = try Disk(["deep/*/x.log"])
        let files = FileManager.default
        for count in 1...2 {
            try files.createDirectory(
                atPath: disk.path("deep/a"), withIntermediateDirectories: true)
            try disk.append("deep/a/x.log", "\(count)\n")
            disk.follower.discover()
            disk.wait(lines: count)
            try files.removeItem(atPath: disk.path("deep"))
        }
        #expect(disk.lines == ["1", "2"])
    }

    @Test func `names may hold any bytes`() throws {
        let disk = try Disk()
        for name in ["\n.log", "'\" .log", String(repeating: "n", count: 251) + ".log", "[.log"] {
            try disk.append(name, "1\n")
        }
        let odd = Array(disk.path("").utf8) + [0xFF, 0xFE] + Array(".log".utf8)
        let file = disk.writer(odd)
        #expect(file >= 0 && disk.put(file, "1\n"))
        close(file)
        disk.wait(lines: 5)
        #expect(disk.lines.count == 5)
        let paths = disk.follower.takePositions().map(\.path)
        #expect(paths.contains(odd))
    }

    @Test func `identities tell two lives of one name apart`() throws {
        let disk = try Disk()
        let files = LinuxFileSystem()
        var identities: Set<FileIdentity> = []
        for _ in 0..<3 {
            try disk.append("other", "x")
            let file = try files.open(Array(disk.path("other").utf8))
            let status = try files.identify(file)
            #expect(status.isRegular && status.size == 1)
            identities.insert(status.identity)
            files.close(file)
            #expect(disk.delete("other"))
        }
        #expect(identities.count == 3)
        #expect(throws: SystemError.self) { try files.open(Array(disk.path("none").utf8)) }
    }

    @Test func `many files written and closed at once are all read`() throws {
        let disk = try Disk()
        for number in 0..<1000 { try disk.append("\(number).log", "\(number)\n") }
        disk.wait(lines: 1000)
        #expect(Set(disk.lines).count == 1000)
    }

    @Test
    func `a link is followed where the source says so, and to another file when it is turned`()
        throws
    {
        let disk = try Disk(followsLinks: true) { directory in
            try FileManager.default.createDirectory(
                atPath: directory + "/there", withIntermediateDirectories: true)
            for name in ["one", "two"] {
                try Data("\(name)\n".utf8).write(to: URL(filePath: "\(directory)/there/\(name)"))
            }
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/a.log", withDestinationPath: "there/one")
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/broken.log", withDestinationPath: "nowhere")
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/loop.log", withDestinationPath: "loop.log")
        }
        #expect(disk.lines == ["one"])
        try disk.append("there/one", "more\n")
        disk.wait(lines: 2)
        try FileManager.default.removeItem(atPath: disk.path("a.log"))
        try FileManager.default.createSymbolicLink(
            atPath: disk.path("a.log"), withDestinationPath: "there/two")
        disk.wait(lines: 3)
        try disk.append("there/one", "late\n")
        disk.wait(lines: 4)
        #expect(disk.lines == ["one", "more", "two", "late"])
    }

    @Test func `a hole of 10 GiB is passed over in no time`() throws {
        let disk = try Disk()
        try disk.append("a.log", "before\n")
        disk.wait(lines: 1)
        let start = Follower.monotonicMilliseconds()
        #expect(unsafe truncate(disk.path("a.log"), 10 << 30) == 0)
        try disk.append("a.log", "behind\n")
        disk.wait(lines: 2)
        #expect(disk.lines == ["before", "behind"])
        #expect(Follower.monotonicMilliseconds() - start < 2000)
    }
}
