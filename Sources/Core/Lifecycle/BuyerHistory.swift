/// When a customer bought, as far as the model of buying looks at it.
///
/// Purchases of one day are one purchase. Invariants: 0 <= `lastDay` <= `age`, `repeats` >= 0; all of
/// them are below 2^21, which is more days than the calendar of a cell has.
public struct BuyerHistory: Hashable, Comparable, Sendable {
    /// 22 bits of repeats, 21 of last day, 21 of age; sorts in that order.
    private let packed: UInt64

    private static let limit = 1 << 21

    /// The history of a customer who bought on `repeats` days after the first purchase, the last
    /// time `lastDay` days after it, seen `age` days after it. What does not fit is made to fit.
    public init(repeats: Int, lastDay: Int, age: Int) {
        let age = min(max(age, 0), Self.limit - 1)
        let repeats = min(max(repeats, 0), Self.limit - 1)
        // A single purchase is its own last one.
        let last = repeats == 0 ? 0 : min(max(lastDay, 0), age)
        packed = UInt64(repeats) << 42 | UInt64(last) << 21 | UInt64(age)
    }

    /// The history, at a day, of a customer who bought on so many different days.
    public init(purchaseDays: Int, first: Day, last: Day, on day: Day) {
        self.init(
            repeats: purchaseDays - 1, lastDay: last.days(since: first),
            age: max(day, last).days(since: first))
    }

    /// x: days with a purchase, but for the first one.
    public var repeats: Int { Int(packed >> 42) }
    /// t_x: days from the first to the last purchase.
    public var lastDay: Int { Int(packed >> 21) & (Self.limit - 1) }
    /// T: days from the first purchase to the day at hand.
    public var age: Int { Int(packed) & (Self.limit - 1) }

    /// By repeats, last day, age.
    public static func < (left: Self, right: Self) -> Bool { left.packed < right.packed }
}

/// The customers of a business, equal histories together.
public struct BuyerGroups: Sendable {
    /// So many customers of one history.
    public struct Group: Hashable, Sendable {
        /// Their history.
        public var history: BuyerHistory
        /// How many they are, more than 0.
        public var count: Int
    }

    /// The groups, ascending by history without doubles.
    public let groups: [Group]
    /// How many customers there are.
    public let buyers: Int
    /// How many of them came back.
    public let returned: Int

    /// Groups customers, whose order does not matter.
    ///
    /// - Complexity: O(n log n).
    public init(_ histories: [BuyerHistory]) {
        var groups: [Group] = []
        var returned = 0
        for history in histories.sorted() {
            if history.repeats > 0 { returned += 1 }
            if groups.last?.history == history {
                groups[groups.count - 1].count += 1
            } else {
                groups.append(Group(history: history, count: 1))
            }
        }
        self.groups = groups
        self.returned = returned
        buyers = histories.count
    }
}
