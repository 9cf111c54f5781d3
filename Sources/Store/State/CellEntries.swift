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
    private var orders: [UInt64] = []
    private var tallies: [Tally] = []
    /// The places of the entries, in their order.
    private let order: [UInt32]
    private var place = 0
    /// Numbers in the delta by rank.
    private let ranked: [UInt32]
    private let identifiers: [ResolvedIdentifier]

    init(_ cells: CellTable, _ identifiers: [ResolvedIdentifier]) {
        self.identifiers = identifiers
        var ids: [UInt64] = []
        ids.reserveCapacity(identifiers.count)
        for identifier in identifiers { ids.append(UInt64(identifier.id)) }
        ranked = RadixOrder.indices(of: ids)
        var ranks = [UInt64](repeating: 0, count: identifiers.count)
        for (rank, number) in ranked.enumerated() { ranks[Int(number)] = UInt64(rank) }
        var orders: [UInt64] = []
        var tallies: [Tally] = []
        orders.reserveCapacity(cells.count)
        tallies.reserveCapacity(cells.count)
        cells.forEach { key, tally in
            let day = UInt64(UInt32(key.day.number))
            let period = day / UInt64(CellCodec.periodDays)
            let dayInPeriod = day % UInt64(CellCodec.periodDays)
            orders.append(
                period << 54 | ranks[key.identifier] << 22 | dayInPeriod << 16
                    | UInt64(key.signal))
            tallies.append(tally)
        }
        order = RadixOrder.indices(of: orders)
        self.orders = orders
        self.tallies = tallies
    }

    /// The next row, with its cells in `cells`, ascending by day and signal; nil after the last.
    mutating func nextRow(_ cells: inout [DailyCell]) -> Row? {
        cells.removeAll(keepingCapacity: true)
        guard place < order.count else { return nil }
        let head = orders[Int(order[place])] >> 22
        let number = Int(ranked[Int(head & 0xFFFF_FFFF)])
        let period = Int32(head >> 32)
        let row = Row(
            key: CellEntries.key(period: period, identifier: identifiers[number].id),
            period: period, identifier: number)
        while place < order.count {
            let entry = Int(order[place])
            let key = orders[entry]
            guard key >> 22 == head else { break }
            cells.append(
                DailyCell(
                    day: Day(period * CellCodec.periodDays + Int32(key >> 16 & 63)),
                    signal: SignalID(truncatingIfNeeded: key), tally: tallies[entry]))
            place += 1
        }
        return row
    }

    /// The key of a packed row.
    static func key(period: Int32, identifier: Int64) -> Int64 {
        Int64(period) << 40 | identifier
    }
}
