import Glibc

/// The slow and obvious reference of `Engagement`: the formulas of the manual, written down once
/// more without any cleverness, for the tests and for `verify`.
public enum EngagementReference {
    /// The engagement of cells, in any order and of any number of identifiers, on a day.
    ///
    /// - Complexity: O(days * cells) with a dictionary for every sum.
    public static func engagement(
        of cells: [DailyCell], on day: Day, signals: [SignalID: ScoredSignal], mql: Double
    ) -> Engagement {
        var result = Engagement()
        let points = self.points(of: cells, on: day, signals)
        let touched = Set(cells.filter { $0.day <= day }.map(\.signal))
        for (signal, value) in points.sorted(by: { $0.key < $1.key })
        where value != 0 || touched.contains(signal) {
            result.points.append(.init(signal: signal, points: value))
        }
        let level = { self.level(of: cells, on: $0, signals) }
        result.engagement = level(day)
        result.delta30 = result.engagement - level(day.adding(-30))
        result.delta60 = result.engagement - level(day.adding(-60))
        result.peak30 = (0...30).map { level(day.adding(-$0)) }.max() ?? 0
        if result.engagement >= micropoints(mql) {
            let cold = (1...Engagement.horizonDays).first {
                level(day.adding($0)) < micropoints(mql)
            }
            result.hotUntil = cold.map { day.adding($0 - 1) }
        }
        var sums: [Slot: Int64] = [:]
        for cell in cells {
            sums[Slot(signal: cell.signal, day: cell.day), default: 0] += cell.tally.n
        }
        result.lastActivity =
            sums.filter {
                $0.key.day <= day && $0.value > 0 && (signals[$0.key.signal]?.weight ?? 0) > 0
            }.map(\.key.day).max()
        return result
    }

    private struct Slot: Hashable {
        var signal: SignalID
        var day: Day
    }

    private static func level(
        of cells: [DailyCell], on day: Day, _ signals: [SignalID: ScoredSignal]
    ) -> Micropoints {
        max(0, points(of: cells, on: day, signals).values.reduce(0, +))
    }

    private static func points(
        of cells: [DailyCell], on day: Day, _ signals: [SignalID: ScoredSignal]
    ) -> [SignalID: Micropoints] {
        var counts: [Slot: Int64] = [:]
        for cell in cells where cell.day <= day {
            counts[Slot(signal: cell.signal, day: cell.day), default: 0] += cell.tally.n
        }
        var result: [SignalID: Micropoints] = [:]
        for (id, rule) in signals {
            var sum = 0.0
            for (slot, n) in counts.sorted(by: { $0.key.day < $1.key.day }) where slot.signal == id
            {
                let counted = min(max(n, 0), rule.dailyCap ?? Int64.max)
                let age = Double(day.days(since: slot.day))
                sum += Double(counted) * (rule.halfLife.days.map { exp2(-age / $0) } ?? 1)
            }
            var points = rule.weight * sum
            if let cap = rule.cap { points = max(-cap, min(cap, points)) }
            result[id] = micropoints(points)
        }
        return result.filter { id, points in
            points != 0 || counts.keys.contains { $0.signal == id }
        }
    }
}
