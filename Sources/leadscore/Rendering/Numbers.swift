import Core

/// Numbers as people read them.
enum Numbers {
    /// Two decimals: `12.50`; `-` for none.
    static func points(_ value: Double?) -> String {
        guard let value, value.isFinite, abs(value) < 1e15 else { return "-" }
        return fixed(Int64((value * 100).rounded()), decimals: 2)
    }

    /// Two decimals with a sign: `+12.50`.
    static func change(_ value: Double?) -> String {
        guard let value else { return "-" }
        let text = points(value)
        return value > 0 && text != "-" ? "+" + text : text
    }

    /// Millionths of a point, with every digit: `12.5`, in as many decimals as asked for.
    static func exact(_ value: Micropoints, decimals: Int = 0) -> String {
        var text = fixed(value, decimals: 6)
        let needed = max(decimals, 0)
        while text.last == "0", decimalsShown(text) > needed { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    /// How many decimals a value of millionths needs.
    static func decimals(of value: Micropoints) -> Int { decimalsShown(exact(value)) }

    /// Thousands apart: `1,234,567`.
    static func count(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// To the nearest whole number: `1,234`.
    static func rounded(_ value: Double) -> String {
        value.isFinite && abs(value) < 1e15 ? count(Int(value.rounded())) : "-"
    }

    /// Bytes in the largest binary unit that leaves a whole number before the point: `1.5 MiB`.
    static func bytes(_ value: Int) -> String {
        var size = Double(value)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        while abs(size) >= 1024, unit < units.count - 1 {
            size /= 1024
            unit += 1
        }
        guard unit > 0 else { return "\(value) B" }
        return fixed(Int64((size * 10).rounded()), decimals: 1) + " " + units[unit]
    }

    private static func decimalsShown(_ text: String) -> Int {
        text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) - 1 } ?? 0
    }

    /// An integer of so many decimals.
    private static func fixed(_ value: Int64, decimals: Int) -> String {
        var digits = String(value.magnitude)
        if digits.count <= decimals {
            digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits
        }
        return (value < 0 ? "-" : "") + digits.dropLast(decimals) + "." + digits.suffix(decimals)
    }
}
