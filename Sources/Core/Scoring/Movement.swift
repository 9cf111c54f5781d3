/// What rose and fell between two days: for each signal what new activity brought and what time took.
///
/// Invariant: all of `rows` and `floor` add up to the change of engagement exactly.
public struct Movement: Sendable, Equatable {
    /// The change of one signal's points.
    public struct Row: Sendable, Equatable {
        /// The signal.
        public var signal: SignalID
        /// What events after the earlier day are worth on the later one, within the caps.
        public var activity: Micropoints
        /// What became of the points of the earlier day: never above 0 for what gives points.
        public var decay: Micropoints
    }

    /// The signals whose points changed, ascending by signal.
    public var rows: [Row] = []
    /// What comes of engagement never being below 0, on both days.
    public var floor: Micropoints = 0

    /// All of it.
    public var total: Micropoints { rows.reduce(floor) { $0 + $1.activity + $1.decay } }

    /// The change of a history's engagement since `days` days before a day.
    ///
    ///     activity(s) = points(s, D) - points(s, D) of the cells up to D - days
    ///     decay(s)    = points(s, D) of the cells up to D - days, less points(s, D - days)
    ///
    /// - Complexity: O(c) in the cells.
    public init(
        of history: borrowing History, on day: Day, since days: Int, under model: ScoringModel
    ) {
        let earlier = day.adding(-days)
        var old = History()
        let cells = history.cells.filter { $0.day <= earlier }
        old.replace { $0 += cells }
        let now = Self.points(of: history, on: day, model)
        let left = Self.points(of: old, on: day, model)
        let then = Self.points(of: old, on: earlier, model)
        for signal in Set(now.keys).union(left.keys).union(then.keys).sorted() {
            let kept = left[signal] ?? 0
            let row = Row(
                signal: signal, activity: (now[signal] ?? 0) - kept,
                decay: kept - (then[signal] ?? 0))
            if row.activity != 0 || row.decay != 0 { rows.append(row) }
        }
        let sumNow = now.values.reduce(0, +)
        let sumThen = then.values.reduce(0, +)
        floor = (max(0, sumNow) - sumNow) - (max(0, sumThen) - sumThen)
    }

    private static func points(
        of history: borrowing History, on day: Day, _ model: ScoringModel
    ) -> [SignalID: Micropoints] {
        Dictionary(
            Engagement.points(of: history, on: day, under: model).map { ($0.signal, $0.points) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// What is missing to the line of a marketing qualified lead, and how many events of each signal
/// today would make up for it.
public struct Shortfall: Sendable, Equatable {
    /// A way to the line.
    public struct Way: Sendable, Equatable {
        /// The signal.
        public var signal: SignalID
        /// Its events, today.
        public var events: Int64
    }

    /// What engagement lacks; 0 from the line up.
    public var missing: Micropoints = 0
    /// The ways by one signal alone, the fewest events first; a signal whose caps do not let it is
    /// none.
    public var ways: [Way] = []

    /// What a history lacks on a day.
    ///
    /// - Parameter signals: The signals to look at.
    /// - Complexity: O(s * c * log n), n being the events that it takes.
    public init(
        of history: borrowing History, on day: Day, signals: [SignalID], under model: ScoringModel
    ) {
        let now = Engagement(of: history, on: day, under: model).engagement
        missing = max(0, model.mql - now)
        guard missing > 0 else { return }
        let cells = history.cells
        func reaches(_ signal: SignalID, _ events: Int64) -> Bool {
            var more = History()
            more.replace {
                $0 += cells
                $0.append(
                    DailyCell(day: day, signal: signal, tally: Tally(n: events, value: 0)))
            }
            let level = Engagement.points(of: more, on: day, under: model)
                .reduce(0) { $0 + $1.points }
            return level >= model.mql
        }
        for signal in signals where (model[signal]?.signal.weight ?? 0) > 0 {
            var most: Int64 = 1
            while most <= Self.largest, !reaches(signal, most) { most *= 2 }
            guard most <= Self.largest else { continue }
            var least = most / 2
            while most - least > 1 {
                let middle = (most + least) / 2
                if reaches(signal, middle) { most = middle } else { least = middle }
            }
            ways.append(Way(signal: signal, events: most))
        }
        ways.sort { ($0.events, $0.signal) < ($1.events, $1.signal) }
    }

    /// More events than this nobody makes in a day.
    private static let largest: Int64 = 1024
}
