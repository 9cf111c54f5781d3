import Glibc

/// Who somebody is: fit from 0 to 100, and what follows from it.
public enum Profile {
    /// The letter of a fit: A from 75, B from 50, C from 25, else D.
    ///
    /// - Parameter fit: In millionths of a point.
    public static func grade(fit: Micropoints) -> Int {
        fit >= 75_000_000 ? 0 : fit >= 50_000_000 ? 1 : fit >= 25_000_000 ? 2 : 3
    }

    /// The letters, by grade.
    public static let grades = ["A", "B", "C", "D"]

    /// How far an engagement is from a line: 0 from it up, 1 from half of it, 2 from a fifth, 3 below.
    public static func level(engagement: Micropoints, mql: Micropoints) -> Int {
        engagement >= mql ? 0 : engagement * 2 >= mql ? 1 : engagement * 5 >= mql ? 2 : 3
    }

    /// The sum of points as fit: at least 0, at most 100.
    public static func fit(sum: Micropoints) -> Micropoints { min(max(sum, 0), 100_000_000) }
}

/// A step of the lifecycle where the configuration names none.
public enum DefaultStage: String, Sendable, CaseIterable {
    case lapsed
    case atRisk = "at_risk"
    case `repeat`
    case customer
    case opportunity
    case mql
    case engaged
    case known
    case anonymous

    /// Its place on the ladder; higher is further. Who stopped buying stands below who buys, and
    /// above who never did.
    public var rank: Int {
        switch self {
        case .repeat: 8
        case .customer: 7
        case .atRisk: 6
        case .lapsed: 5
        case .opportunity: 4
        case .mql: 3
        case .engaged: 2
        case .known: 1
        case .anonymous: 0
        }
    }

    /// The first stage that holds. `opportunity` is only ever stated by a CRM.
    ///
    /// - Parameters:
    ///   - recencyDays: Since the last purchase.
    ///   - level: `Profile.level` of the engagement.
    public init(purchases: Int64, recencyDays: Int64?, level: Int, anonymous: Bool) {
        if purchases > 0 {
            let days = recencyDays ?? 0
            self =
                days > 365 ? .lapsed : days > 180 ? .atRisk : purchases > 1 ? .repeat : .customer
        } else if level <= 2 {
            self = level == 0 ? .mql : .engaged
        } else {
            self = anonymous ? .anonymous : .known
        }
    }

    /// The same as a condition, for whoever reads the model.
    public func condition(mql: Double) -> String {
        switch self {
        case .lapsed: "purchases > 0 AND recency_days > 365"
        case .atRisk: "purchases > 0 AND recency_days > 180"
        case .repeat: "purchases > 1"
        case .customer: "purchases > 0"
        case .opportunity: "FALSE"
        case .mql: "engagement >= \(mql)"
        case .engaged: "engagement >= \(mql) / 5.0"
        case .known: "NOT anonymous"
        case .anonymous: "TRUE"
        }
    }
}

/// What a CRM says about a stage.
public enum StatedStage {
    /// For how many days it wins over the rules, the day of the statement included.
    public static let days = 180

    /// Whether a stage that was stated on a day still wins, unless the person bought on that day or
    /// later.
    public static func counts(
        statedOn stated: Day, on day: Day, lastPurchase: Day?
    ) -> Bool {
        let age = day.days(since: stated)
        guard age >= 0, age < days else { return false }
        return lastPurchase.map { $0 < stated } ?? true
    }
}
