/// A calendar day, counted from 1970-01-01 in the configured fixed zone.
public struct Day: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    public var number: Int32

    /// The day with this number.
    public init(_ number: Int32) { self.number = number }

    /// The day on which an instant falls.
    public init(of instant: Instant, in zone: FixedZone) {
        let local = instant.milliseconds &+ Int64(zone.offsetMinutes) * 60_000
        let day = Day.floorDivide(local, 86_400_000)
        number = Int32(clamping: day)
    }

    /// Reads `YYYY-MM-DD`; nil if it is not a day of the calendar.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == 0x2D, bytes[7] == 0x2D else { return nil }
        var digits: [Int] = []
        for (place, byte) in bytes.enumerated() where place != 4 && place != 7 {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            digits.append(Int(byte - 0x30))
        }
        let year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
        let month = digits[4] * 10 + digits[5]
        let day = digits[6] * 10 + digits[7]
        guard Day.isValid(year: year, month: month, day: day) else { return nil }
        self = Day(year: year, month: month, day: day)
    }

    /// The day of a civil date, which must be one.
    ///
    /// - Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    public init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = Int(Day.floorDivide(Int64(shifted), 400))
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = Int32(clamping: era * 146_097 + dayOfEra - 719_468)
    }

    /// Whether the calendar has this date (years 0 to 9999).
    public static func isValid(year: Int, month: Int, day: Int) -> Bool {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1 else { return false }
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= lengths[month - 1]
    }

    /// Year, month and day of the month.
    ///
    /// - Source: Howard Hinnant, as above, civil_from_days.
    public var civil: (year: Int, month: Int, day: Int) {
        let shifted = Int(number) + 719_468
        let era = Int(Day.floorDivide(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The first instant after this day in a zone.
    public func end(in zone: FixedZone) -> Instant {
        Instant((Int64(number) + 1) * 86_400_000 - Int64(zone.offsetMinutes) * 60_000)
    }

    /// Days from `earlier` to this one.
    public func days(since earlier: Day) -> Int { Int(number) - Int(earlier.number) }

    /// The day `count` days later.
    public func adding(_ count: Int) -> Day { Day(Int32(clamping: Int(number) + count)) }

    /// The earlier one comes first.
    public static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Day: CustomStringConvertible {
    /// `YYYY-MM-DD`.
    public var description: String {
        let (year, month, day) = civil
        var bytes: [UInt8] = []
        bytes.reserveCapacity(10)
        Instant.appendDigits(year, width: 4, to: &bytes)
        bytes.append(0x2D)
        Instant.appendDigits(month, width: 2, to: &bytes)
        bytes.append(0x2D)
        Instant.appendDigits(day, width: 2, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A zone without summer time: `+00:00` or another fixed offset.
public struct FixedZone: Hashable, Sendable {
    /// Minutes east of UTC, -1439 to 1439.
    public let offsetMinutes: Int

    /// UTC.
    public static let utc = FixedZone(offsetMinutes: 0)

    /// The zone so many minutes east of UTC.
    public init(offsetMinutes: Int) {
        precondition(abs(offsetMinutes) < 1440)
        self.offsetMinutes = offsetMinutes
    }

    /// Reads `UTC`, `Z` or `±HH:MM`; nil for anything else.
    public init?(_ text: String) {
        if text == "UTC" || text == "Z" {
            self = .utc
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[0] == 0x2B || bytes[0] == 0x2D, bytes[3] == 0x3A else {
            return nil
        }
        let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int($0) - 0x30 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let hours = digits[0] * 10 + digits[1]
        let minutes = digits[2] * 10 + digits[3]
        guard hours < 24, minutes < 60 else { return nil }
        offsetMinutes = (bytes[0] == 0x2D ? -1 : 1) * (hours * 60 + minutes)
    }
}

extension FixedZone: CustomStringConvertible {
    /// `±HH:MM`.
    public var description: String {
        var bytes: [UInt8] = [offsetMinutes < 0 ? 0x2D : 0x2B]
        Instant.appendDigits(abs(offsetMinutes) / 60, width: 2, to: &bytes)
        bytes.append(0x3A)
        Instant.appendDigits(abs(offsetMinutes) % 60, width: 2, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
