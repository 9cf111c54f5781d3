import Glibc

/// How well parameters explain what customers did: the logarithm of the likelihood of the model, and
/// how it changes with the logarithm of each parameter.
///
/// Nothing is asked of the gamma function: for whole x the quotients of it that the paper writes are
/// products of x factors, whose logarithms are added up once for all x. Equal histories are computed
/// once, and so is what depends on a day only.
///
/// - Source: Fader, Hardie and Lee (2005), as for `BuyingModel`, equation 6 split as in their "Implementing
///   the BG/NBD Model for Customer Base Analysis in Excel" (2005).
struct BuyingLikelihood {
    /// The value at a point: Σ over the customers.
    struct Value {
        /// The logarithm of the likelihood.
        var logarithm: Double
        /// Its derivatives by ln r, ln alpha, ln a and ln b.
        var gradient: SIMD4<Double>
    }

    private let groups: [BuyerGroups.Group]
    /// The highest x, and the highest day.
    private let repeats: Int
    private let days: Int

    init(_ buyers: BuyerGroups) {
        groups = buyers.groups
        repeats = groups.last?.history.repeats ?? 0
        days = groups.reduce(0) { max($0, $1.history.age) }
    }

    /// The value at ln r, ln alpha, ln a, ln b.
    ///
    /// - Complexity: O(g + x + d) in the groups, the highest x and the highest day.
    func value(at point: SIMD4<Double>) -> Value {
        let (r, alpha, a, b) = (exp(point[0]), exp(point[1]), exp(point[2]), exp(point[3]))
        let counts = Counts(repeats, r: r, a: a, b: b)
        let logs = (0...days).map { log(alpha + BuyingModel.weeks($0)) }
        var sum = 0.0
        var slope = SIMD4<Double>()
        for group in groups {
            let x = Double(group.history.repeats)
            let n = Double(group.count)
            let place = group.history.repeats
            let age = logs[group.history.age]
            let total = r + x
            // The customer who stayed.
            var value = counts.logarithm[place] + r * point[1] - total * age
            var change = counts.gradient[place]
            let inverseAge = 1 / (alpha + BuyingModel.weeks(group.history.age))
            change[0] += point[1] - age
            change[1] += r / alpha - total * inverseAge
            if place > 0 {
                // And the one who left at t_x, as many times as likely.
                let since = age - logs[group.history.lastDay]
                let odds = point[2] - log(b + x - 1) + total * since
                value += odds > 0 ? odds + log1p(exp(-odds)) : log1p(exp(odds))
                let left = 1 / (1 + exp(-odds))
                let inverseLast = 1 / (alpha + BuyingModel.weeks(group.history.lastDay))
                change[0] += left * since
                change[1] += left * total * (inverseAge - inverseLast)
                change[2] += left / a
                change[3] -= left / (b + x - 1)
            }
            sum += n * value
            slope += n * change
        }
        return Value(logarithm: sum, gradient: slope * SIMD4(r, alpha, a, b))
    }
}

/// What depends on x only: ln Γ(r+x)/Γ(r) + ln B(a,b+x)/B(a,b), and its derivatives by r, alpha, a, b.
private struct Counts {
    var logarithm: [Double] = [0]
    var gradient: [SIMD4<Double>] = [SIMD4()]

    init(_ highest: Int, r: Double, a: Double, b: Double) {
        logarithm.reserveCapacity(highest + 1)
        gradient.reserveCapacity(highest + 1)
        for x in 0..<highest {
            let i = Double(x)
            logarithm.append(logarithm[x] + log((r + i) * (b + i) / (a + b + i)))
            let both = 1 / (a + b + i)
            gradient.append(gradient[x] + SIMD4(1 / (r + i), 0, -both, 1 / (b + i) - both))
        }
    }
}
