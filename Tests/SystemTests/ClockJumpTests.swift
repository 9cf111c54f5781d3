import Foundation
import Glibc
import TestKit
import Testing

/// A wall clock that is set while the daemon runs. It stands between the daemon and its libraries; those
/// waits of theirs that go by the wall clock go by this one.
@Suite struct ClockJumpTests {
    private static let clock = """
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <semaphore.h>
        #include <stdlib.h>
        #include <time.h>
        #include <unistd.h>
        static int real(clockid_t id, struct timespec *time) {
            static int (*next)(clockid_t, struct timespec *);
            if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            return next(id, time);
        }
        static long ahead(void) {
            char text[32] = {0};
            int saved = errno, file = open(AHEAD, O_RDONLY | O_CLOEXEC);
            if (file >= 0 && read(file, text, 31) < 0) text[0] = 0;
            if (file >= 0) close(file);
            errno = saved;
            return atol(text);
        }
        int clock_gettime(clockid_t id, struct timespec *time) {
            int result = real(id, time);
            if (id == CLOCK_REALTIME) time->tv_sec += ahead();
            return result;
        }
        static int isOver(const struct timespec *end) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
        }
        static struct timespec soon(void) {
            struct timespec now;
            real(CLOCK_REALTIME, &now);
            now.tv_nsec += 3000000;
            if (now.tv_nsec >= 1000000000) now.tv_sec++, now.tv_nsec -= 1000000000;
            return now;
        }
        int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *end) {
            int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) =
                (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlvsym(
                    RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
            while (!isOver(end)) {
                struct timespec until = soon();
                int result = next(cond, mutex, &until);
                if (result != ETIMEDOUT) return result;
            }
            return ETIMEDOUT;
        }
        int sem_timedwait(sem_t *semaphore, const struct timespec *end) {
            int (*next)(sem_t *, const struct timespec *) =
                (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
            while (!isOver(end)) {
                struct timespec until = soon();
                if (next(semaphore, &until) == 0) return 0;
                if (errno != ETIMEDOUT) return -1;
            }
            errno = ETIMEDOUT;
            return -1;
        }
        """
    private static let hour = 3600
    private static let day = 24 * hour

    /// A daemon by a clock that can be set.
    private struct World {
        let scratch: DaemonScratch
        let wrapper: [String]
        /// Noon of a day to come, so that an hour more or less is no other day.
        let start: Int
        private let file: String

        init(_ rules: String = DaemonScratch.rules) throws {
            scratch = try DaemonScratch(rules: rules)
            file = scratch.directory.path + "/ahead"
            wrapper = try scratch.preload(ClockJumpTests.clock, ["AHEAD=\"\(file)\""])
            start = (time(nil) / day + 40) * day + 12 * hour
            try set(0)
        }

        /// Sets the clock to some seconds from the start.
        func set(_ seconds: Int) throws {
            let text = "\(start - time(nil) + seconds)"
            try Data(text.utf8).write(to: URL(filePath: file + ".new"))
            unsafe rename(file + ".new", file)
        }

        func line(_ who: String, more: String = "") -> String {
            eventLine(who, at: Date(timeIntervalSince1970: Double(start - 60)), more: more)
        }

        /// Has the daemon look at its clock.
        func wake(_ name: String) throws {
            try scratch.append([line(name)], to: "wake.ndjson")
        }
    }

