import Core

/// The text of a row of `cell_period`: `{"identifier":[[day,signal,n,value],...],...}` without blanks.
/// The day is counted from the first one of the row's period, and a value of 0 is left out.
struct CellText {
    private let bytes: [UInt8]
    private let start: Day
    private var place = 0

    /// Appends the cells of a row, of all its identifiers.
    ///
    /// - Returns: false if the text is no such object.
    static func parse(_ text: String, period: Int32, into cells: inout [DailyCell]) -> Bool {
        var parser = CellText(
            bytes: Array(text.utf8), start: Day(period * CellCodec.periodDays))
        return parser.object(into: &cells) && parser.place == parser.bytes.count
    }

    private init(bytes: [UInt8], start: Day) {
        self.bytes = bytes
        self.start = start
    }

    private mutating func object(into cells: inout [DailyCell]) -> Bool {
        guard take("{") else { return false }
        if take("}") { return true }
        repeat {
            guard take("\""), integer() != nil, take("\""), take(":"), list(into: &cells) else {
                return false
            }
        } while take(",")
        return take("}")
    }

    private mutating func list(into cells: inout [DailyCell]) -> Bool {
        guard take("[") else { return false }
        if take("]") { return true }
        repeat {
            guard let cell = cell() else { return false }
            cells.append(cell)
        } while take(",")
        return take("]")
    }

    private mutating func cell() -> DailyCell? {
        guard take("["), let day = integer(), (0..<Int64(CellCodec.periodDays)).contains(day),
            take(","), let signal = integer().flatMap(SignalID.init(exactly:)), take(","),
            let n = integer(), let value = take(",") ? integer() : 0, take("]")
        else { return nil }
        return DailyCell(
            day: start.adding(Int(day)), signal: signal, tally: Tally(n: n, value: value))
    }

    private mutating func integer() -> Int64? {
        let negative = take("-")
        var value: Int64 = 0
        let start = place
        while place < bytes.count, bytes[place] &- 0x30 <= 9 {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.subtractingReportingOverflow(Int64(bytes[place] - 0x30))
            guard !tooLarge, !overflow else { return nil }
            value = sum
            place += 1
        }
        // Counted downwards, because there is one more negative number than there are others.
        guard place > start, negative || value != .min else { return nil }
        return negative ? value : -value
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: mark) else { return false }
        place += 1
        return true
    }
}
