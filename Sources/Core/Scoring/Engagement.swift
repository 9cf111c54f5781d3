import Glibc

/// What somebody's behaviour is worth on a day, and how it moves.
public struct Engagement: Sendable, Equatable {
    /// The points of each signal that the model scores, ascending by signal.
    public var points: [SignalPoints] = []
    /// The sum of the points, never below 0.
    public var engagement: Micropoints = 0
    /// Change since 30 days ago.
    public var delta30: Micropoints = 0
    /// Change since 60 days ago.
    public var delta60: Micropoints = 0
    /// The highest engagement of the last 30 days, today included.
    public var peak30: Micropoints = 0
    /// The last day on which engagement reaches mql if nothing more happens.
    public var hotUntil: Day?
    /// The last day with an event of positive weight.
    public var lastActivity: Day?

    /// The points of one signal.
    public struct SignalPoints: Sendable, Equatable {
        /// The signal.
        public var signal: SignalID
        /// Its points after caps.
        public var points: Micropoints
    }

    /// Nobody did anything.
    public init() {}

    /// Beyond this many days nobody asks any more: then a contact counts as never falling.
    public static let horizonDays = 36_500

    /// The engagement of a history on a day.
    ///
    ///     points(s, D) = w * Σ_{d<=D} min(max(n[s,d], 0), k) * 2^-((D-d)/h)   limited to ±c
    ///     engagement(D) = max(0, Σ_s points(s, D))
    ///
    /// - Complexity: O(c) in the cells for each of the four sums, O(c * a) for the peak, a being the
    ///   days of the last 30 on which engagement can have risen, O(s log t) for `hotUntil`.
    public init(of history: borrowing History, on day: Day, under model: ScoringModel) {
        var total: Micropoints = 0
        for run in history.runs {
            guard let entry = model[run.signal] else { continue }
            let points = micropoints(Self.points(history, run.cells, entry, model, on: day))
            if points != 0 || history.cells[run.cells.lowerBound].day <= day {
                self.points.append(SignalPoints(signal: run.signal, points: points))
            }
            total += points
            if entry.signal.weight > 0 { noteActivity(history, run.cells, until: day) }
        }
        engagement = max(0, total)
        delta30 = engagement - Self.level(history, on: day.adding(-30), model)
        delta60 = engagement - Self.level(history, on: day.adding(-60), model)
        peak30 = Self.peak(history, on: day, today: engagement, model)
        if engagement >= model.mql { hotUntil = Self.hotUntil(history, on: day, model) }
    }

    /// The points of each signal of a history on a day, without everything else.
    public static func points(
        of history: borrowing History, on day: Day, under model: ScoringModel
    ) -> [SignalPoints] {
        var result: [SignalPoints] = []
        for run in history.runs {
            guard let entry = model[run.signal] else { continue }
            let points = micropoints(Self.points(history, run.cells, entry, model, on: day))
            if points != 0 { result.append(SignalPoints(signal: run.signal, points: points)) }
        }
        return result
    }

    private mutating func noteActivity(
        _ history: borrowing History, _ range: Range<Int>, until day: Day
    ) {
        for place in range.reversed() where history.cells[place].day <= day {
            guard history.cells[place].tally.n > 0 else { continue }
            lastActivity = max(lastActivity ?? history.cells[place].day, history.cells[place].day)
            return
        }
    }

    /// The points of one signal's cells before rounding.
    private static func points(
        _ history: borrowing History, _ range: Range<Int>, _ entry: ScoringModel.Entry,
        _ model: ScoringModel, on day: Day
    ) -> Double {
        entry.signal.limited(entry.signal.weight * mass(history, range, entry, model, on: day))
    }

    /// The decayed number of events that count, oldest first.
    private static func mass(
        _ history: borrowing History, _ range: Range<Int>, _ entry: ScoringModel.Entry,
        _ model: ScoringModel, on day: Day
    ) -> Double {
        var mass = 0.0
        for place in range {
            let cell = history.cells[place]
            if cell.day > day { break }
            mass +=
                entry.signal.counted(cell.tally.n)
                * model.factor(entry, age: day.days(since: cell.day))
        }
        return mass
    }

