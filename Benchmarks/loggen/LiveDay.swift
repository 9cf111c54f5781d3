internal import Core
internal import Glibc

/// A day of a small company, told in less than a minute: mailings go out, people open, click and
/// look around, and one after the other warms up.
struct LiveDay {
    private let directory: String
    private let rate: Double
    private let seconds: Double
    private var chance: Chance
    private var cast = LiveCast()

    init(directory: String, rate: Double, seconds: Double, seed: UInt64) {
        self.directory = directory
        self.rate = rate
        self.seconds = seconds
        chance = Chance(seed: seed)
    }

    /// Writes until the time is over, each line in one piece, so that a reader never sees half of
    /// one for long.
    mutating func write() throws {
        if unsafe mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw WriteError(path: directory, code: errno)
        }
        var files: [LiveLog: Int32] = [:]
        defer { for descriptor in files.values { close(descriptor) } }
        for log in LiveLog.allCases { files[log] = try open(log) }
        let start = monotonicSeconds()
        var due = 0.0
        while due < seconds {
            let wait = start + due - monotonicSeconds()
            if wait > 0 { usleep(UInt32(wait * 1_000_000)) }
            let (log, line) = cast.next(share: due / max(seconds, 1), &chance)
            try append(line, to: files[log] ?? STDOUT_FILENO, log)
            // Unevenly, as people come: on average `rate` a second.
            due += (0.2 + 1.6 * Double(chance.below(1000)) / 1000) / rate
        }
    }

    private func open(_ log: LiveLog) throws -> Int32 {
        let path = "\(directory)/\(log.rawValue).ndjson"
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let descriptor = unsafe Glibc.open(path, flags, 0o644)
        guard descriptor >= 0 else { throw WriteError(path: path, code: errno) }
        return descriptor
    }

    private func append(_ fields: String, to descriptor: Int32, _ log: LiveLog) throws {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let time = Instant(Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
        // A line that does not begin with a field is written as it is: the unusable ones.
        let isEvent = fields.hasPrefix("\"")
        let text = isEvent ? #"{"ts":"\#(time.rfc3339)",\#(fields)}"# : fields
        let line = Array((text + "\n").utf8)
        let count = unsafe line.withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        guard count == line.count else { throw WriteError(path: log.rawValue, code: errno) }
    }

    private func monotonicSeconds() -> Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }
}

/// The logs that the company has.
enum LiveLog: String, CaseIterable {
    case web, mail, shop
}
