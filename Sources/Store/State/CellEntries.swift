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
        /// The identifier.
        var identifier: ResolvedIdentifier
    }

    /// Places of cells, sorted: 10 bits of period, 32 of the identifier's rank by id, 6 of the day in
    /// the period, 16 of the signal. One for each event that counts once and brings no money.
    private let once: [UInt64]
    /// The places of all others, sorted, with what they add.
    private let others: [(place: UInt64, tally: Tally)]
    private var nextOnce = 0
    private var nextOther = 0
    /// The identifiers by rank.
    private let ranked: [ResolvedIdentifier]

    init(_ cells: CellLog, _ identifiers: [ResolvedIdentifier]) {
        let order = RadixOrder.indices(of: identifiers.map { UInt64($0.id) })
        var ranks = [UInt32](repeating: 0, count: identifiers.count)
        for (rank, number) in order.enumerated() { ranks[Int(number)] = UInt32(rank) }
        ranked = order.map { identifiers[Int($0)] }
        var once: [UInt64] = []
        once.reserveCapacity(cells.once.count)
        for key in cells.once { once.append(Self.place(key, ranks)) }
        RadixOrder.sort(&once)
        self.once = once
        others = cells.others.map { (Self.place($0.key, ranks), $0.tally) }
            .sorted { $0.place < $1.place }
    }

    /// The place of a cell from its `CellKey.packed`.
    private static func place(_ key: UInt64, _ ranks: [UInt32]) -> UInt64 {
        let day = key >> 16 & 0xFFFF
        let days = UInt64(CellCodec.periodDays)
        let (period, dayInPeriod) = day.quotientAndRemainder(dividingBy: days)
        let rank = UInt64(ranks[Int(key >> 32)])
        return (period << 54) | (rank << 22) | (dayInPeriod << 16) | (key & 0xFFFF)
    }

    /// The next row, with its cells in `cells`, ascending by day and signal; nil after the last.
    ///
    /// What was counted and taken back in one checkpoint is as if it had never been.
    mutating func nextRow(_ cells: inout [DailyCell]) -> Row? {
        cells.removeAll(keepingCapacity: true)
        while let head = (nextPlace.map { $0 >> 22 }) {
            let identifier = ranked[Int(head & 0xFFFF_FFFF)]
            let period = Int32(head >> 32)
            while let place = nextPlace, place >> 22 == head {
                let sum = takeSum(at: place)
                if sum == Tally(n: 0, value: 0) { continue }
                cells.append(
                    DailyCell(
                        day: Day(period * CellCodec.periodDays + Int32(place >> 16 & 63)),
                        signal: SignalID(truncatingIfNeeded: place), tally: sum))
            }
            if cells.isEmpty { continue }
            return Row(
                key: CellEntries.key(period: period, identifier: identifier.id), period: period,
                identifier: identifier)
        }
        return nil
    }

    private var nextPlace: UInt64? {
        let first = nextOnce < once.count ? once[nextOnce] : UInt64.max
        let second = nextOther < others.count ? others[nextOther].place : UInt64.max
        let place = min(first, second)
        return place == .max ? nil : place
    }

    /// Everything that is added to one cell.
    private mutating func takeSum(at place: UInt64) -> Tally {
        let start = nextOnce
        while nextOnce < once.count, once[nextOnce] == place { nextOnce += 1 }
        var sum = Tally(n: Int64(nextOnce - start), value: 0)
        while nextOther < others.count, others[nextOther].place == place {
            sum.add(others[nextOther].tally)
            nextOther += 1
        }
        return sum
    }

    /// The key of a packed row.
    static func key(period: Int32, identifier: Int64) -> Int64 {
        Int64(period) << 40 | identifier
    }
}
