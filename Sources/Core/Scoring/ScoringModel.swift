import Glibc

/// How one signal's counts become points.
public struct ScoredSignal: Sendable, Equatable {
    /// Points of one event.
    public var weight: Double
    /// How fast they fade.
    public var halfLife: HalfLife
    /// How many events of one day count at most.
    public var dailyCap: Int64?
    /// The most points that the signal can give, or take.
    public var cap: Double?

    /// A rule of scoring.
    public init(weight: Double, halfLife: HalfLife, dailyCap: Int64? = nil, cap: Double? = nil) {
        self.weight = weight
        self.halfLife = halfLife
        self.dailyCap = dailyCap
        self.cap = cap
    }

    /// What the rule of a model says, with the model's half-life where it states none.
    public init(_ rule: SignalRule, in model: Model) {
        self.init(
            weight: rule.weight, halfLife: rule.halfLife ?? model.halfLife,
            dailyCap: rule.dailyCap, cap: rule.cap)
    }

    /// How many of `n` events of a day count.
    public func counted(_ n: Int64) -> Double {
        Double(min(max(n, 0), dailyCap ?? .max))
    }

    /// Points within the cap.
    public func limited(_ points: Double) -> Double {
        guard let cap else { return points }
        return min(max(points, -cap), cap)
    }
}

/// Points in millionths. Everything that is added up is added up in these, as integers, so that the
/// order does not matter and a sum is a sum.
public typealias Micropoints = Int64

/// Rounds points to millionths, halves away from zero; beyond ±10^12 points they stop.
public func micropoints(_ points: Double) -> Micropoints {
    let bounded = min(max(points, -1e12), 1e12)
    return bounded.isNaN ? 0 : Micropoints((bounded * 1_000_000).rounded())
}

/// A model made ready for scoring: rules by signal number.
public struct ScoringModel: Sendable {
    /// A rule with its decay. It holds nothing that is counted, because it is looked up for each signal of
    /// each contact many times over.
    public struct Entry: Sendable {
        /// The rule.
        public let signal: ScoredSignal
        /// Where the factors of its half-life begin.
        fileprivate let factors: Int
    }

    /// The line of `hot_until`, in millionths of a point.
    public let mql: Micropoints
    /// Which signal is a purchase.
    public let purchase: SignalID?
    private let entries: [Entry?]
    /// What is left after each number of days, one half-life after the other.
    private let factors: [Double]

    /// Ages up to which factors are looked up rather than computed: four years.
    private static let tabulated = 1461

    /// Signals that the model no longer names keep their counts and give no points.
    ///
    /// - Parameter signals: The rules by signal number.
    public init(signals: [SignalID: ScoredSignal], mql: Double, purchase: SignalID?) {
        self.mql = micropoints(mql)
        self.purchase = purchase
        var starts: [HalfLife: Int] = [:]
        var factors: [Double] = []
        var entries = [Entry?](repeating: nil, count: Int(signals.keys.max() ?? 0) + 1)
        for (id, signal) in signals {
            let start = starts[signal.halfLife] ?? factors.count
            if starts.updateValue(start, forKey: signal.halfLife) == nil,
                let days = signal.halfLife.days
            {
                factors += (0...Self.tabulated).map { exp2(-Double($0) / days) }
            }
            entries[Int(id)] = Entry(signal: signal, factors: start)
        }
        self.entries = entries
        self.factors = factors
    }

    /// The part of what an event gave that is left after `age` days, 0 or more: 2^(-age/halfLife).
    ///
    /// - Source: exponential decay; whole days, after Cormode, Shkapenyuk, Srivastava and Xu, "Forward
    ///   Decay", ICDE 2009: the weight of an event depends on its own day only, so sums commute.
    public func factor(_ entry: Entry, age: Int) -> Double {
        guard let halfLife = entry.signal.halfLife.days else { return 1 }
        return age <= Self.tabulated
            ? factors[entry.factors + age] : exp2(-Double(age) / halfLife)
    }

    /// Whether no signal gives points.
    public var isEmpty: Bool { entries.allSatisfy { $0 == nil } }

    /// The rule of a signal; nil if it gives no points.
    public subscript(signal: SignalID) -> Entry? {
        Int(signal) < entries.count ? entries[Int(signal)] : nil
    }
}