    /// Engagement alone.
    static func level(
        _ history: borrowing History, on day: Day, _ model: ScoringModel
    ) -> Micropoints {
        var total: Micropoints = 0
        for run in history.runs {
            guard let entry = model[run.signal], entry.signal.weight != 0 else { continue }
            total += micropoints(points(history, run.cells, entry, model, on: day))
        }
        return max(0, total)
    }

    /// Without negative weights engagement only rises on days with events, so only those and the
    /// first day of the window can be the highest; with them every day is looked at.
    private static func peak(
        _ history: borrowing History, on day: Day, today: Micropoints, _ model: ScoringModel
    ) -> Micropoints {
        let first = day.adding(-30)
        var days: UInt32 = 1  // bit i is the i-th day after the first
        for run in history.runs {
            guard let entry = model[run.signal], entry.signal.weight != 0 else { continue }
            if entry.signal.weight < 0 {
                days = .max
                break
            }
            for place in run.cells.reversed() {
                let active = history.cells[place].day
                if active < first { break }
                if active < day { days |= 1 << UInt32(active.days(since: first)) }
            }
        }
        var peak = today
        for offset in 0..<30 where days & (1 << UInt32(offset)) != 0 {
            peak = max(peak, level(history, on: first.adding(offset), model))
        }
        return peak
    }

    /// The last day before the first on which engagement is below mql; nil if that never comes.
    private static func hotUntil(
        _ history: borrowing History, on day: Day, _ model: ScoringModel
    ) -> Day? {
        // Events dated ahead still come in: those days are looked at one by one.
        var settled = day
        for cell in history.cells where cell.day > settled { settled = cell.day }
        var next = day
        while next < settled {
            next = next.adding(1)
            if level(history, on: next, model) < model.mql { return next.adding(-1) }
        }
        var rests: [(entry: ScoringModel.Entry, mass: Double)] = []
        for run in history.runs {
            guard let entry = model[run.signal], entry.signal.weight != 0 else { continue }
            rests.append((entry, mass(history, run.cells, entry, model, on: settled)))
        }
        func isHot(after age: Int) -> Bool {
            var total: Micropoints = 0
            for (entry, mass) in rests {
                let points = entry.signal.weight * mass * model.factor(entry, age: age)
                total += micropoints(entry.signal.limited(points))
            }
            return max(0, total) >= model.mql
        }
        let falling = rests.allSatisfy { $0.entry.signal.weight > 0 }
        let cold =
            falling
            ? firstCold(isHot) : (1...settledAge(rests)).first { !isHot(after: $0) }
        guard let cold else { return nil }
        return settled.adding(cold - 1)
    }

    /// The age from which nothing changes any more, because all that fades is less than half a
    /// millionth of a point.
    private static func settledAge(
        _ rests: [(entry: ScoringModel.Entry, mass: Double)]
    ) -> Int {
        var age = 1.0
        for (entry, mass) in rests {
            guard let days = entry.signal.halfLife.days, mass > 0 else { continue }
            age = max(age, days * log2(max(abs(entry.signal.weight) * mass * 4_000_000, 1)) + 1)
        }
        return Int(min(age, Double(horizonDays)))
    }

    /// The first age at which a level that only falls is cold; nil if not within the horizon.
    private static func firstCold(_ isHot: (Int) -> Bool) -> Int? {
        var hot = 0
        var cold = 1
        while isHot(cold) {
            guard cold < horizonDays else { return nil }
            hot = cold
            cold = min(cold * 2, horizonDays)
        }
        while cold - hot > 1 {
            let middle = (hot + cold) / 2
            if isHot(middle) { hot = middle } else { cold = middle }
        }
        return cold
    }
}