    @Test func `a clock that is set forth and back stops nothing, and leaves nothing behind`()
        throws
    {
        let world = try World(
            DaemonScratch.rules + """

                segments:
                  - {name: any, where: "engagement > 0"}
                """)
        let scratch = world.scratch
        try scratch.append(
            [world.line("ann", more: ",\"id\":\"1\"")], to: "a.ndjson")
        try scratch.append(
            (1...2).map {
                #"{"ts":\#((world.start - $0 * Self.day) * 1000),"type":"click","cookie":"resting"}"#
            }, to: "a.ndjson")
        let daemon = try scratch.start(wrapper: world.wrapper)
        #expect(try scratch.settled().outcome("applied") == 3)
        let rows = """
            SELECT coalesce(email, '') || ' ' || as_of_day || ' ' || engagement || ' ' || events AS r FROM leads
            WHERE email LIKE 'ann@%' OR email IS NULL
            """
        let before = try scratch.rows(rows).map { "\($0)" }
        #expect(before.count == 2)
        let journal = scratch.number("SELECT count(*) FROM segment_changes")
        var count: Int64 = 3
        let leaps = [Self.hour, -Self.hour, 0, 3650 * Self.day, 0, -3650 * Self.day, 0]
        for (place, leap) in leaps.enumerated() {
            try world.set(leap)
            let start = monotonicSeconds()
            try world.wake("w\(place)")
            // Before it was made nothing can be read.
            if leap > -Self.day { count += 1 }
            let isRead = try holds(within: 10) { try scratch.status()?.outcome("applied") == count }
            #expect(isRead, "\(leap): \(daemon.talk)")
            #expect(monotonicSeconds() - start < 8)
            if leap > Self.day || leap < -Self.day {
                #expect(try holds(within: 10) { try scratch.status()?.degraded == ["clock"] })
            }
            if leap < -Self.day { count += 1 }
            if leap == 0 {
                #expect(try holds(within: 10) { try scratch.status()?.degraded == [] })
                #expect(try scratch.settled().outcome("applied") == count)
                #expect(try scratch.rows(rows).map { "\($0)" } == before, "\(leap)")
            }
        }
        // Told again it is still known, and nobody has left a segment meanwhile.
        try scratch.append([world.line("ann", more: ",\"id\":\"1\"")], to: "a.ndjson")
        #expect(try holds(within: 10) { try scratch.status()?.outcome("duplicate") == 1 })
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(DISTINCT as_of_day) FROM leads") == 1)
        #expect(
            scratch.number("SELECT count(*) FROM segment_changes")
                == (journal ?? 0) + Int64(leaps.count))
        #expect(try scratch.leadscore(["verify"]).code == 0)
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        let again = try scratch.start(wrapper: world.wrapper)
        _ = try scratch.settled()
        #expect(try scratch.rows(rows).map { "\($0)" } == before)
        withExtendedLifetime(again) {}
    }

    @Test func `a clock that is set back while everybody rests holds up nobody`() throws {
        let world = try World()
        let scratch = world.scratch
        try world.wake("ann")
        let daemon = try scratch.start(wrapper: world.wrapper)
        _ = try scratch.settled()
        let metrics = scratch.state + "/metrics.prom"
        #expect(holds(within: 10) { FileManager.default.fileExists(atPath: metrics) })
        try world.set(-Self.hour)
        // Without anything to read: only a timer sees that it is gone.
        unsafe unlink(scratch.leads)
        #expect(holds(within: 10) { scratch.number("SELECT sum(events) FROM leads") == 1 })
        try world.wake("ben")
        #expect(
            holds(within: 10) {
                let text = (try? String(contentsOfFile: metrics, encoding: .utf8)) ?? ""
                return text.contains("leadscored_records_read_total{source=\"events\"} 2")
            }, "\(daemon.talk)")
    }

    @Test func `files gone for 30 days are a sum, in leads.db and in memory`() throws {
        let world = try World()
        let scratch = world.scratch
        let day = Self.day
        for name in ["a", "b", "c"] {
            try scratch.append(
                (0..<30).map { world.line("\(name)\($0)") }, to: "\(name).ndjson")
            unsafe link(scratch.log("\(name).ndjson"), scratch.directory.path + "/\(name)")
        }
        #expect(try scratch.once(wrapper: world.wrapper).code == 0)
        // Its end is seen on the day after, that of the other much later.
        for (name, at) in [("a", 1), ("c", 20)] {
            unsafe unlink(scratch.log("\(name).ndjson"))
            try world.set(at * day)
            #expect(try scratch.once(wrapper: world.wrapper).code == 0)
        }
        try world.set(30 * day)
        let daemon = try scratch.start(wrapper: world.wrapper)
        #expect(try scratch.settled().outcome("applied") == 90)
        func rows(_ name: String) -> Int64? {
            scratch.number("SELECT count(*) FROM sources WHERE path LIKE '%\(name)'")
        }
        #expect(rows("/a.ndjson") == 1 && rows("/c.ndjson") == 1)
        var count: Int64 = 90
        for at in [32, 33] {
            try world.set(at * day)
            try world.wake("w\(at)")
            count += 1
            #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == count })
            _ = try scratch.settled()
        }
        #expect(rows("/a.ndjson") == 0 && rows("/c.ndjson") == 1, "\(daemon.talk)")
        #expect(scratch.number("SELECT sum(records_read) FROM sources") == count)
        #expect(scratch.number("SELECT sum(applied) FROM sources") == count)
        // What came back is known if it is kept apart, and a file like any other if it is not.
        for name in ["a", "c"] {
            try Program.run(
                "/bin/cp", [scratch.directory.path + "/\(name)", scratch.log("\(name).ndjson")])
        }
        #expect(try holds(within: 10) { try scratch.status()?.outcome("applied") == count + 30 })
        _ = try scratch.settled()
        #expect(scratch.number("SELECT count(*) FROM leads WHERE events = 2") == 30)
        #expect(scratch.number("SELECT sum(lost_bytes) FROM sources") == 0)
        #expect(try scratch.leadscore(["verify"]).code == 0)
    }
}
