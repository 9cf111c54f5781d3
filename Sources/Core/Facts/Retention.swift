/// Up to when counts are kept by day. Older ones are added up for each identifier and signal, as its
/// *lifetime* counts; those of purchases are kept by day for good.
public struct Retention: Sendable, Equatable {
    /// The first day whose counts are kept by day.
    public var start: Day
    /// The signal that is never added up; nil if there is none.
    public var purchase: SignalID?

    /// Keeps `days` whole days before a day.
    public init(days: Int, on day: Day, purchase: SignalID?) {
        start = day.adding(-days)
        self.purchase = purchase
    }

    /// The first period whose rows are kept: what lies before is added up in the files too. A period
    /// that the retention begins in stays whole, and what of it is too old is added up as it is read,
    /// so that what is derived does not depend on when rows were put away.
    public var firstPeriod: Int32 { CellCodec.period(of: start) }

    /// Whether a count is too old to be kept by day.
    public func isOver(_ day: Day, _ signal: SignalID) -> Bool {
        day < start && signal != purchase
    }
}

extension PersonFacts {
    /// Adds up the counts that are older than the retention.
    ///
    /// - Complexity: O(1) for each identifier that has none, O(c) in its cells otherwise.
    public mutating func addUp(before retention: Retention) {
        for place in members.indices {
            guard let first = members[place].cells.first, first.day < retention.start else {
                continue
            }
            var kept: [DailyCell] = []
            for cell in members[place].cells {
                if retention.isOver(cell.day, cell.signal) {
                    members[place].lifetime[cell.signal, default: Tally(n: 0, value: 0)]
                        .add(cell.tally)
                } else {
                    kept.append(cell)
                }
            }
            members[place].cells = kept
        }
    }
}
