import Core

/// The text of a row of `cell_period`: `[[day,signal,n,value],...]`, integers without blanks.
struct CellText {
    private let bytes: [UInt8]
    private var place = 0

    /// Appends the cells of a row.
    ///
    /// - Returns: false if the text is no such list.
    static func parse(_ text: String, into cells: inout [DailyCell]) -> Bool {
        var parser = CellText(bytes: Array(text.utf8))
        return parser.list(into: &cells) && parser.place == parser.bytes.count
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

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
        guard take("["), let day = integer().flatMap(Int32.init(exactly:)), take(","),
            let signal = integer().flatMap(SignalID.init(exactly:)), take(","),
            let n = integer(), take(","), let value = integer(), take("]")
        else { return nil }
        return DailyCell(day: Day(day), signal: signal, tally: Tally(n: n, value: value))
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
