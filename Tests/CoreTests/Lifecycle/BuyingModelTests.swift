import Core
import Foundation
import TestKit
import Testing

@Suite("The model of buying")
struct BuyingModelTests {
    /// Estimates for the CDNOW sample, in weeks.
    ///
    /// - Source: Fader, Hardie and Lee (2005), table 2.
    private static var published: BuyingModel {
        get throws { try #require(BuyingModel(r: 0.243, alpha: 4.414, a: 0.793, b: 2.426)) }
    }

    private static func history(_ random: inout SeededGenerator) -> BuyerHistory {
        let age = Int.random(in: 0...1200, using: &random)
        return BuyerHistory(
            repeats: random.pick([0, 1, 2, 7, 40, 300]),
            lastDay: Int.random(in: 0...age, using: &random), age: age)
    }

    private static func model(_ random: inout SeededGenerator) throws -> BuyingModel {
        func parameter(_ range: ClosedRange<Double>) -> Double {
            exp(Double.random(in: range, using: &random))
        }
        return try #require(
            BuyingModel(
                r: parameter(-3...3), alpha: parameter(-2...4), a: parameter(-3...3),
                b: parameter(-3...3)))
    }

    /// A business whose customers do as the model says, each seen for a time of its own.
    private static func buyers(
        _ model: BuyingModel, _ count: Int, _ random: inout SeededGenerator
    ) -> [BuyerHistory] {
        (0..<count).map { _ in
            let rate = gamma(model.r, &random) / model.alpha
            let (first, second) = (gamma(model.a, &random), gamma(model.b, &random))
            let leaves = first / (first + second)
            let weeks = Double.random(in: 27...104, using: &random)
            var (time, repeats, last) = (0.0, 0, 0.0)
            while repeats < 400 {
                time -= log(Double.random(in: 1e-12...1, using: &random)) / max(rate, 1e-9)
                guard time < weeks else { break }
                repeats += 1
                last = time
                if Double.random(in: 0...1, using: &random) < leaves { break }
            }
            return BuyerHistory(
                repeats: repeats, lastDay: Int((last * 7).rounded()),
                age: Int((weeks * 7).rounded()))
        }
    }

    /// - Source: G. Marsaglia and W. W. Tsang, "A Simple Method for Generating Gamma Variables",
    ///   ACM TOMS 26 (2000).
    private static func gamma(_ shape: Double, _ random: inout SeededGenerator) -> Double {
        guard shape >= 1 else {
            let below = pow(Double.random(in: 1e-300...1, using: &random), 1 / shape)
            return gamma(shape + 1, &random) * below
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let radius = (-2 * log(Double.random(in: 1e-300...1, using: &random))).squareRoot()
            let normal = radius * cos(2 * .pi * Double.random(in: 0...1, using: &random))
            let v = pow(1 + c * normal, 3)
            guard v > 0 else { continue }
            let chance = Double.random(in: 1e-300...1, using: &random)
            if log(chance) < normal * normal / 2 + d - d * v + d * log(v) { return d * v }
        }
    }

    @Test func `published parameters give the known probabilities of being alive`() throws {
        let model = try Self.published
        // x, t_x and T in days; the first is customer 1 of the sample.
        let known = [((2, 213, 272), 0.7266), ((5, 140, 272), 0.2873), ((5, 266, 272), 0.8795)]
        for (customer, probability) in known {
            let history = BuyerHistory(
                repeats: customer.0, lastDay: customer.1, age: customer.2)
            #expect(abs(model.aliveProbability(of: history) - probability) < 5e-5)
        }
    }

    @Test func `published parameters give the known expectation`() throws {
        let history = BuyerHistory(repeats: 2, lastDay: 213, age: 272)
        let expected = try Self.published.expectedPurchases(of: history, within: 273)
        // Fader, Hardie and Lee's note on the model in Excel (2005): 1.226 within 39 weeks.
        #expect(abs(expected - 1.226) < 5e-4)
    }

    @Test func `who bought once is there for certain`() throws {
        let once = BuyerHistory(repeats: 0, lastDay: 0, age: 5000)
        #expect(try Self.published.aliveProbability(of: once) == 1)
        #expect(try Self.published.expectedPurchases(of: once, within: 90) > 0)
        #expect(try Self.published.expectedPurchases(of: once, within: 0) == 0)
    }

