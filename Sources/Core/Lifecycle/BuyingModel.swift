import Glibc

/// A model of repeat buying, BG/NBD: customers buy at random, each at a rate of their own, and after
/// each purchase but the first leave for good with a probability of their own.
///
/// Rates are spread as a gamma distribution over the customers, probabilities of leaving as a beta
/// distribution; the four parameters are those of the two. Time is in weeks.
///
/// - Source: P. S. Fader, B. G. S. Hardie and K. L. Lee, "'Counting Your Customers' the Easy Way: An
///   Alternative to the Pareto/NBD Model", Marketing Science 24 (2005), 275-284.
public struct BuyingModel: Sendable, Equatable {
    /// Shape of the rates.
    public var r: Double
    /// Scale of the rates, in weeks.
    public var alpha: Double
    /// First parameter of the probabilities of leaving.
    public var a: Double
    /// Second parameter of the probabilities of leaving.
    public var b: Double

    /// A model.
    ///
    /// - Returns: nil unless all parameters are finite and more than 0.
    public init?(r: Double, alpha: Double, a: Double, b: Double) {
        guard [r, alpha, a, b].allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
        self.r = r
        self.alpha = alpha
        self.a = a
        self.b = b
    }

    /// A parameter beyond this, or below its inverse, is not estimated but guessed.
    public static let largestParameter = 1e5

    /// The probability that a customer has not left.
    ///
    ///     1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x))^(r + x)), 1 where x = 0
    ///
    /// - Source: the paper's likelihood: its two terms are those of a customer who stayed and of one
    ///   who left at t_x.
    public func aliveProbability(of history: BuyerHistory) -> Double {
        guard history.repeats > 0 else { return 1 }
        let x = Double(history.repeats)
        let age = alpha + Self.weeks(history.age)
        let last = alpha + Self.weeks(history.lastDay)
        return 1 / (1 + a / (b + x - 1) * exp((r + x) * log(age / last)))
    }

    /// How many purchases are to be expected within the next `days`, 0 or more.
    ///
    /// Where the customer is still there, the number K of purchases in that time, did nobody ever
    /// leave, is negative binomial with r + x successes and z = t / (alpha + T + t); and the
    /// customer lives to make the (j + 1)th of them with probability m_j, the product over i < j of
    /// (b + x + i) / (a + b + x + i). So the expectation is
    ///
    ///     P(alive) * Σ_k P(K = k) * (m_0 + ... + m_(k-1))
    ///
    /// which equals the paper's equation 10 and has neither its pole at a = 1 nor its
    /// cancellation. Every term is positive; the sum ends where the rest is below 10^-12 of it, or
    /// after 100,000 terms, which alpha > 0.01 never reaches.
    ///
    /// - Complexity: O(k) in the purchases that can be hoped for, some dozens of terms.
    public func expectedPurchases(of history: BuyerHistory, within days: Int) -> Double {
        guard days > 0 else { return 0 }
        let x = Double(history.repeats)
        let t = Self.weeks(days)
        let beta = alpha + Self.weeks(history.age)
        return aliveProbability(of: history) * purchasesWhileAlive(x, z: t / (beta + t))
    }

    private func purchasesWhileAlive(_ x: Double, z: Double) -> Double {
        let s = r + x
        // P(K = 0), which may be too small for a Double: what is added up is scaled by it.
        var scale = s * log1p(-z)
        var probability = 1.0
        var made = 0.0  // m_0 + ... + m_(k-1)
        var lives = 1.0  // m_k
        var sum = 0.0
        var k = 0.0
        while k < 100_000 {
            probability *= z * (s + k) / (k + 1)
            made += lives
            lives *= (b + x + k) / (a + b + x + k)
            k += 1
            sum += probability * made
            if probability > 1e200 {
                probability *= 1e-200
                sum *= 1e-200
                scale += 200 * M_LN10
            }
            // From here on each probability is at most `ratio` times the one before.
            let ratio = max(z, z * (s + k) / (k + 1))
            guard ratio < 1 else { continue }
            let rest = ratio / (1 - ratio)
            if probability * rest * (made + lives / (1 - ratio)) < 1e-12 * sum { break }
        }
        return exp(scale) * sum
    }

    /// The weeks of so many days.
    static func weeks(_ days: Int) -> Double { Double(days) / 7 }
}
