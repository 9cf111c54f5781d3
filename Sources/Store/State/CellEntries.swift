import Core

/// The cells of a delta in the order in which `state.db` keeps them: by period, identifier, day,
/// signal.
struct CellEntries {
    /// What a delta adds to one packed row.
    struct Row {
        /// The row's key in table `cell`.
        var key: Int64
        /// The period of its days.
        var period: Int32
        /// The identifier's number in the delta.
        var identifier: Int
    }

    /// 10 bits of period, 32 of the identifier's rank by id, 6 of the day in the period, 16 of signal.
    private struct Entry {
        var order: UInt64
        var tally: Tally
    }

    private var entries: [Entry] = []
    private var place = 0
    /// Numbers in the delta by rank.
    private let ranked: [Int]
    private let identifiers: [ResolvedIdentifier]

    init(_ cells: CellTable, _ identifiers: [ResolvedIdentifier]) {
        self.identifiers = identifiers
        ranked = identifiers.indices.sorted { identifiers[$0].id < identifiers[$1].id }
        var ranks = [UInt64](repeating: 0, count: identifiers.count)
        for (rank, number) in ranked.enumerated() { ranks[number] = UInt64(rank) }
        entries.reserveCapacity(cells.count)
        var collected = entries
        cells.forEach { key, tally in
            let day = UInt64(UInt32(key.day.number))
            let period = day / UInt64(CellCodec.periodDays)
            let dayInPeriod = day % UInt64(CellCodec.periodDays)
            let order =
                period << 54 | ranks[key.identifier] << 22 | dayInPeriod << 16
                | UInt64(key.signal)
            collected.append(Entry(order: order, tally: tally))
        }
        collected.sort { $0.order < $1.order }
        entries = collected
    }

    /// The next row, with its cells in `cells`, ascending by day and signal; nil after the last.
    mutating func nextRow(_ cells: inout [DailyCell]) -> Row? {
        cells.removeAll(keepingCapacity: true)
        guard place < entries.count else { return nil }
        let head = entries[place].order >> 22
        let number = ranked[Int(head & 0xFFFF_FFFF)]
        let period = Int32(head >> 32)
        let row = Row(
            key: CellEntries.key(period: period, identifier: identifiers[number].id),
            period: period, identifier: number)
        while place < entries.count, entries[place].order >> 22 == head {
            let order = entries[place].order
            cells.append(
                DailyCell(
                    day: Day(period * CellCodec.periodDays + Int32(order >> 16 & 63)),
                    signal: SignalID(truncatingIfNeeded: order), tally: entries[place].tally))
            place += 1
        }
        return row
    }

    /// The key of a packed row.
    static func key(period: Int32, identifier: Int64) -> Int64 {
        Int64(period) << 40 | identifier
    }
}
