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
        for cell in cells { append(cell, to: &bytes) }
    }

    private static func append(_ cell: DailyCell, to bytes: inout [UInt8]) {
        bytes.append(UInt8(cell.day.number % periodDays))
        append(UInt64(cell.signal), to: &bytes)
        append(zigzag(cell.tally.n), to: &bytes)
        append(zigzag(cell.tally.value), to: &bytes)
    }

    /// Appends what a packed row and cells of its period come to together: equal ones add up,
    /// one that comes to nothing goes, and what stays as it is is copied.
    ///
    /// - Parameter added: Cells of the period, sorted and without doubles.
    /// - Returns: false if the bytes are no packed row; then what was appended means nothing.
    public static func add(
        _ added: ArraySlice<DailyCell>, to packed: ByteSlice, into bytes: inout [UInt8]
    ) -> Bool {
        var next = added.startIndex
        var copied = 0
        var place = 0
        while place < packed.count, next < added.endIndex {
            let start = place
            let day = packed[place]
            place += 1
            guard day < periodDays, let signal = read(packed, &place),
                let n = read(packed, &place), let value = read(packed, &place)
            else { return false }
            let order = UInt64(day) << 32 | signal
            if self.order(added[next]) > order { continue }
            unsafe bytes.append(contentsOf: packed[copied..<start].buffer)
            copied = start
            while next < added.endIndex, self.order(added[next]) < order {
                append(added[next], to: &bytes)
                next += 1
            }
            guard next < added.endIndex, self.order(added[next]) == order else { continue }
            var sum = added[next]
            sum.tally.add(Tally(n: unzigzag(n), value: unzigzag(value)))
            if sum.tally != Tally(n: 0, value: 0) { append(sum, to: &bytes) }
            copied = place
            next += 1
        }
        unsafe bytes.append(contentsOf: packed[copied..<packed.count].buffer)
        encode(added[next...], into: &bytes)
        return true
    }

    private static func order(_ cell: DailyCell) -> UInt64 {
        UInt64(cell.day.number % periodDays) << 32 | UInt64(cell.signal)
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

    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63)
    }

    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    static func read(_ bytes: ByteSlice, _ place: inout Int) -> UInt64? {
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
