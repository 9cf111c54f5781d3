import Foundation
import Glibc
import TestKit
import Testing

/// Whatever somebody does to `leads.db`: ingestion goes on, and the file comes back.
@Suite struct PublicationTests {
    /// What can happen to a file.
    enum Harm: CaseIterable {
        case removed, emptied, cutShort, overwritten, replaced, byDirectory, byLink, withoutWAL

        func happen(to path: String) throws {
            let data = Data((0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 167) })
            switch self {
            case .removed: unsafe unlink(path)
            case .emptied: #expect(unsafe truncate(path, 0) == 0)
            case .cutShort: #expect(unsafe truncate(path, 5000) == 0)
            case .overwritten:
                let file = try FileHandle(forWritingTo: URL(filePath: path))
                try file.seek(toOffset: 4096)
                try file.write(contentsOf: data)
                try file.close()
            case .replaced:
                try data.write(to: URL(filePath: path + ".other"))
                unsafe rename(path + ".other", path)
            case .byDirectory:
                unsafe unlink(path)
                unsafe mkdir(path, 0o755)
                _ = holds(within: 1.5) { false }
                unsafe rmdir(path)
            case .byLink:
                unsafe unlink(path)
                unsafe symlink("/etc/passwd", path)
            case .withoutWAL:
                for suffix in ["-wal", "-shm"] { unsafe unlink(path + suffix) }
                unsafe unlink(path)
            }
        }
    }

    @Test(arguments: Harm.allCases)
    func `a harmed file is made anew while the daemon runs, and while it does not`(harm: Harm)
        throws
    {
        let scratch = try DaemonScratch()
        try scratch.append((0..<2000).map { eventLine("p\($0)") }, to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(isWhole(scratch, 2000))
        _ = try scratch.settled()
        try harm.happen(to: scratch.leads)
        #expect(isWhole(scratch, 2000), "\(harm), running: \(daemon.talk)")
        try scratch.append([eventLine("more")], to: "a.ndjson")
        #expect(isWhole(scratch, 2001), "\(harm), running on: \(daemon.talk)")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        #expect(isWhole(scratch, 2001), "\(harm), stopped")

        try harm.happen(to: scratch.leads)
        let again = try scratch.start()
        #expect(isWhole(scratch, 2001), "\(harm), started again: \(again.talk)")
        let status = try scratch.settled()
        #expect(status.degraded.isEmpty && status.outcome("applied") == 2001)
        #expect(try String(contentsOfFile: "/etc/passwd", encoding: .utf8).contains("root"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")))
    func `a new file is on the disk before it gets its name, and then the name is`() throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<100).map { eventLine("p\($0)") }, to: "a.ndjson")
        let trace = scratch.directory.path + "/trace"
        let outcome = try scratch.once(
            wrapper: [
                "/usr/bin/strace", "-f", "-y", "-o", trace, "-e",
                "trace=pwrite64,fsync,fdatasync,rename,renameat,renameat2",
            ])
        #expect(outcome.code == 0, "\(outcome.talk)")
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            .filter { $0.contains("/published") }
        let renamed = try #require(
            calls.firstIndex { $0.contains("rename") && $0.contains("leads.db.new\"") })
        let written = try #require(
            calls.lastIndex { $0.contains("pwrite64(") && $0.contains("leads.db.new>") })
        let synced = try #require(
            calls.lastIndex { $0.contains("fsync(") && $0.contains("leads.db.new>") })
        #expect(written < synced && synced < renamed)
        let next = try #require(calls[(renamed + 1)...].first)
        #expect(next.contains("fsync(") && next.contains("/published>"), "\(next)")
    }

    @Test func `a file ahead of the state is made anew`() throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<100).map { eventLine("p\($0)") }, to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        for suffix in ["", "-wal", "-shm"] { unsafe unlink(scratch.state + "/state.db" + suffix) }
        unsafe unlink(scratch.log("a.ndjson"))
        try scratch.append([eventLine("only")], to: "b.ndjson")
        try #require(try scratch.once().code == 0)
        #expect(scratch.number("SELECT count(*) FROM leads") == 1)
    }

    @Test func `a lock on the file holds up publication only, and not the end`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(isWhole(scratch, 1))
        let lock = try ExclusiveLock(scratch.leads)
        for round in 1...3 {
            try scratch.append((0..<4000).map { eventLine("r\(round)-\($0)") }, to: "a.ndjson")
            #expect(
                try holds(within: 10) {
                    try scratch.status()?.outcome("applied") == Int64(round) * 4000 + 1
                })
        }
        #expect(
            try holds(within: 10) { try scratch.status()?.degraded.contains("publish") == true })
        #expect(scratch.number("SELECT count(*) FROM leads") == 1)
        try lock.release()
        #expect(isWhole(scratch, 12_001))
        #expect(try holds(within: 5) { try scratch.status()?.degraded.isEmpty == true })

        let second = try ExclusiveLock(scratch.leads)
        try scratch.append((0..<6000).map { eventLine("s\($0)") }, to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == 18_001 })
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
        try second.release()
        let again = try scratch.start()
        #expect(isWhole(scratch, 18_001))
        withExtendedLifetime(again) {}
    }

    @Test func `once cannot be held up for good by a lock on the file`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        let daemon = try scratch.start()
        let lock = try ExclusiveLock(scratch.leads)
        daemon.killNow()
        try scratch.append([eventLine("ben")], to: "a.ndjson")
        let once = try scratch.launch(["--once"])
        // Whoever waits for it may give up; or it makes a file of its own in the place of the locked.
        if once.code(within: 3) == nil {
            once.signal(SIGTERM)
            #expect(once.code(within: 5) == 75, "\(once.talk)")
        }
        try lock.release()
        #expect(try scratch.once().code == 0)
        #expect(scratch.number("SELECT sum(events) FROM leads") == 2)
    }

    @Test func `a long read holds up nothing`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        let daemon = try scratch.start()
        #expect(isWhole(scratch, 1))
        let read = try LongRead(scratch.leads, table: "leads")
        for round in 1...5 {
            try scratch.append((0..<1000).map { eventLine("r\(round)-\($0)") }, to: "a.ndjson")
            #expect(isWhole(scratch, Int64(round) * 1000 + 1))
        }
        try read.end()
        withExtendedLifetime(daemon) {}
    }

    @Test(.enabled(if: OtherUser.isAvailable))
    func `a full disk stops reading and nothing else, and passes by itself`() throws {
        let scratch = try DaemonScratch()
        unsafe mkdir(scratch.state, 0o711)
        guard Self.mount(scratch.state, megabytes: 4) else { return }
        defer { Self.unmount(scratch.state) }
        let daemon = try scratch.start()
        let lines = (0..<60_000).map { eventLine("somebody-with-a-name-\($0)") }
        try scratch.append(lines, to: "a.ndjson")
        #expect(try holds(within: 20) { try scratch.status()?.degraded.isEmpty == false })
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0, "\(daemon.talk)")
        Self.remount(scratch.state, megabytes: 4)
        let again = try scratch.start()
        #expect(try holds(within: 20) { try scratch.status()?.degraded.isEmpty == false })
        Self.remount(scratch.state, megabytes: 200)
        #expect(isWhole(scratch, 60_000), "\(again.talk)")
        #expect(try scratch.settled().outcome("applied") == 60_000)
        #expect(try scratch.leadscore(["verify"]).code == 0)
        again.signal(SIGTERM)
        #expect(again.code(within: 5) == 0)
    }

    private func isWhole(_ scratch: DaemonScratch, _ contacts: Int64) -> Bool {
        holds(within: 20) {
            guard scratch.number("SELECT sum(events) FROM leads") == contacts,
                let check = try? scratch.rows("PRAGMA quick_check(1)")
            else { return false }
            return check.first?.values.first?.text == "ok"
        }
    }

    private static func mount(_ path: String, megabytes: Int) -> Bool {
        unsafe Glibc.mount("none", path, "tmpfs", 0, "size=\(megabytes)m,mode=711") == 0
    }

    private static func remount(_ path: String, megabytes: Int) {
        unsafe Glibc.mount("none", path, "tmpfs", UInt(MS_REMOUNT), "size=\(megabytes)m")
    }

    private static func unmount(_ path: String) { unsafe umount2(path, Int32(MNT_DETACH)) }
}
