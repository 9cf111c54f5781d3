/// The packed form of what one identifier did within 1,024 seconds.
///
/// A row of `state.db` is a run of seconds, ascending, each
///
///     second within the row   2 bytes, little-endian, 0...1023
///     flags                   1 byte: 1 a honeypot link; 2 and 4 the clicks are set aside by a sweep,
///                             by a honeypot; 8 everything else is, by a honeypot
///     number of links         1 byte
///     links                   8 bytes each, little-endian, ascending
///     clicks, then the rest   events, varint; number of changes, varint; each signal, varint, then n
///                             and value, varint and zigzag
public enum TraceCodec {
    /// Seconds of one row.
    public static let rowSeconds: Int64 = 1024

    /// The row in which a second lies.
    public static func row(of second: Int64) -> Int64 { second / rowSeconds }

    private static let honeypotBit: UInt8 = 1
    private static let sweptBit: UInt8 = 2
    private static let clicksTrappedBit: UInt8 = 4
    private static let othersTrappedBit: UInt8 = 8

    /// Appends the packed form of seconds of one row.
    public static func encode(_ seconds: ArraySlice<TracedSecond>, into bytes: inout [UInt8]) {
        for second in seconds {
            let place = UInt16(second.second % rowSeconds)
            bytes.append(UInt8(truncatingIfNeeded: place))
            bytes.append(UInt8(place >> 8))
            bytes.append(flags(of: second))
            bytes.append(UInt8(second.links.count))
            for link in second.links {
                for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: link >> (byte * 8))) }
            }
            for part in [second.clicks, second.others] {
                CellCodec.append(UInt64(part.events), to: &bytes)
                CellCodec.append(UInt64(part.shifts.count), to: &bytes)
                for shift in part.shifts {
                    CellCodec.append(UInt64(shift.signal), to: &bytes)
                    CellCodec.append(CellCodec.zigzag(shift.tally.n), to: &bytes)
                    CellCodec.append(CellCodec.zigzag(shift.tally.value), to: &bytes)
                }
            }
        }
    }

    /// Appends the seconds of a packed row.
    ///
    /// - Returns: false if the bytes are not such a row; then nothing has been appended.
    public static func decode(
        _ bytes: ByteSlice, row: Int64, into seconds: inout [TracedSecond]
    ) -> Bool {
        let before = seconds.count
        var place = 0
        while place < bytes.count {
            guard let second = decodeSecond(bytes, row, &place) else {
                seconds.removeLast(seconds.count - before)
                return false
            }
            seconds.append(second)
        }
        return true
    }

    private static func flags(of second: TracedSecond) -> UInt8 {
        (second.isHoneypot ? honeypotBit : 0)
            | (second.clicks.aside == .sweep ? sweptBit : 0)
            | (second.clicks.aside == .honeypot ? clicksTrappedBit : 0)
            | (second.others.aside == .honeypot ? othersTrappedBit : 0)
    }

    private static func decodeSecond(
        _ bytes: ByteSlice, _ row: Int64, _ place: inout Int
    ) -> TracedSecond? {
        guard place + 4 <= bytes.count else { return nil }
        let number = Int64(bytes[place]) | Int64(bytes[place + 1]) << 8
        let flags = bytes[place + 2]
        let links = Int(bytes[place + 3])
        place += 4
        guard number < rowSeconds, place + links * 8 <= bytes.count else { return nil }
        var second = TracedSecond(second: row * rowSeconds + number)
        second.isHoneypot = flags & honeypotBit != 0
        for _ in 0..<links {
            var link: UInt64 = 0
            for byte in 0..<8 { link |= UInt64(bytes[place + byte]) << UInt64(byte * 8) }
            second.links.append(link)
            place += 8
        }
        guard let clicks = decodePart(bytes, &place), let others = decodePart(bytes, &place) else {
            return nil
        }
        second.clicks = clicks
        second.others = others
        if flags & sweptBit != 0 { second.clicks.aside = .sweep }
        if flags & clicksTrappedBit != 0 { second.clicks.aside = .honeypot }
        if flags & othersTrappedBit != 0 { second.others.aside = .honeypot }
        return second
    }

    private static func decodePart(
        _ bytes: ByteSlice, _ place: inout Int
    ) -> TracedSecond.Part? {
        var part = TracedSecond.Part()
        guard let events = CellCodec.read(bytes, &place),
            let count = CellCodec.read(bytes, &place), count <= UInt64(bytes.count)
        else { return nil }
        part.events = Int64(truncatingIfNeeded: events)
        for _ in 0..<count {
            guard let signal = CellCodec.read(bytes, &place), let id = SignalID(exactly: signal),
                let n = CellCodec.read(bytes, &place), let value = CellCodec.read(bytes, &place)
            else { return nil }
            let tally = Tally(n: CellCodec.unzigzag(n), value: CellCodec.unzigzag(value))
            part.shifts.append(Shift(signal: id, tally: tally))
        }
        return part
    }
}
