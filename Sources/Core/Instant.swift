/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
public struct Instant: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z.
    public init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The earlier one comes first.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Reads an RFC 3339 time with its zone: `2026-09-14T08:21:07.123Z`, `...+02:00`.
    ///
    /// Digits after the third of a fraction are dropped. A leap second `:60` is the first moment of
    /// the next minute. Lower-case `t` and `z` and a blank between date and time are accepted, as
    /// the RFC allows.
    ///
    /// - Returns: nil if it is anything else; a time without a zone is nobody's time.
    /// - Source: RFC 3339, section 5.6.
    public init?(rfc3339 text: ByteSlice) {
        guard text.count >= 20, text.count <= 64 else { return nil }
        guard let year = Instant.digits(text, 0, 4), text[4] == 0x2D,
            let month = Instant.digits(text, 5, 2), text[7] == 0x2D,
            let day = Instant.digits(text, 8, 2),
            text[10] == 0x54 || text[10] == 0x74 || text[10] == 0x20,
            let hour = Instant.digits(text, 11, 2), text[13] == 0x3A,
            let minute = Instant.digits(text, 14, 2), text[16] == 0x3A,
            let second = Instant.digits(text, 17, 2)
        else { return nil }
        guard month >= 1, month <= 12, day >= 1, day <= Instant.length(of: month, in: year),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var place = 19
        var fraction = 0
        if text[place] == 0x2E {
            place += 1
            let first = place
            var scale = 100
            while place < text.count, text[place] >= 0x30, text[place] <= 0x39 {
                fraction += scale * Int(text[place] - 0x30)
                scale /= 10
                place += 1
            }
            guard place > first else { return nil }
        }
        guard let offset = Instant.offset(text, from: place) else { return nil }
        let days = Int64(Day(year: year, month: month, day: day).number)
        let seconds = Int64(hour) * 3600 + Int64(minute - offset) * 60 + Int64(second)
        milliseconds = days * 86_400_000 + seconds * 1000 + Int64(fraction)
    }

    /// The instant that a calendar and a clock show so many minutes east of UTC; nil if they cannot.
    ///
    /// A leap second, 60, is the first moment of the next minute.
    public init?(
        year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, minutesEast: Int
    ) {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Instant.length(of: month, in: year), (0..<24).contains(hour),
            (0..<60).contains(minute), (0...60).contains(second), abs(minutesEast) < 1440
        else { return nil }
        let days = Int64(Day(year: year, month: month, day: day).number)
        let seconds = hour * 3600 + (minute - minutesEast) * 60 + second
        milliseconds = days * 86_400_000 + Int64(seconds) * 1000
    }

    /// The instant of a number with or without a fraction, in units of so many milliseconds since
    /// 1970; nil if it is no number. Too large a one is as far off as can be said.
    ///
    /// - Parameter unit: 1000 for seconds, 1 for milliseconds; nil: seconds below 10^11, which is the
    ///   year 5138, and milliseconds from there on.
    public init?(epoch text: ByteSlice, unit: Int64?) {
        let isNegative = !text.isEmpty && text[0] == 0x2D
        let digits = text[(isNegative ? 1 : 0)..<text.count]
        let point = digits.first(0x2E) ?? digits.count
        guard let (whole, _) = Instant.decimal(digits[0..<point]), point > 0 else { return nil }
        var thousandths: Int64 = 0
        if point < digits.count {
            let fraction = digits[(point + 1)..<digits.count]
            let kept = fraction[0..<min(3, fraction.count)]
            guard Instant.decimal(fraction) != nil, let (value, count) = Instant.decimal(kept)
            else { return nil }
            thousandths = value * (count == 1 ? 100 : count == 2 ? 10 : 1)
        }
        let scale = unit ?? (whole < 100_000_000_000 ? 1000 : 1)
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: scale)
        let rest = scale == 1000 ? thousandths : 0
        let (sum, beyond) = scaled.addingReportingOverflow(rest)
        let size = overflow || beyond ? Int64.max : sum
        milliseconds = isNegative ? -size : size
    }

    /// Digits as a number, as large as can be said at most, and how many there are.
    private static func decimal(_ text: ByteSlice) -> (value: Int64, count: Int)? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for place in 0..<text.count {
            let digit = text[place] &- 0x30
            guard digit <= 9 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, beyond) = tens.addingReportingOverflow(Int64(digit))
            value = overflow || beyond ? .max : sum
        }
        return (value, text.count)
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`; without the fraction where it is zero.
    public var rfc3339: String {
        var text = TextArena()
        text.instant(self)
        return text.text
    }

    private static func length(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Minutes east of UTC of a zone that ends the text; nil if it is none.
    private static func offset(_ text: ByteSlice, from place: Int) -> Int? {
        guard place < text.count else { return nil }
        let sign = text[place]
        if sign == 0x5A || sign == 0x7A { return place + 1 == text.count ? 0 : nil }
        guard sign == 0x2B || sign == 0x2D, text.count == place + 6, text[place + 3] == 0x3A,
            let hours = digits(text, place + 1, 2), let minutes = digits(text, place + 4, 2),
            hours < 24, minutes < 60
        else { return nil }
        return (sign == 0x2D ? -1 : 1) * (hours * 60 + minutes)
    }

    @inline(__always)  // with the place known, one check of the length stands for all of them
    private static func digits(_ text: ByteSlice, _ from: Int, _ count: Int) -> Int? {
        var value = 0
        for place in from..<(from + count) {
            let digit = text[place] &- 0x30
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    static func appendDigits(_ value: Int, width: Int, to bytes: inout [UInt8]) {
        var scale = 1
        for _ in 1..<width { scale *= 10 }
        while scale > 0 {
            bytes.append(0x30 + UInt8(value / scale % 10))
            scale /= 10
        }
    }
}
