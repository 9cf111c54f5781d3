import Glibc

extension BuyingModel {
    /// Fewer customers than this, or fewer that came back, tell nothing about all of them.
    public static let fewestBuyers = 100
    /// How many of them have to have come back.
    public static let fewestReturned = 20

    /// The parameters under which what the customers did is most likely.
    ///
    /// Climbs by BFGS over the logarithms of the parameters, from r = a = b = 1 and the mean rate.
    /// The result depends on nothing but the groups, to the last bit.
    ///
    /// - Returns: nil if there are fewer than `fewestBuyers`, of whom fewer than `fewestReturned`
    ///   came back, or if there is no such point: the climb does not end within 200 steps, or a
    ///   parameter runs away beyond `largestParameter`.
    /// - Source: J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd edition, algorithm 6.1.
    public init?(fittedTo buyers: BuyerGroups) {
        guard buyers.buyers >= Self.fewestBuyers, buyers.returned >= Self.fewestReturned else {
            return nil
        }
        let likelihood = BuyingLikelihood(buyers)
        let scale = 1 / Double(buyers.buyers)
        var climb = Climb(from: Self.start(buyers)) { point in
            let value = likelihood.value(at: point)
            return (value.logarithm * scale, value.gradient * scale)
        }
        guard let top = climb.top(), top.max().magnitude < log(Self.largestParameter),
            top.min().magnitude < log(Self.largestParameter)
        else { return nil }
        self.init(r: exp(top[0]), alpha: exp(top[1]), a: exp(top[2]), b: exp(top[3]))
    }

    /// The logarithm of the likelihood of what the customers did.
    public func logLikelihood(of buyers: BuyerGroups) -> Double {
        BuyingLikelihood(buyers).value(at: SIMD4(log(r), log(alpha), log(a), log(b))).logarithm
    }

    private static func start(_ buyers: BuyerGroups) -> SIMD4<Double> {
        var weeks = 0.0
        var repeats = 0.0
        for group in buyers.groups {
            weeks += Double(group.count) * Self.weeks(group.history.age)
            repeats += Double(group.count) * Double(group.history.repeats)
        }
        return SIMD4(0, log(max(weeks, 1) / max(repeats, 1)), 0, 0)
    }
}

/// The way up to the highest point of a smooth function of four variables.
private struct Climb {
    typealias Sample = (value: Double, gradient: SIMD4<Double>)

    private var point: SIMD4<Double>
    private var here: Sample
    private let sample: (SIMD4<Double>) -> Sample
    /// What is known of the curvature: the inverse of the negative matrix of second derivatives.
    private var inverse = Climb.identity

    private static let steps = 200
    /// Per customer, by the logarithm of a parameter.
    private static let flat = 1e-10
    /// What adding up many numbers leaves uncertain of a value, as a share of it.
    private static let noise = 1e-12
    /// The longest step in the logarithm of a parameter.
    private static let longest = 2.0

    init(from point: SIMD4<Double>, _ sample: @escaping (SIMD4<Double>) -> Sample) {
        self.point = point
        self.sample = sample
        here = sample(point)
    }

    /// The highest point; nil if none is found.
    mutating func top() -> SIMD4<Double>? {
        for _ in 0..<Self.steps {
            if Self.longest(here.gradient) < Self.flat { return point }
            var direction = times(inverse, here.gradient)
            if (direction * here.gradient).sum() <= 0 {
                inverse = Self.identity
                direction = here.gradient
            }
            let length = Self.longest(direction)
            if length > Self.longest { direction *= Self.longest / length }
            guard let (next, there) = ascend(direction) else {
                // Nothing above in that direction: the top, as far as numbers of this size tell.
                return Self.longest(here.gradient) < 1e-8 ? point : nil
            }
            learn(step: next - point, change: here.gradient - there.gradient)
            (point, here) = (next, there)
        }
        return nil
    }

    /// Goes as far as the rise is worth the way, halving the step until it is.
    ///
    /// Near the top the rise drowns in `noise`; there a step is good that makes the slope gentler,
    /// which is known much better than the value.
    ///
    /// - Source: W. W. Hager and H. Zhang, "A New Conjugate Gradient Method with Guaranteed Descent",
    ///   SIAM J. Optim. 16 (2005), the approximate conditions of Wolfe.
    private func ascend(_ direction: SIMD4<Double>) -> (SIMD4<Double>, Sample)? {
        let slope = (direction * here.gradient).sum()
        var step = 1.0
        while step > 1e-10 {
            let next = point + step * direction
            let there = sample(next)
            let rise = there.value - here.value
            let noise = Self.noise * here.value.magnitude
            if rise > noise, rise >= 1e-4 * step * slope { return (next, there) }
            let left = (direction * there.gradient).sum()
            if rise >= -noise, left.magnitude <= 0.9 * slope { return (next, there) }
            step /= 2
        }
        return nil
    }

    /// Takes up what a step taught about the curvature.
    private mutating func learn(step: SIMD4<Double>, change: SIMD4<Double>) {
        let along = (step * change).sum()
        guard along > 0, along.isNormal else { return }
        let turned = times(inverse, change)
        let weight = (1 + (change * turned).sum() / along) / along
        for column in 0..<4 {
            inverse[column] +=
                weight * step[column] * step
                - (turned[column] * step + step[column] * turned) / along
        }
    }

    private func times(_ matrix: [SIMD4<Double>], _ vector: SIMD4<Double>) -> SIMD4<Double> {
        matrix[0] * vector[0] + matrix[1] * vector[1] + matrix[2] * vector[2]
            + matrix[3] * vector[3]
    }

    private static let identity: [SIMD4<Double>] = [
        SIMD4(1, 0, 0, 0), SIMD4(0, 1, 0, 0), SIMD4(0, 0, 1, 0), SIMD4(0, 0, 0, 1),
    ]

    private static func longest(_ vector: SIMD4<Double>) -> Double {
        max(vector.max().magnitude, vector.min().magnitude)
    }
}
