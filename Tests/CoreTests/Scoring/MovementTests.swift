import Core
import TestKit
import Testing

@Suite struct MovementTests {
    private static func model(_ random: inout SeededGenerator) -> ScoringModel {
        var signals: [SignalID: ScoredSignal] = [:]
        for id in 1...5 as ClosedRange<SignalID> {
            signals[id] = ScoredSignal(
                weight: random.pick([1, 5, 10, 0.3, 0, -15]),
                halfLife: random.pick([.days(7), .days(30), HalfLife.none]),
                dailyCap: random.oneIn(2) ? Int64.random(in: 1...3, using: &random) : nil,
                cap: random.oneIn(3) ? 40 : nil)
        }
        return ScoringModel(signals: signals, mql: 60, purchase: nil)
    }

    private static func history(_ random: inout SeededGenerator) -> History {
        History(
            (0..<Int.random(in: 0...30, using: &random)).map { _ in
                DailyCell(
                    day: Day(20_000 + Int32.random(in: 0...100, using: &random)),
                    signal: SignalID.random(in: 1...6, using: &random),
                    tally: Tally(n: Int64.random(in: -1...4, using: &random), value: 0))
            })
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `what rose and fell adds up to the change of engagement`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let model = Self.model(&random)
        let history = Self.history(&random)
        let day = Day(20_000 + Int32.random(in: 0...130, using: &random))
        let engagement = Engagement(of: history, on: day, under: model)
        let movement = Movement(of: history, on: day, since: 30, under: model)
        #expect(movement.total == engagement.delta30, "seed \(seed)")
        for row in movement.rows where (model[row.signal]?.signal.weight ?? 0) > 0 {
            #expect(row.decay <= 0 && row.activity >= 0, "seed \(seed)")
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `the events that are asked for lead to the line, and one less does not`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let model = Self.model(&random)
        let history = Self.history(&random)
        let day = Day(20_110)
        let numbers: [SignalID] = [1, 2, 3, 4, 5]
        let shortfall = Shortfall(of: history, on: day, signals: numbers, under: model)
        func level(_ signal: SignalID, _ events: Int64) -> Micropoints {
            let more = DailyCell(day: day, signal: signal, tally: Tally(n: events, value: 0))
            return Engagement(of: History(history.cells + [more]), on: day, under: model).engagement
        }
        for way in shortfall.ways {
            #expect(level(way.signal, way.events) >= model.mql, "seed \(seed)")
            #expect(level(way.signal, way.events - 1) < model.mql, "seed \(seed)")
        }
        let now = Engagement(of: history, on: day, under: model).engagement
        #expect(shortfall.missing == max(0, model.mql - now))
        let ways = Set(shortfall.ways.map(\.signal))
        for signal in numbers where shortfall.missing > 0 && !ways.contains(signal) {
            #expect(level(signal, 1000) < model.mql, "seed \(seed)")
        }
    }
}
