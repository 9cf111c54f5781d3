public import Core

/// How many of the last lines of a source were unusable, and mostly why.
///
/// A line is unusable if it was quarantined, or one of its records was. Only those cost anything: a
/// good line is a number that goes up.
///
/// Invariant: `bad` holds the unusable ones of the last `window` lines, in their order.
public struct LineHealth: Sendable {
    /// So many lines are looked back on.
    public static let window: Int64 = 1000
    /// Fewer unusable lines than this prove nothing.
    static let leastBad = 10

    private var lines: Int64 = 0
    private var bad: [(line: Int64, verdict: Verdict)] = []

    /// Nothing read yet.
    public init() {}

    /// The lines looked back on.
    public var seen: Int64 { min(lines, Self.window) }
    /// How many of them were unusable.
    public var unusable: Int { bad.count }
    /// Whether these are more than 5 %.
    public var isBad: Bool { bad.count >= Self.leastBad && Int64(bad.count) * 20 > seen }

    /// What was wrong most often.
    public var mostly: Verdict? {
        var counts = [Int](repeating: 0, count: Verdict.allCases.count)
        for entry in bad { counts[Int(entry.verdict.rawValue)] += 1 }
        return Verdict.allCases.filter { counts[Int($0.rawValue)] > 0 }
            .max { counts[Int($0.rawValue)] < counts[Int($1.rawValue)] }
    }

    /// Notes that the line after `good` usable ones cannot be used.
    mutating func add(good: Int64, bad verdict: Verdict) {
        lines += good + 1
        bad.append((lines, verdict))
        if bad.count >= 2 * Int(Self.window) { forget() }
    }

    /// Notes the usable lines at the end of a block.
    mutating func add(good: Int64) {
        lines += good
        if !bad.isEmpty { forget() }
    }

    private mutating func forget() {
        let first = bad.firstIndex { $0.line > lines - Self.window } ?? bad.count
        if first > 0 { bad.removeFirst(first) }
    }
}
