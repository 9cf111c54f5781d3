import Foundation
import Glibc
import TestKit
import Testing

/// What the machine around the daemon may be like.
@Suite struct SurroundingsTests {
    /// A wall clock that stands in 1970 as long as a file is there.
    private static let clock = """
        #include <dlfcn.h>
        #include <time.h>
        #include <unistd.h>
        int clock_gettime(clockid_t id, struct timespec *time) {
            int (*real)(clockid_t, struct timespec *) =
                (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int result = real(id, time);
            if (id == CLOCK_REALTIME && access(WRONG, F_OK) == 0) time->tv_sec = 86400;
            return result;
        }
        """

    @Test func `with a clock in 1970 nothing is read, and everything once it is right`() throws {
        let scratch = try DaemonScratch()
        let wrong = scratch.directory.appending(path: "wrong").path
        let wrapper = try scratch.preload(Self.clock, ["WRONG=\"\(wrong)\""])
        try scratch.append([eventLine("ann")], to: "a.ndjson")
        #expect(try scratch.once(wrapper: wrapper).code == 0)
        try Data().write(to: URL(filePath: wrong))
        let daemon = try scratch.start(wrapper: wrapper)
        try scratch.append([eventLine("bob")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.degraded == ["clock"] })
        #expect(try scratch.status()?.outcome("applied") == 1)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE as_of_day < '2000'") == 0)
        try FileManager.default.removeItem(atPath: wrong)
        #expect(
            try holds(within: 10) {
                let status = try scratch.status()
                return status?.outcome("applied") == 2 && status?.degraded == []
            }, "\(daemon.talk)")
        #expect(try scratch.status()?.outcome("quarantined") == 0)
    }

    @Test func `with few descriptors every file is read`() throws {
        let scratch = try DaemonScratch()
        for number in 0..<300 {
            try scratch.append([eventLine("p\(number)")], to: "\(number).ndjson")
        }
        let daemon = try scratch.start(wrapper: ["/usr/bin/prlimit", "--nofile=40"])
        #expect(try scratch.settled().outcome("applied") == 300)
        for number in 0..<300 {
            try scratch.append([eventLine("q\(number)")], to: "\(number).ndjson")
        }
        #expect(
            try holds(within: 20) { try scratch.status()?.outcome("applied") == 600 },
            "\(daemon.talk)")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
    }

    @Test func `where a file may not grow it is as on a full disk`() throws {
        let scratch = try DaemonScratch()
        let daemon = try scratch.start(wrapper: ["/usr/bin/prlimit", "--fsize=1000000:unlimited"])
        try scratch.append((0..<20_000).map { eventLine("somebody-\($0)") }, to: "a.ndjson")
        #expect(
            try holds(within: 20) { try scratch.status()?.degraded.contains("storage") == true },
            "\(daemon.talk)")
        let lift = ["--pid", "\(daemon.pid)", "--fsize=unlimited"]
        try Process.run(URL(filePath: "/usr/bin/prlimit"), arguments: lift).waitUntilExit()
        #expect(
            try holds(within: 20) { try scratch.status()?.outcome("applied") == 20_000 },
            "\(daemon.talk)")
        #expect(try scratch.leadscore(["verify"]).code == 0)
    }

    @Test func `without watches the files are looked at every second`() throws {
        let scratch = try DaemonScratch()
        let limit = "echo 1 > /proc/sys/user/max_inotify_watches && exec \"$@\""
        let wrapper = ["/usr/bin/unshare", "-Ur", "sh", "-c", limit, "sh"]
        let daemon = try scratch.start(wrapper: wrapper)
        for number in 0..<3 {
            try scratch.append([eventLine("p\(number)")], to: "\(number).ndjson")
        }
        #expect(
            try holds(within: 10) {
                let status = try scratch.status()
                return status?.outcome("applied") == 3 && status?.degraded == ["watch"]
            }, "\(daemon.talk)")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
    }

    @Test(.enabled(if: OtherUser.isAvailable))
    func `without threads it ends at once and says why`() throws {
        let scratch = try DaemonScratch()
        let user = OtherUser.service + ["/usr/bin/prlimit", "--nproc=1"]
        unsafe mkdir(scratch.state, 0o711)
        unsafe chown(scratch.state, OtherUser.serviceNumber, OtherUser.serviceNumber)
        let outcome = try scratch.once(wrapper: user)
        #expect(outcome.code == 70)
        #expect(outcome.talk.contains("no thread can be started"), "\(outcome.talk)")
    }

    @Test(arguments: [
        ["LANG=tr_TR.UTF-8", "TZ=:/bad"], ["LC_ALL=C", "TZ=Pacific/Chatham"], ["-i"],
    ])
    func `language, zone and environment change nothing`(environment: [String]) throws {
        let scratch = try DaemonScratch()
        try scratch.append((0..<50).map { eventLine("TITLE-i\($0 % 7)") }, to: "a.ndjson")
        #expect(try scratch.once(wrapper: ["/usr/bin/env"] + environment).code == 0)
        let rows = try scratch.rows(Self.rows).map { "\($0)" }
        let plain = try DaemonScratch()
        try plain.append((0..<50).map { eventLine("TITLE-i\($0 % 7)") }, to: "a.ndjson")
        #expect(try plain.once().code == 0)
        #expect(try rows == plain.rows(Self.rows).map { "\($0)" })
        #expect(rows.count == 7)
    }

    private static let rows =
        "SELECT email || as_of_day || engagement AS r FROM leads ORDER BY email"
}
