import Core
import Foundation

/// The model of buying as the paper prints it, slow and without a thought for extremes.
///
/// - Source: Fader, Hardie and Lee (2005), equations 6, 10 and the probability of being alive.
enum BuyingReference {
    static func aliveProbability(_ model: BuyingModel, _ history: BuyerHistory) -> Double {
        let (x, last, age) = variables(history)
        guard x > 0 else { return 1 }
        return 1
            / (1 + model.a / (model.b + x - 1)
                * pow((model.alpha + age) / (model.alpha + last), model.r + x))
    }

    /// Equation 10; not for a = 1.
    static func expectedPurchases(
        _ model: BuyingModel, _ history: BuyerHistory, weeks t: Double
    ) -> Double {
        let (x, _, age) = variables(history)
        let (r, alpha, a, b) = (model.r, model.alpha, model.a, model.b)
        let series = hypergeometric(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        return (a + b + x - 1) / (a - 1)
            * (1 - pow((alpha + age) / (alpha + age + t), r + x) * series)
            * aliveProbability(model, history)
    }

    /// The expectation over the chance p to leave, given that the customer is there: the mean of
    /// (1 - (beta / (beta + p t))^(r + x)) / p under a beta distribution, by the tanh-sinh rule.
    static func expectedByIntegration(
        _ model: BuyingModel, _ history: BuyerHistory, weeks t: Double
    ) -> Double {
        let (x, _, age) = variables(history)
        let beta = model.alpha + age
        let (first, second) = (model.a, model.b + x)
        let norm = lgamma(first) + lgamma(second) - lgamma(first + second)
        var sum = 0.0
        let step = 1.0 / 32
        for place in -180...180 {
            let u = Double(place) * step
            // p and 1 - p, each exact where it is small.
            let p = 1 / (1 + exp(.pi * sinh(-u)))
            let q = 1 / (1 + exp(.pi * sinh(u)))
            guard p > 0, q > 0 else { continue }
            let density = exp(first * log(p) + second * log(q) - norm) * .pi * cosh(u)
            let purchases = -expm1(-(model.r + x) * log1p(p * t / beta)) / p
            if density.isFinite, purchases.isFinite { sum += density * purchases * step }
        }
        return sum * aliveProbability(model, history)
    }

    static func logLikelihood(_ model: BuyingModel, _ buyers: [BuyerHistory]) -> Double {
        let (r, alpha, a, b) = (model.r, model.alpha, model.a, model.b)
        return buyers.reduce(0) { sum, history in
            let (x, last, age) = variables(history)
            let rates = lgamma(r + x) - lgamma(r) + r * log(alpha)
            let stays = lgamma(a + b) + lgamma(b + x) - lgamma(b) - lgamma(a + b + x)
            var terms = pow(alpha + age, -(r + x))
            if x > 0 { terms += a / (b + x - 1) * pow(alpha + last, -(r + x)) }
            return sum + rates + stays + log(terms)
        }
    }

    /// Gauss's hypergeometric function, term by term.
    private static func hypergeometric(
        _ a: Double, _ b: Double, _ c: Double, _ z: Double
    ) -> Double {
        var term = 1.0
        var sum = 1.0
        for place in 0..<200_000 where abs(term) > 1e-17 * abs(sum) {
            let i = Double(place)
            term *= (a + i) * (b + i) / ((c + i) * (i + 1)) * z
            sum += term
        }
        return sum
    }

    private static func variables(
        _ history: BuyerHistory
    ) -> (x: Double, last: Double, age: Double) {
        (
            Double(history.repeats), Double(history.lastDay) / 7, Double(history.age) / 7
        )
    }
}
