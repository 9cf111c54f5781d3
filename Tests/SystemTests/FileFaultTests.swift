import Foundation
import Glibc
import TestKit
import Testing

/// What happens to files and directories, under the running daemon and while it is stopped.
@Suite struct FileFaultTests {
    /// Reads of one file fail as long as another one is there.
    private static let failingReads = """
        #include <dlfcn.h>
        #include <errno.h>
        #include <sys/stat.h>
        #include <unistd.h>
        static ssize_t attempt(const char *name, int file, void *bytes, size_t size, off_t at) {
            struct stat broken, this;
            if (access(FLAG, F_OK) == 0 && stat(BROKEN, &broken) == 0 && fstat(file, &this) == 0
                && broken.st_ino == this.st_ino && broken.st_dev == this.st_dev) {
                errno = EIO;
                return -1;
            }
            ssize_t (*real)(int, void *, size_t, off_t) =
                (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, name);
            return real(file, bytes, size, at);
        }
        ssize_t pread(int file, void *bytes, size_t size, off_t at) {
            return attempt("pread", file, bytes, size, at);
        }
        ssize_t pread64(int file, void *bytes, size_t size, off64_t at) {
            return attempt("pread64", file, bytes, size, at);
        }
        """

    @Test func `a log that cannot be read holds up no other, and goes on where it was`() throws {
        let scratch = try DaemonScratch()
        let flag = scratch.directory.path + "/broken"
        let wrapper = try scratch.preload(
            Self.failingReads,
            ["FLAG=\"\(flag)\"", "BROKEN=\"\(scratch.log("a.ndjson"))\""])
        for name in ["a", "b"] { try scratch.append([eventLine(name)], to: name + ".ndjson") }
        let daemon = try scratch.start(wrapper: wrapper)
        #expect(try scratch.settled().outcome("applied") == 2)
        let offset = "SELECT offset FROM sources WHERE path LIKE '%/a.ndjson'"
        let before = scratch.number(offset)
        try Data().write(to: URL(filePath: flag))
        for name in ["a", "b"] { try scratch.append([eventLine(name)], to: name + ".ndjson") }
        #expect(try waits(scratch) { $0.outcome("applied") == 3 && $0.degraded == ["files"] })
        let states = try scratch.status()?.json["degraded"] as? [[String: Any]]
        let remedy = states?.first?["remedy"] as? String ?? ""
        #expect(remedy.contains("a.ndjson: pread: Input/output error"), "\(remedy)")
        #expect(before != nil && scratch.number(offset) == before)
        try FileManager.default.removeItem(atPath: flag)
        #expect(
            try waits(scratch) { $0.outcome("applied") == 4 && $0.degraded.isEmpty },
            "\(daemon.talk)")
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 2") == 2)
    }

    @Test(arguments: [false, true])
    func `content exchanged at the same size and time is read`(stopped: Bool) throws {
        let scratch = try DaemonScratch()
        let now = Date()
        try scratch.append((1000..<1100).map { eventLine("p\($0)", at: now) }, to: "a.ndjson")
        var daemon = try scratch.start()
        #expect(try scratch.settled().outcome("applied") == 100)
        if stopped { stop(daemon) }
        let log = scratch.log("a.ndjson")
        let before = try FileManager.default.attributesOfItem(atPath: log)
        let (stamp, other) = (scratch.directory.path + "/stamp", scratch.directory.path + "/other")
        let text = (1000..<1100).map { eventLine("q\($0)", at: now) + "\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: other))
        try Data().write(to: URL(filePath: stamp))
        try Program.run("/usr/bin/touch", ["-r", log, stamp])
        try Program.run("/bin/dd", ["if=" + other, "of=" + log, "bs=1M", "conv=notrunc"])
        try Program.run("/usr/bin/touch", ["-r", stamp, log])
        let after = try FileManager.default.attributesOfItem(atPath: log)
        for key in [FileAttributeKey.size, .modificationDate, .systemFileNumber] {
            #expect((before[key] as? NSObject) == (after[key] as? NSObject))
        }
        if stopped { daemon = try scratch.start() }
        #expect(try waits(scratch) { $0.outcome("applied") == 200 }, "\(daemon.talk)")
        try scratch.append([eventLine("more")], to: "a.ndjson")
        #expect(try waits(scratch) { $0.outcome("applied") == 201 })
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == 201)
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
    }

    @Test func `a directory that is renamed and comes back is read on`() throws {
        let scratch = try DaemonScratch()
        let logs = scratch.directory.path + "/logs"
        try scratch.append(["a", "b"].map { eventLine($0) }, to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(try scratch.settled().outcome("applied") == 2)
        #expect(unsafe rename(logs, logs + ".away") == 0)
        // Its writer still has it.
        let writer = try FileHandle(forWritingTo: URL(filePath: logs + ".away/a.ndjson"))
        try writer.seekToEnd()
        try writer.write(contentsOf: Data((eventLine("c") + "\n").utf8))
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 3 })
        #expect(unsafe mkdir(logs, 0o755) == 0)
        try scratch.append([eventLine("d")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 4 })
        #expect(unsafe rename(logs, logs + ".other") == 0)
        #expect(unsafe rename(logs + ".away", logs) == 0)
        try writer.write(contentsOf: Data((eventLine("e") + "\n").utf8))
        #expect(try waits(scratch) { $0.outcome("applied") == 5 })
        stop(daemon)
        // Beside it, what was in its place for a while.
        #expect(unsafe rename(logs + ".other/a.ndjson", logs + "/b.ndjson") == 0)
        try scratch.append([eventLine("f")], to: "b.ndjson")
        let again = try scratch.start()
        #expect(try waits(scratch) { $0.outcome("applied") == 6 }, "\(again.talk)")
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == 6)
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
        #expect(try scratch.leadscore(["verify"]).code == 0)
    }

    @Test(arguments: [false, true])
    func `a file system mounted over the logs hides them for a while`(stopped: Bool) throws {
        let scratch = try DaemonScratch()
        let logs = scratch.directory.path + "/logs"
        try scratch.append(["a", "b"].map { eventLine($0) }, to: "a.ndjson")
        var daemon = try scratch.start()
        #expect(try scratch.settled().outcome("applied") == 2)
        if stopped { stop(daemon) }
        guard unsafe mount("none", logs, "tmpfs", 0, "size=4m,mode=755") == 0 else {
            print("NOT TRIED: no tmpfs can be mounted here")
            return
        }
        var isMounted = true
        defer { if isMounted { unsafe umount2(logs, Int32(MNT_DETACH)) } }
        try scratch.append([eventLine("over")], to: "a.ndjson")
        if stopped { daemon = try scratch.start() }
        #expect(try waits(scratch) { $0.outcome("applied") == 3 }, "\(daemon.talk)")
        #expect(unsafe umount2(logs, Int32(MNT_DETACH)) == 0)
        isMounted = false
        try scratch.append([eventLine("c")], to: "a.ndjson")
        #expect(try waits(scratch) { $0.outcome("applied") == 4 }, "\(daemon.talk)")
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == 4)
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
        #expect(try scratch.leadscore(["verify"]).code == 0)
    }

    @Test func `times of files in the past and in the future change nothing`() throws {
        let scratch = try DaemonScratch()
        let times = ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
        var count: Int64 = 0
        var daemon = try scratch.start()
        for round in 0..<6 {
            try scratch.append((0..<30).map { eventLine("r\(round)-\($0)") }, to: "a.ndjson")
            count += 30
            if round % 2 == 1 { stop(daemon) }
            for place in (0...round).reversed() {
                let name = place == 0 ? "a.ndjson" : "a.ndjson.\(place)"
                unsafe rename(scratch.log(name), scratch.log("a.ndjson.\(place + 1)"))
            }
            try scratch.append([eventLine("n\(round)")], to: "a.ndjson")
            count += 1
            let names = try FileManager.default.contentsOfDirectory(
                atPath: scratch.directory.path + "/logs")
            for (place, name) in names.sorted().enumerated() {
                let time = times[(place + round) % 3]
                try Program.run("/usr/bin/touch", ["-d", time, scratch.log(name)])
            }
            if round % 2 == 1 { daemon = try scratch.start() }
            #expect(try waits(scratch) { $0.outcome("applied") == count }, "\(daemon.talk)")
        }
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 1") == count)
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
    }

    private func stop(_ daemon: RunningProgram) {
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
    }

    /// Waits for a state. A name that comes and goes beside the logs has the daemon look at once rather than
    /// within five seconds.
    private func waits(_ scratch: DaemonScratch, _ isReached: (Status) -> Bool) throws -> Bool {
        try holds(within: 20) {
            let beside = scratch.log("beside")
            try? Data().write(to: URL(filePath: beside))
            unsafe unlink(beside)
            _ = holds(within: 0.1) { false }
            return try scratch.status().map(isReached) ?? false
        }
    }
}
