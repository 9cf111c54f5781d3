import Core

/// A line of syslog: a time, a host, a program, and what the program says.
///
/// - Source: RFC 3164, section 4.1, as rsyslog and syslog-ng write files; with RFC 3339 times where
///   they are set to them.
struct SyslogLine {
    /// When it was written.
    var at: Instant
    /// The program's name, as far as a bracket or a colon.
    var program: ByteSlice
    /// What follows the colon and a blank.
    var message: ByteSlice

    /// Takes a line apart.
    ///
    /// A time of the traditional kind has neither year nor zone. It is one of `zone`, in the last year
    /// in which it is not after `latest`.
    ///
    /// - Throws: `time` or `format`.
    init(_ line: ByteSlice, zone: FixedZone, latest: Instant) throws(SyslogProblem) {
        let text = Self.withoutPriority(line)
        guard let first = text.first(0x20) else { throw .format }
        var start = first + 1
        if text[0] &- 0x30 <= 9 {
            guard let at = Instant(rfc3339: text[0..<first]) else { throw .time }
            self.at = at
        } else {
            guard text.count > 16, text[15] == 0x20 else { throw .format }
            guard let at = Self.traditional(text[0..<15], zone: zone, latest: latest) else {
                throw .time
            }
            self.at = at
            start = 16
        }
        guard let host = text.first(0x20, from: start) else { throw .format }
        let rest = text[(host + 1)..<text.count]
        var end = 0
        while end < rest.count, rest[end] != 0x5B, rest[end] != 0x3A, rest[end] != 0x20 { end += 1 }
        program = rest[0..<end]
        guard let colon = rest.first(0x3A, from: end) else {
            message = .empty
            return
        }
        message = rest[(colon + 1)..<rest.count].trimmed
    }

    /// Some daemons write `<22>` before the time.
    private static func withoutPriority(_ line: ByteSlice) -> ByteSlice {
        guard line.count > 4, line[0] == 0x3C, let end = line.first(0x3E), end <= 4 else {
            return line
        }
        return line[(end + 1)..<line.count]
    }

    /// `Sep 14 08:21:07`; days below 10 have a blank before them.
    private static func traditional(
        _ text: ByteSlice, zone: FixedZone, latest: Instant
    ) -> Instant? {
        guard let month = month(text[0..<3]), text[3] == 0x20, text[6] == 0x20,
            let day = number(text[4..<6]), text[9] == 0x3A, text[12] == 0x3A,
            let hour = number(text[7..<9]), let minute = number(text[10..<12]),
            let second = number(text[13..<15])
        else { return nil }
        // 29 February may lie 8 years back.
        let year = min(Day(of: latest, in: zone).civil.year, 9999)
        for back in 0...8 {
            let found = Instant(
                year: year - back, month: month, day: day, hour: hour, minute: minute,
                second: second, minutesEast: zone.offsetMinutes)
            if let found, found <= latest { return found }
        }
        return nil
    }

    private static func month(_ name: ByteSlice) -> Int? {
        switch (name[0], name[1], name[2]) {
        case (0x4A, 0x61, 0x6E): 1
        case (0x46, 0x65, 0x62): 2
        case (0x4D, 0x61, 0x72): 3
        case (0x41, 0x70, 0x72): 4
        case (0x4D, 0x61, 0x79): 5
        case (0x4A, 0x75, 0x6E): 6
        case (0x4A, 0x75, 0x6C): 7
        case (0x41, 0x75, 0x67): 8
        case (0x53, 0x65, 0x70): 9
        case (0x4F, 0x63, 0x74): 10
        case (0x4E, 0x6F, 0x76): 11
        case (0x44, 0x65, 0x63): 12
        default: nil
        }
    }

    private static func number(_ text: ByteSlice) -> Int? {
        let tens = text[0] == 0x20 ? 0 : text[0] &- 0x30
        let ones = text[1] &- 0x30
        return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : nil
    }
}

/// Why a line is none of syslog.
enum SyslogProblem: Error {
    /// It has no usable time.
    case time
    /// It is built otherwise.
    case format

    /// What becomes of it.
    var verdict: Verdict { self == .time ? .time : .format }
}