    @Test(arguments: 1...150 as ClosedRange<UInt64>)
    func `what is derived of a customer equals the formulas of the paper`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let model = try Self.model(&random)
        let history = Self.history(&random)
        let days = random.pick([1, 30, 90, 365])
        let alive = model.aliveProbability(of: history)
        let reference = BuyingReference.aliveProbability(model, history)
        #expect(abs(alive - reference) <= 1e-9 * reference + 1e-300, "seed \(seed)")
        let expected = model.expectedPurchases(of: history, within: days)
        let integral = BuyingReference.expectedByIntegration(
            model, history, weeks: Double(days) / 7)
        #expect(abs(expected - integral) <= 1e-7 * integral + 1e-200, "seed \(seed)")
        // The printed form loses digits near its pole and where it takes 1 from nearly 1.
        if abs(model.a - 1) > 0.3, model.a + model.b + Double(history.repeats) > 1.1 {
            let printed = BuyingReference.expectedPurchases(
                model, history, weeks: Double(days) / 7)
            #expect(abs(expected - printed) <= 1e-6 * integral + 1e-9, "seed \(seed)")
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the likelihood and its slope equal the reference`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let model = try Self.model(&random)
        let buyers = (0..<200).map { _ in
            let age = Int.random(in: 1...300, using: &random)
            return BuyerHistory(
                repeats: random.pick([0, 0, 1, 2, 5, 20]),
                lastDay: Int.random(in: 0...age, using: &random), age: age)
        }
        let fast = model.logLikelihood(of: BuyerGroups(buyers))
        let slow = BuyingReference.logLikelihood(model, buyers)
        #expect(abs(fast - slow) < 1e-9 * abs(slow), "seed \(seed)")
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `a business that does as the model says gives the model back`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let other = BuyingModel(r: 0.8, alpha: 10, a: 1.2, b: 4)
        let truth = try #require(seed == 1 ? Self.published : other)
        let buyers = BuyerGroups(Self.buyers(truth, 20_000, &random))
        let result = BuyingModel(fittedTo: buyers)
        let fitted = try #require(result, "seed \(seed)")
        #expect(abs(fitted.r / truth.r - 1) < 0.05, "seed \(seed)")
        #expect(abs(fitted.alpha / truth.alpha - 1) < 0.1, "seed \(seed)")
        #expect(abs(fitted.a / truth.a - 1) < 0.25, "seed \(seed)")
        #expect(abs(fitted.b / truth.b - 1) < 0.3, "seed \(seed)")
        let top = fitted.logLikelihood(of: buyers)
        let atTruth = truth.logLikelihood(of: buyers)
        #expect(top >= atTruth, "seed \(seed)")
        for (place, factor) in [(0, 1.01), (1, 1.01), (2, 0.99), (3, 0.99)] {
            let near = [fitted.r, fitted.alpha, fitted.a, fitted.b].enumerated().map {
                $0.offset == place ? $0.element * factor : $0.element
            }
            let moved = try #require(
                BuyingModel(r: near[0], alpha: near[1], a: near[2], b: near[3]))
            let beside = moved.logLikelihood(of: buyers)
            #expect(beside < top, "seed \(seed)")
        }
    }

    @Test func `order and grouping do not matter, to the last bit`() throws {
        var random = SeededGenerator(seed: 11)
        let buyers = Self.buyers(try Self.published, 3000, &random)
        let first = BuyingModel(fittedTo: BuyerGroups(buyers))
        let fitted = try #require(first)
        let again = BuyingModel(fittedTo: BuyerGroups(buyers.shuffled(using: &random)))
        #expect(again == fitted)
    }

    @Test func `too few customers, or too few that came back, give no model`() throws {
        var random = SeededGenerator(seed: 12)
        let buyers = Self.buyers(try Self.published, 3000, &random)
        let returned = buyers.filter { $0.repeats > 0 }
        let once = buyers.filter { $0.repeats == 0 }
        for few in [[], Array(returned.prefix(99)), once + returned.prefix(19), once] {
            let fitted = BuyingModel(fittedTo: BuyerGroups(few))
            #expect(fitted == nil)
        }
    }

    @Test func `customers whom no model explains give none`() {
        // All alike: the more alike the model makes them the better, without end.
        let alike = [BuyerHistory](
            repeating: BuyerHistory(repeats: 10, lastDay: 100, age: 100), count: 500)
        let fitted = BuyingModel(fittedTo: BuyerGroups(alike))
        #expect(fitted == nil)
    }

    @Test func `parameters that are none make no model`() {
        #expect(BuyingModel(r: 0, alpha: 1, a: 1, b: 1) == nil)
        #expect(BuyingModel(r: 1, alpha: -1, a: 1, b: 1) == nil)
        #expect(BuyingModel(r: 1, alpha: 1, a: .nan, b: 1) == nil)
        #expect(BuyingModel(r: 1, alpha: 1, a: 1, b: .infinity) == nil)
    }

    @Test func `extremes stay numbers`() throws {
        for parameter in [1e-5, 0.01, 1, 1e5] {
            for other in [1e-5, 1, 1e5] {
                let model = try #require(
                    BuyingModel(r: parameter, alpha: other, a: parameter, b: other))
                for repeats in [0, 1, 3000] {
                    let history = BuyerHistory(repeats: repeats, lastDay: 3000, age: 10_000)
                    let alive = model.aliveProbability(of: history)
                    #expect((0...1).contains(alive))
                    let expected = model.expectedPurchases(of: history, within: 90)
                    #expect(expected.isFinite && expected >= 0)
                }
            }
        }
    }
}
