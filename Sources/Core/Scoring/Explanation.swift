/// Where a score comes from: rows that add up to it exactly.
public struct Explanation: Sendable, Equatable {
    /// What a row tells of.
    public enum Kind: String, Sendable {
        /// A signal's decayed points before any cap.
        case signal
        /// What a signal's daily cap took away.
        case dailyCap = "daily_cap"
        /// What a signal's cap took away.
        case cap
        /// What was added because engagement is never below 0.
        case floor
        /// What fit adds to engagement.
        case fit
    }

    /// A part of the score.
    public struct Row: Sendable, Equatable {
        /// What it tells of.
        public var kind: Kind
        /// The signal, or the kind where there is none.
        public var name: String
        /// What it adds.
        public var points: Micropoints
    }

    /// The rows, signals by falling points, each followed by its caps.
    public var rows: [Row] = []
    /// Their sum.
    public var score: Micropoints = 0

    /// Explains the score of a history on a day.
    ///
    /// - Parameters:
    ///   - fit: 0 to 100; nil counts as 0.
    ///   - name: The name of a signal number.
    public init(
        of history: borrowing History, on day: Day, under model: ScoringModel, fit: Double?,
        name: (SignalID) -> String
    ) {
        var groups: [[Row]] = []
        var total: Micropoints = 0
        for run in history.runs {
            guard let entry = model[run.signal], history.cells[run.cells.lowerBound].day <= day
            else { continue }
            let group = Self.rows(
                history, run.cells, entry, model, on: day, name: name(run.signal))
            total += group.reduce(0) { $0 + $1.points }
            groups.append(group)
        }
        groups.sort {
            $0[0].points == $1[0].points ? $0[0].name < $1[0].name : $0[0].points > $1[0].points
        }
        rows = groups.flatMap { $0 }
        if total < 0 { rows.append(Row(kind: .floor, name: "floor", points: -total)) }
        let engagement = max(0, total)
        score = Self.score(engagement: engagement, fit: fit)
        if score != engagement {
            rows.append(Row(kind: .fit, name: "fit", points: score - engagement))
        }
    }

    /// The score: fit raises what somebody does and cannot replace it.
    public static func score(engagement: Micropoints, fit: Double?) -> Micropoints {
        guard let fit, fit != 0 else { return engagement }
        return micropoints(Double(engagement) / 1_000_000 * (1 + fit / 100))
    }

    private static func rows(
        _ history: borrowing History, _ range: Range<Int>, _ entry: ScoringModel.Entry,
        _ model: ScoringModel, on day: Day, name: String
    ) -> [Row] {
        var raw = 0.0
        var counted = 0.0
        for place in range where history.cells[place].day <= day {
            let cell = history.cells[place]
            let left = model.factor(entry, age: day.days(since: cell.day))
            raw += Double(max(cell.tally.n, 0)) * left
            counted += entry.signal.counted(cell.tally.n) * left
        }
        let uncapped = micropoints(entry.signal.weight * raw)
        let daily = micropoints(entry.signal.weight * counted)
        let final = micropoints(entry.signal.limited(entry.signal.weight * counted))
        var rows = [Row(kind: .signal, name: name, points: uncapped)]
        if daily != uncapped {
            rows.append(Row(kind: .dailyCap, name: name, points: daily - uncapped))
        }
        if final != daily { rows.append(Row(kind: .cap, name: name, points: final - daily)) }
        return rows
    }
}
