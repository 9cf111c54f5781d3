/// What a contact did: the cells of all its identifiers, added up by signal and day.
///
/// Invariant: `cells` ascend by (signal, day) without doubles; `runs` are the stretches of one signal.
public struct History: Sendable {
    /// The cells by signal, then day.
    public private(set) var cells: [DailyCell] = []
    /// For each signal in ascending order, where its cells lie.
    public private(set) var runs: [(signal: SignalID, cells: Range<Int>)] = []

    /// No history.
    public init() {}

    /// The history of some cells, in any order and of any number of identifiers.
    public init(_ cells: [DailyCell]) {
        self.cells = cells
        arrange()
    }

    /// Makes this the history of other cells, reusing its memory.
    ///
    /// - Complexity: O(n log n), O(n) for the cells of one identifier.
    public mutating func replace(_ body: (inout [DailyCell]) -> Void) {
        cells.removeAll(keepingCapacity: true)
        body(&cells)
        arrange()
    }

    /// All of one signal.
    public func total(of signal: SignalID) -> Tally {
        var sum = Tally(n: 0, value: 0)
        for run in runs where run.signal == signal {
            for cell in cells[run.cells] { sum.add(cell.tally) }
        }
        return sum
    }

    private mutating func arrange() {
        cells.sort {
            $0.signal == $1.signal ? $0.day < $1.day : $0.signal < $1.signal
        }
        var kept = 0
        for place in cells.indices {
            let cell = cells[place]
            if kept > 0, cells[kept - 1].signal == cell.signal, cells[kept - 1].day == cell.day {
                cells[kept - 1].tally.add(cell.tally)
            } else {
                cells[kept] = cell
                kept += 1
            }
        }
        cells.removeLast(cells.count - kept)
        runs.removeAll(keepingCapacity: true)
        var start = 0
        for place in 1...max(cells.count, 1) where !cells.isEmpty {
            if place == cells.count || cells[place].signal != cells[start].signal {
                runs.append((signal: cells[start].signal, cells: start..<place))
                start = place
            }
        }
    }
}
