import Core
import TestKit
import Testing

@Suite("Scoring")
struct ScoringTests {
    private static func signals(_ random: inout SeededGenerator) -> [SignalID: ScoredSignal] {
        var signals: [SignalID: ScoredSignal] = [:]
        for id in 1...6 as ClosedRange<SignalID> {
            signals[id] = ScoredSignal(
                weight: random.pick([1, 5, 10, 0.3, 0, -15, 50]),
                halfLife: random.pick([
                    .days(7), .days(14), .days(30), .days(0.5), .days(90), HalfLife.none,
                ]),
                dailyCap: random.oneIn(2) ? Int64.random(in: 0...3, using: &random) : nil,
                cap: random.oneIn(3) ? 40 : nil)
        }
        return signals
    }

    private static func cells(_ random: inout SeededGenerator) -> [DailyCell] {
        (0..<Int.random(in: 0...40, using: &random)).map { _ in
            DailyCell(
                day: Day(20_000 + Int32.random(in: 0...120, using: &random)),
                signal: SignalID.random(in: 1...7, using: &random),
                tally: Tally(n: Int64.random(in: -1...4, using: &random), value: 0))
        }
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `the fast engagement equals the reference`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Signals that never fade and stay above the line make the reference walk a century.
        var signals = Self.signals(&random)
        if seed % 10 != 0 {
            signals = signals.mapValues { signal in
                signal.halfLife == .none
                    ? ScoredSignal(weight: signal.weight, halfLife: .days(60), cap: signal.cap)
                    : signal
            }
        }
        let cells = Self.cells(&random)
        let day = Day(20_000 + Int32.random(in: -5...130, using: &random))
        let mql = random.pick([60.0, 5.0, 0.0, 200.0])
        let model = ScoringModel(signals: signals, mql: mql == 0 ? 0.5 : mql, purchase: nil)
        let fast = Engagement(of: History(cells), on: day, under: model)
        let slow = EngagementReference.engagement(
            of: cells, on: day, signals: signals, mql: mql == 0 ? 0.5 : mql)
        #expect(fast == slow, "seed \(seed)")
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `an explanation adds up to the score exactly`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let model = ScoringModel(signals: Self.signals(&random), mql: 60, purchase: nil)
        let history = History(Self.cells(&random))
        let day = Day(20_100)
        let fit = random.pick([nil, 0, 33.3, 100] as [Double?])
        let explanation = Explanation(of: history, on: day, under: model, fit: fit) {
            "signal \($0)"
        }
        let engagement = Engagement(of: history, on: day, under: model).engagement
        #expect(explanation.rows.reduce(0) { $0 + $1.points } == explanation.score, "seed \(seed)")
        #expect(explanation.score == Explanation.score(engagement: engagement, fit: fit))
    }

    @Test func `a point of half-life 14 is worth half after 14 days, and decays by whole days`() {
        let model = ScoringModel(
            signals: [1: ScoredSignal(weight: 10, halfLife: .days(14))], mql: 4, purchase: nil)
        let history = History([DailyCell(day: Day(100), signal: 1, tally: Tally(n: 1, value: 0))])
        #expect(Engagement(of: history, on: Day(99), under: model).engagement == 0)
        #expect(Engagement(of: history, on: Day(100), under: model).engagement == 10_000_000)
        let later = Engagement(of: history, on: Day(114), under: model)
        #expect(later.engagement == 5_000_000)
        #expect(later.delta30 == 5_000_000)
        #expect(later.peak30 == 10_000_000)
        // 10 * 2^(-18/14) = 4.10, 10 * 2^(-19/14) = 3.90: the 118th day is the last at 4.
        #expect(later.hotUntil == Day(118))
        #expect(later.lastActivity == Day(100))
    }

    @Test func `caps hold for each day and for the whole`() {
        let model = ScoringModel(
            signals: [1: ScoredSignal(weight: 10, halfLife: HalfLife.none, dailyCap: 2, cap: 40)],
            mql: 60, purchase: nil)
        func engagement(_ days: Int32) -> Micropoints {
            let cells = (0..<days).map {
                DailyCell(day: Day($0), signal: 1, tally: Tally(n: 5, value: 0))
            }
            return Engagement(of: History(cells), on: Day(50), under: model).engagement
        }
        #expect(engagement(1) == 20_000_000)
        #expect(engagement(2) == 40_000_000)
        #expect(engagement(9) == 40_000_000)
    }

    @Test func `absurd weights and counts stay finite`() {
        let model = ScoringModel(
            signals: [1: ScoredSignal(weight: 1e6, halfLife: .days(1))], mql: 60, purchase: nil)
        let history = History([
            DailyCell(day: Day(1), signal: 1, tally: Tally(n: .max, value: .max))
        ])
        let engagement = Engagement(of: history, on: Day(1), under: model)
        #expect(engagement.engagement == 1_000_000_000_000_000_000)
    }

    @Test func `points that never fall are hot for ever`() {
        let model = ScoringModel(
            signals: [1: ScoredSignal(weight: 100, halfLife: HalfLife.none)], mql: 60, purchase: nil
        )
        let history = History([DailyCell(day: Day(1), signal: 1, tally: Tally(n: 1, value: 0))])
        let engagement = Engagement(of: history, on: Day(1), under: model)
        #expect(engagement.engagement == 100_000_000)
        #expect(engagement.hotUntil == nil)
    }
}
