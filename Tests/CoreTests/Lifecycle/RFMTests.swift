import Core
import TestKit
import Testing

@Suite("RFM")
struct RFMTests {
    private static let bands = 1...5

    /// The formula, customer by customer.
    private static func band(
        of value: Int64, among values: [Int64], isBetter: (Int64, Int64) -> Bool
    ) -> Int {
        let better = values.count { isBetter($0, value) }
        return (5 * (values.count - better) + values.count - 1) / values.count
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `the scale gives everybody the band of the formula`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let spread = random.pick([1, 3, 10, 1_000_000] as [Int64])
        let values = (0..<Int.random(in: 1...60, using: &random)).map { _ in
            Int64.random(in: -spread...spread, using: &random)
        }
        let up = try #require(RFMScale(of: values, .higherIsBetter))
        let down = try #require(RFMScale(of: values, .lowerIsBetter))
        for value in values {
            #expect(
                up.band(of: value) == Self.band(of: value, among: values, isBetter: >),
                "seed \(seed)")
            #expect(
                down.band(of: value) == Self.band(of: value, among: values, isBetter: <),
                "seed \(seed)")
        }
        // The edges alone make the same scale, as those of a configuration do.
        #expect(RFMScale(edges: up.edges, .higherIsBetter) == up, "seed \(seed)")
        #expect(RFMScale(edges: down.edges, .lowerIsBetter) == down, "seed \(seed)")
    }

    @Test func `of ten different customers two are in each band`() throws {
        let scale = try #require(RFMScale(of: Array(1...10), .lowerIsBetter))
        #expect((1...10).map { scale.band(of: $0) } == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1])
    }

    @Test func `a value between two customers is in the band of the worse one`() throws {
        let scale = try #require(RFMScale(of: [100, 200, 300, 400, 500], .higherIsBetter))
        #expect([99, 100, 199, 200, 450, 501].map { scale.band(of: $0) } == [1, 1, 1, 2, 4, 5])
    }

    @Test func `fixed edges have to go one way`() throws {
        let money = try #require(RFMScale(edges: [10, 50, 50, 1000], .higherIsBetter))
        #expect([9, 10, 49, 50, 999, 1000].map { money.band(of: $0) } == [1, 2, 2, 4, 4, 5])
        let days = try #require(RFMScale(edges: [365, 180, 90, 30], .lowerIsBetter))
        #expect([400, 365, 181, 90, 31, 0].map { days.band(of: $0) } == [1, 2, 2, 4, 4, 5])
        #expect(RFMScale(edges: [30, 90, 180, 365], .lowerIsBetter) == nil)
        #expect(RFMScale(edges: [1, 2, 3], .higherIsBetter) == nil)
        #expect(RFMScale(of: [], .higherIsBetter) == nil)
    }

    @Test func `each of the 125 cells has a name, and each name a cell`() {
        var names: Set<RFMGroup> = []
        for recency in Self.bands {
            for frequency in Self.bands {
                for money in Self.bands {
                    names.insert(
                        RFMGroup(recency: recency, frequency: frequency, money: money))
                }
            }
        }
        #expect(names == Set(RFMGroup.allCases))
    }

    @Test func `more of anything never makes a customer look worse`() {
        let worth: [RFMGroup: Int] = [
            .lost: 0, .hibernating: 1, .atRisk: 2, .cannotLose: 3, .aboutToSleep: 4,
            .needsAttention: 5, .new: 6, .promising: 6, .potentialLoyal: 7, .loyal: 8,
            .champions: 9,
        ]
        func value(_ recency: Int, _ frequency: Int, _ money: Int) -> Int {
            worth[RFMGroup(recency: recency, frequency: frequency, money: money)] ?? -1
        }
        for recency in Self.bands {
            for frequency in Self.bands {
                for money in Self.bands {
                    let here = value(recency, frequency, money)
                    if recency < 5 { #expect(value(recency + 1, frequency, money) >= here) }
                    if frequency < 5 { #expect(value(recency, frequency + 1, money) >= here) }
                    if money < 5 { #expect(value(recency, frequency, money + 1) >= here) }
                }
            }
        }
    }

    @Test func `the corners are what they are called`() {
        #expect(RFMGroup(recency: 5, frequency: 5, money: 5) == .champions)
        #expect(RFMGroup(recency: 5, frequency: 1, money: 1) == .new)
        #expect(RFMGroup(recency: 1, frequency: 5, money: 5) == .cannotLose)
        #expect(RFMGroup(recency: 1, frequency: 1, money: 1) == .lost)
    }
}
