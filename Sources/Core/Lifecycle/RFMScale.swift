/// Bands 1 to 5 of one of the three measures of a customer: recency, frequency, money.
///
/// A scale is made from all customers at once and then gives a band to any value, so that a single
/// customer can be judged anew without looking at the others.
public struct RFMScale: Sendable, Equatable {
    /// Which values are better.
    public enum Order: Sendable {
        /// As of purchases and money.
        case higherIsBetter
        /// As of days since the last purchase.
        case lowerIsBetter
    }

    /// The worst value that is still in band 2, 3, 4 and 5, each at least as good as the one before.
    public let edges: [Int64]
    /// Which values are better.
    public let order: Order

    /// A scale of fixed edges: the worst values of bands 2, 3, 4 and 5.
    ///
    /// - Returns: nil unless there are four, each at least as good as the one before.
    public init?(edges: [Int64], _ order: Order) {
        guard edges.count == 4 else { return nil }
        for place in 1..<4 where !Self.isAtLeast(edges[place], edges[place - 1], order) {
            return nil
        }
        self.edges = edges
        self.order = order
    }

    /// The scale that gives each of `values` the band
    ///
    ///     ceil(5 * (N - strictly better) / N)
    ///
    /// N being their number: five bands of equal size, as far as equal values let them be, for equal
    /// values have equal bands. A value that is none of them is in the band of the best one that it
    /// is at least as good as, and in band 1 if there is none.
    ///
    /// - Returns: nil if there are no values.
    /// - Complexity: O(n log n).
    public init?(of values: [Int64], _ order: Order) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted { Self.isAtLeast($0, $1, order) && $0 != $1 }
        // In band k or better is who has fewer than N * (6 - k) / 5 before him. At the last place of
        // which that holds stands the worst such value, whatever its equals make of places.
        edges = (2...5).map { band in sorted[(sorted.count * (6 - band) + 4) / 5 - 1] }
        self.order = order
    }

    /// The band of a value, 1 to 5; 5 is best.
    public func band(of value: Int64) -> Int {
        1 + edges.count { Self.isAtLeast(value, $0, order) }
    }

    private static func isAtLeast(_ value: Int64, _ other: Int64, _ order: Order) -> Bool {
        switch order {
        case .higherIsBetter: value >= other
        case .lowerIsBetter: value <= other
        }
    }
}
