import Core

/// The cells of a delta in the order in which `state.db` keeps them: by period, identifier, day,
/// signal.
struct CellEntries {
    /// What a delta adds to a row of `cell`.
    struct Row {
        /// The row's key.
        fileprivate(set) var key: Int64 = 0
        /// Those who did anything, ascending, and where their cells are; erased ones come first, and have
        /// no number.
        fileprivate(set) var parts: [(identifier: ResolvedIdentifier, cells: Range<Int>)] = []
        /// The cells of all parts, of each ascending by day and signal.
        fileprivate(set) var cells: [DailyCell] = []

        /// A row of nobody.
        init() {}
    }

    /// Places of cells, sorted, of events that count once and bring no money.
    private let once: [UInt64]
    /// The places of all others, sorted, with what they add.
    private let others: [(place: UInt64, tally: Tally)]
    private var nextOnce = 0
    private var nextOther = 0
    /// The identifiers by rank.
    private let ranked: [ResolvedIdentifier]
    private let layout: Layout

    /// What a place is made of, from the top: the period, the identifier's rank by id, the day in the
    /// period, the signal, each with as few bits as it needs, so that sorting takes few passes.
    private struct Layout {
        private static let dayBits: UInt64 = 6
        private var firstPeriod: UInt64 = 0
        private var rankBits: UInt64 = 0
        private var signalBits: UInt64 = 0

        /// The lowest bit of the rank: from here on a place tells the identifier and the period.
        var partShift: UInt64 { Self.dayBits + signalBits }

        init(_ cells: CellLog, identifiers: Int) {
            var periods: (first: UInt64, signals: UInt64) = (.max, 0)
            func note(_ key: UInt64) {
                periods.first = min(periods.first, Self.period(key))
                periods.signals |= key & 0xFFFF
            }
            for key in cells.once { note(key) }
            for entry in cells.others { note(entry.key) }
            firstPeriod = periods.first
            signalBits = Self.bits(periods.signals)
            rankBits = Self.bits(UInt64(identifiers))
        }

        /// The place of a cell from its `CellKey.packed`.
        func place(_ key: UInt64, _ ranks: [UInt32]) -> UInt64 {
            let day = (key >> 16 & 0xFFFF) % UInt64(CellCodec.periodDays)
            let rank = UInt64(ranks[Int(key >> 32)])
            let part = (Self.period(key) - firstPeriod) << rankBits | rank
            return (part << Self.dayBits | day) << signalBits | (key & 0xFFFF)
        }

        func rank(of part: UInt64) -> Int { Int(part & (1 << rankBits - 1)) }

        func period(of part: UInt64) -> Int32 { Int32(part >> rankBits + firstPeriod) }

        func dayAndSignal(of place: UInt64) -> (day: Int32, signal: SignalID) {
            let signal = SignalID(truncatingIfNeeded: place & (1 << signalBits - 1))
            return (Int32(place >> signalBits & (1 << Self.dayBits - 1)), signal)
        }

        private static func period(_ key: UInt64) -> UInt64 {
            (key >> 16 & 0xFFFF) / UInt64(CellCodec.periodDays)
        }

        private static func bits(_ value: UInt64) -> UInt64 {
            UInt64(UInt64.bitWidth - value.leadingZeroBitCount)
        }
    }

    init(_ cells: CellLog, _ identifiers: [ResolvedIdentifier]) {
        let order = RadixOrder.indices(of: identifiers.map { UInt64($0.id) })
        var ranks = [UInt32](repeating: 0, count: identifiers.count)
        for (rank, number) in order.enumerated() { ranks[Int(number)] = UInt32(rank) }
        ranked = order.map { identifiers[Int($0)] }
        let layout = Layout(cells, identifiers: identifiers.count)
        self.layout = layout
        var once: [UInt64] = []
        once.reserveCapacity(cells.once.count)
        for key in cells.once { once.append(layout.place(key, ranks)) }
        RadixOrder.sort(&once)
        self.once = once
        others = cells.others.map { (layout.place($0.key, ranks), $0.tally) }
            .sorted { $0.place < $1.place }
    }

    /// Goes to the next row; false after the last.
    ///
    /// What was counted and taken back in one checkpoint is as if it had never been.
    mutating func next(_ row: inout Row) -> Bool {
        row.parts.removeAll(keepingCapacity: true)
        row.cells.removeAll(keepingCapacity: true)
        while let first = nextPlace {
            let part = first >> layout.partShift
            let identifier = ranked[layout.rank(of: part)]
            let period = layout.period(of: part)
            let key = CellRow.key(period: period, identifier: identifier.id)
            if row.parts.isEmpty { row.key = key } else if row.key != key { return true }
            let start = row.cells.count
            while let place = nextPlace, place >> layout.partShift == part {
                let sum = takeSum(at: place)
                if sum == Tally(n: 0, value: 0) { continue }
                let (day, signal) = layout.dayAndSignal(of: place)
                row.cells.append(
                    DailyCell(
                        day: Day(period * CellCodec.periodDays + day), signal: signal, tally: sum))
            }
            if row.cells.count > start { row.parts.append((identifier, start..<row.cells.count)) }
        }
        return !row.parts.isEmpty
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
}
