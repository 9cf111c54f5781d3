import Core

/// Where the time of a request stands in a template, and how it is read.
struct AccessTime: Sendable {
    /// A part of a time that a format spells out.
    enum Part: String, Sendable, CaseIterable {
        case year = "Y"
        case month = "m"
        case day = "d"
        case blankDay = "e"
        case monthName = "b"
        case hour = "H"
        case minute = "M"
        case second = "S"
        case zone = "z"
        case weekday = "a"
        case epochSeconds = "s"
        case epochMilliseconds = "msec"
        case epochMicroseconds = "usec"
        case milliseconds = "msec_frac"
        case microseconds = "usec_frac"

        /// What it is called among the variables.
        var name: String { "time:" + rawValue }

        /// The part of a variable's name.
        init?(_ name: String) {
            guard name.hasPrefix("time:") else { return nil }
            self.init(rawValue: String(name.dropFirst(5)))
        }

        /// The part of strftime's letter.
        init?(strftime letter: Character) {
            guard letter != "h" else {
                self = .monthName
                return
            }
            self.init(rawValue: String(letter))
        }

        /// The part that Apache has a word for.
        init?(apache word: Substring) {
            guard word.count > 1 else { return nil }
            if word == "sec" {
                self = .epochSeconds
            } else if !word.contains("%") {
                self.init(rawValue: String(word))
            } else {
                return nil
            }
        }

        /// How many bytes it takes; nil: as many digits as there are.
        var width: Int? {
            switch self {
            case .year: 4
            case .month, .day, .blankDay, .hour, .minute, .second: 2
            case .monthName, .weekday, .milliseconds: 3
            case .zone: 5
            case .microseconds: 6
            case .epochSeconds, .epochMilliseconds, .epochMicroseconds: nil
            }
        }
    }

    private enum Source: Sendable {
        case local(Int)
        case rfc3339(Int)
        /// Seconds since 1970 with a fraction, if any.
        case seconds(Int)
        case parts([(part: Part, slot: Int)])
    }

    private let source: Source

    /// The best time that the variables have; nil if they make up none with its zone.
    init?(variables: [String]) {
        func slot(_ name: String) -> Int? { variables.firstIndex(of: name) }
        let parts = variables.indices.compactMap { slot in
            Part(variables[slot]).map { (part: $0, slot: slot) }
        }
        let has = Set(parts.map(\.part))
        if let slot = slot("msec") {
            source = .seconds(slot)
        } else if let slot = slot("time_iso8601") {
            source = .rfc3339(slot)
        } else if let slot = slot("time_local") {
            source = .local(slot)
        } else if !has.isDisjoint(with: [.epochSeconds, .epochMilliseconds, .epochMicroseconds])
            || (has.isSuperset(of: [.year, .hour, .minute, .second, .zone])
                && !has.isDisjoint(with: [.month, .monthName])
                && !has.isDisjoint(with: [.day, .blankDay]))
        {
            source = .parts(parts)
        } else {
            return nil
        }
    }

    // Neighbouring lines are of the same second, mostly.
    private var last = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    private var lastInstant = Instant(0)
    private static let localBytes = 26

    /// The time of a line whose values stand in `slots`; nil if it is none.
    mutating func instant(_ slots: borrowing AccessSlots) -> Instant? {
        switch source {
        case .local(let slot): local(slots[slot])
        case .rfc3339(let slot): Instant(rfc3339: slots[slot])
        case .seconds(let slot): Instant(epoch: slots[slot], unit: 1000)
        case .parts(let parts): Self.instant(of: parts, slots)
        }
    }

    /// `10/Oct/2026:13:55:36 +0200`.
    private mutating func local(_ text: ByteSlice) -> Instant? {
        guard text.count == Self.localBytes, let start = unsafe text.start else { return nil }
        // SAFETY: 26 bytes are there; the last eight overlap.
        let raw = unsafe UnsafeRawPointer(start)
        let key = unsafe (
            raw.loadUnaligned(as: UInt64.self),
            raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            raw.loadUnaligned(fromByteOffset: 18, as: UInt64.self)
        )
        if key == last { return lastInstant }
        guard text[2] == 0x2F, text[6] == 0x2F, text[11] == 0x3A, text[14] == 0x3A,
            text[17] == 0x3A, text[20] == 0x20, let day = Self.digits(text[0..<2]),
            let month = Self.month(text[3..<6]), let year = Self.digits(text[7..<11]),
            let hour = Self.digits(text[12..<14]), let minute = Self.digits(text[15..<17]),
            let second = Self.digits(text[18..<20]), let zone = Self.zone(text[21..<26]),
            let instant = Instant(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second,
                minutesEast: zone)
        else { return nil }
        last = key
        lastInstant = instant
        return instant
    }

    private static func instant(
        of parts: [(part: Part, slot: Int)], _ slots: borrowing AccessSlots
    ) -> Instant? {
        var year: Int?, month: Int?, day: Int?, zone: Int?
        var clock = (hour: 0, minute: 0, second: 0)
        var epoch: Instant?
        var fraction = 0
        for (part, slot) in parts {
            let text = slots[slot]
            switch part {
            case .epochSeconds: epoch = Instant(epoch: text, unit: 1000)
            case .epochMilliseconds: epoch = Instant(epoch: text, unit: 1)
            case .epochMicroseconds:
                epoch = digits(text).map { Instant(Int64($0 / 1000)) }
            case .monthName: month = Self.month(text)
            case .zone: zone = Self.zone(text)
            case .weekday: break
            case .blankDay: day = digits(text.trimmed)
            default:
                guard let number = digits(text) else { return nil }
                switch part {
                case .year: year = number
                case .month: month = number
                case .day: day = number
                case .hour: clock.hour = number
                case .minute: clock.minute = number
                case .second: clock.second = number
                case .milliseconds: fraction = number
                default: fraction = number / 1000
                }
            }
        }
        if epoch == nil, let year, let month, let day, let zone {
            epoch = Instant(
                year: year, month: month, day: day, hour: clock.hour, minute: clock.minute,
                second: clock.second, minutesEast: zone)
        }
        return epoch.map { Instant($0.milliseconds + Int64(fraction)) }
    }

    /// The number that up to 18 digits say.
    private static func digits(_ text: ByteSlice) -> Int? {
        guard (1...18).contains(text.count) else { return nil }
        var value = 0
        for place in 0..<text.count {
            let digit = text[place] &- 0x30
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    private static func month(_ name: ByteSlice) -> Int? {
        let names: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        guard name.count == 3 else { return nil }
        // SAFETY: the bytes of a static string live as long as the program.
        let all = unsafe ByteSlice(start: names.utf8Start, count: names.utf8CodeUnitCount)
        for month in 0..<12 where all[(month * 3)..<(month * 3 + 3)].equals(name) {
            return month + 1
        }
        return nil
    }

    /// Minutes east of UTC of `+0200`.
    private static func zone(_ text: ByteSlice) -> Int? {
        guard text.count == 5, text[0] == 0x2B || text[0] == 0x2D,
            let hours = digits(text[1..<3]), let minutes = digits(text[3..<5]), hours < 24,
            minutes < 60
        else { return nil }
        return (text[0] == 0x2D ? -1 : 1) * (hours * 60 + minutes)
    }
}
