/// One cell of one identifier: what it did on a day.
public struct DailyCell: Hashable, Sendable {
    /// The day.
    public var day: Day
    /// The signal, topic or machine twin.
    public var signal: SignalID
    /// How often, and for how much.
    public var tally: Tally

    /// A cell.
    public init(day: Day, signal: SignalID, tally: Tally) {
        self.day = day
        self.signal = signal
        self.tally = tally
    }

    /// By day, then signal.
    func precedes(_ other: DailyCell) -> Bool {
        day == other.day ? signal < other.signal : day < other.day
    }
}

/// The packed form of an identifier's cells within one period of 64 days.
///
/// A row of `state.db` is a run of entries in the order of (day, signal), each
///
///     day within the period   1 byte, 0...63
///     signal                  varint
///     n                       varint, zigzag
///     value                   varint, zigzag
///
/// with varints of 7 bits a byte, the lowest first. A cell takes 4 bytes as a rule.
public enum CellCodec {
    /// Days of one period.
    public static let periodDays: Int32 = 64

    /// The period in which a day lies.
    public static func period(of day: Day) -> Int32 { day.number / periodDays }

    /// The periods in which events between two times can lie, milliseconds, in any zone: registers
    /// are in UTC, days in the configured one.
    public static func periods(from first: Int64, to last: Int64) -> ClosedRange<Int32> {
        let first = max(0, period(of: Day(of: Instant(first), in: .utc).adding(-1)))
        let last = period(of: Day(of: Instant(last), in: .utc).adding(1))
        return first...max(first, last)
    }

    /// Appends the packed form of cells of one period, sorted and without doubles.
    public static func encode(_ cells: ArraySlice<DailyCell>, into bytes: inout [UInt8]) {
        for cell in cells {
            bytes.append(UInt8(cell.day.number % periodDays))
            append(UInt64(cell.signal), to: &bytes)
            append(zigzag(cell.tally.n), to: &bytes)
            append(zigzag(cell.tally.value), to: &bytes)
        }
    }

    /// Appends the cells of a packed row.
    ///
    /// - Returns: false if the bytes are not such a row; then nothing has been appended.
    public static func decode(
        _ bytes: ByteSlice, period: Int32, into cells: inout [DailyCell]
    ) -> Bool {
        let before = cells.count
        var place = 0
        while place < bytes.count {
            let dayInPeriod = bytes[place]
            place += 1
            guard dayInPeriod < periodDays, let signal = read(bytes, &place),
                let id = SignalID(exactly: signal),
                let n = read(bytes, &place), let value = read(bytes, &place)
            else {
                cells.removeLast(cells.count - before)
                return false
            }
            cells.append(
                DailyCell(
                    day: Day(period * periodDays + Int32(dayInPeriod)), signal: id,
                    tally: Tally(n: unzigzag(n), value: unzigzag(value))))
        }
        return true
    }

    /// Merges two sorted runs of cells; equal cells add up, and a cell that comes to nothing goes.
    public static func merge(
        _ left: ArraySlice<DailyCell>, _ right: ArraySlice<DailyCell>,
        into merged: inout [DailyCell]
    ) {
        var l = left.startIndex
        var r = right.startIndex
        while l < left.endIndex, r < right.endIndex {
            if left[l].precedes(right[r]) {
                merged.append(left[l])
                l += 1
            } else if right[r].precedes(left[l]) {
                merged.append(right[r])
                r += 1
            } else {
                var sum = left[l]
                sum.tally.add(right[r].tally)
                if sum.tally != Tally(n: 0, value: 0) { merged.append(sum) }
                l += 1
                r += 1
            }
        }
        merged.append(contentsOf: left[l...])
        merged.append(contentsOf: right[r...])
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63)
    }

    private static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func read(_ bytes: ByteSlice, _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count, shift < 70 {
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
