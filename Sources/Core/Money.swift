/// An amount of money in 1/10000 of the currency's unit, read as a decimal and never through
/// floating point.
public struct Money: Hashable, Sendable {
    /// 1/10000 units.
    public var tenThousandths: Int64

    /// The amount of so many 1/10000 units.
    public init(tenThousandths: Int64) { self.tenThousandths = tenThousandths }

    /// Reads a decimal in the grammar of JSON numbers: `19.9`, `-3`, `1.5e3`.
    ///
    /// What lies beyond the fourth decimal is rounded to nearest, halves away from zero.
    ///
    /// - Returns: nil if it is not a number or more than 9.2 * 10^14 units.
    /// - Complexity: O(n) in the digits.
    public init?(decimal text: ByteSlice) {
        var place = 0
        var negative = false
        if place < text.count, text[place] == 0x2D {
            negative = true
            place += 1
        }
        var exponent = 0
        let first = place
        while place < text.count, text[place] &- 0x30 <= 9 { place += 1 }
        guard place > first else { return nil }
        let point = place
        if place < text.count, text[place] == 0x2E {
            place += 1
            let fraction = place
            while place < text.count, text[place] &- 0x30 <= 9 {
                exponent -= 1
                place += 1
            }
            guard place > fraction else { return nil }
        }
        let mantissa = text[first..<place]
        if place < text.count, text[place] | 0x20 == 0x65 {
            guard let stated = Money.exponent(text[(place + 1)..<text.count]) else { return nil }
            exponent += stated
            place = text.count
        }
        guard place == text.count,
            let scaled = Money.scale(mantissa, point: point - first, exponent: exponent + 4)
        else { return nil }
        tenThousandths = negative ? -scaled : scaled
    }

    /// The digits of an exponent, cut off where no amount could follow it.
    private static func exponent(_ text: ByteSlice) -> Int? {
        var place = 0
        var negative = false
        if place < text.count, text[place] == 0x2B || text[place] == 0x2D {
            negative = text[place] == 0x2D
            place += 1
        }
        guard place < text.count else { return nil }
        var value = 0
        while place < text.count {
            let digit = text[place] &- 0x30
            guard digit <= 9 else { return nil }
            value = min(value * 10 + Int(digit), 10_000_000)
            place += 1
        }
        return negative ? -value : value
    }

    /// The digits times 10^exponent, rounded; nil beyond Int64. `point` is the place of the decimal
    /// point, which is not a digit, or the count.
    private static func scale(_ text: ByteSlice, point: Int, exponent: Int) -> Int64? {
        let count = point < text.count ? text.count - 1 : text.count
        let kept = count + min(exponent, 0)
        var value: Int64 = 0
        for index in 0..<min(max(kept, 0), count) {
            let digit = text[index < point ? index : index + 1] - 0x30
            guard let next = append(digit, to: value) else { return nil }
            value = next
        }
        if exponent < 0, kept >= 0, kept < count,
            text[kept < point ? kept : kept + 1] >= 0x35
        {
            value += 1
        }
        if exponent > 0, value != 0 {
            for _ in 0..<exponent {
                guard let next = append(0, to: value) else { return nil }
                value = next
            }
        }
        return value
    }

    /// Ten times the value plus a digit; nil if there is no room for that and a rounding.
    private static func append(_ digit: UInt8, to value: Int64) -> Int64? {
        let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow) = product.addingReportingOverflow(Int64(digit))
        return tooLarge || overflow || sum == .max ? nil : sum
    }
}

extension Money: CustomStringConvertible {
    /// The amount as a decimal, without trailing zeros: `19.9`.
    public var description: String {
        let whole = tenThousandths.magnitude / 10_000
        var fraction = String(tenThousandths.magnitude % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        let sign = tenThousandths < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }
}
