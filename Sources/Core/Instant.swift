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
