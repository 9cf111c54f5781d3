import Core

/// Lengths of time: `12h`, `14d`, `2w`.
extension Value {
    /// The longest duration in hours: a hundred years.
    private static let longest = 36_500 * 24

    /// A half-life: a duration, or `none` for what never fades.
    func halfLife() -> HalfLife? {
        guard let text = text("a duration") else { return nil }
        if text == "none" { return HalfLife.none }
        guard let hours = hours(text, alternative: ", or none for what never fades") else {
            return nil
        }
        return .days(Double(hours) / 24)
    }

    /// A duration in whole days.
    func wholeDays() -> Int? {
        guard let text = text("a duration"), let hours = hours(text, alternative: "") else {
            return nil
        }
        guard hours % 24 == 0 else {
            mistake(
                "'\(key)' is \(shown(text)), not a number of whole days",
                "write \((hours + 23) / 24)d")
            return nil
        }
        return hours / 24
    }

    private func hours(_ text: String, alternative: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = String(text.dropFirst(digits.count))
        guard !digits.isEmpty, let scale = Self.scale(unit) else {
            mistake(
                "'\(key)' is \(shown(text)), not a duration",
                "write \(Self.repaired(text) ?? "a number with h, d or w, such as \(example)")"
                    + alternative)
            return nil
        }
        // More digits than an integer holds are too many all the same.
        let number = min(Int(digits) ?? Int.max, Self.longest + 1)
        guard number > 0, number * scale <= Self.longest else {
            mistake(
                "'\(key)' is \(shown(text)), which is too \(number == 0 ? "short" : "long")",
                "write a duration from 1h to 36500d" + alternative)
            return nil
        }
        return number * scale
    }

    private static func scale(_ unit: String) -> Int? {
        switch unit {
        case "h": 1
        case "d": 24
        case "w": 168
        default: nil
        }
    }

    /// What was probably meant by text that is no duration.
    private static func repaired(_ text: String) -> String? {
        let lower = text.lowercased().filter { $0 != " " }
        let digits = lower.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number > 0, number <= 36_500 else { return nil }
        let perUnit: Double
        switch lower.dropFirst(digits.count) {
        case "", "d", "day", "days": perUnit = 24
        case "h", "hour", "hours": perUnit = 1
        case "w", "week", "weeks": perUnit = 168
        case "month", "months": perUnit = 720
        case "y", "year", "years": perUnit = 8_760
        default: return nil
        }
        let hours = (number * perUnit).rounded()
        guard hours >= 1, hours <= Double(longest) else { return nil }
        let whole = Int(hours)
        return whole % 24 == 0 ? "\(whole / 24)d" : "\(whole)h"
    }
}

/// The zone in which days begin.
extension Value {
    /// `UTC` or a fixed offset.
    func zone() -> FixedZone? {
        guard let text = text("an offset") else { return nil }
        if let zone = FixedZone(text) { return zone }
        mistake("'\(key)' is \(shown(text)), not UTC or ±HH:MM", Self.zoneRemedy(text))
        return nil
    }

    private static func zoneRemedy(_ text: String) -> String {
        if ["utc", "gmt", "etc/utc"].contains(text.lowercased()) { return "write UTC" }
        if text.contains(where: \.isLetter) {
            return "write the offset without summer time, such as \"+01:00\"; "
                + "days begin at the same instant all year"
        }
        let sign = text.hasPrefix("-") ? "-" : "+"
        let digits = text.filter { $0.isASCII && $0.isNumber }
        let padded =
            switch digits.count {
            case 1: "0\(digits)00"
            case 2: "\(digits)00"
            case 3: "0\(digits)"
            default: digits
            }
        let near = "\(sign)\(padded.prefix(2)):\(padded.dropFirst(2))"
        return "write \(FixedZone(near) == nil ? "an offset such as \"+01:00\"" : "\"\(near)\"")"
    }
}
