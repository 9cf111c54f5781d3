/// The kinds of rules in the order in which they are evaluated, each reading only what is known before
/// it.
public enum RuleStep: Int, Sendable, CaseIterable, Comparable {
    /// Points for attributes.
    case fit
    /// Whom we are dealing with.
    case audience
    /// How far somebody has come.
    case stage
    /// Named sets.
    case segment

    /// What such rules are called in messages.
    public var noun: String {
        switch self {
        case .fit: "fit rules"
        case .audience: "audiences"
        case .stage: "stages"
        case .segment: "segments"
        }
    }

    /// The earlier one comes first.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Columns as conditions see them: under their names, with their types.
extension LeadColumn {
    /// The type with which the column is declared: it decides how values are compared.
    var type: String {
        switch self {
        // `rowid` is the contact's number here as it is in `leads`.
        case .contactID: "INTEGER PRIMARY KEY"
        case .anonymous, .events, .recencyDays, .purchases, .r, .f, .m, .softStreak: "INTEGER"
        case .engagement, .fit, .completeness, .score, .delta30, .delta60, .peak30, .value,
            .pAlive, .expectedPurchases90:
            "REAL"
        case .email, .customerID, .firstSeen, .lastSeen, .lastActivityDay, .grade, .band, .stage,
            .audience, .hotUntil, .firstPurchase, .lastPurchase, .rfmGroup, .deliverability,
            .domain, .owner, .points, .counts, .traits, .interests, .asOfDay:
            "TEXT"
        }
    }

    /// The step that computes it; nil if it is known before all rules.
    var computedBy: RuleStep? {
        switch self {
        case .fit, .grade, .completeness, .score, .band: .fit
        case .audience: .audience
        case .stage: .stage
        default: nil
        }
    }

    /// Whether a step's conditions may read it.
    public func isKnown(before step: RuleStep) -> Bool { computedBy.map { $0 < step } ?? true }

    /// A plausible value as SQL, for trying a condition out.
    var sample: String {
        switch self {
        case .contactID: "1"
        case .email: "'ann@example.com'"
        case .customerID: "'K-1'"
        case .anonymous: "0"
        case .firstSeen, .lastSeen: "'2026-01-02T03:04:05Z'"
        case .lastActivityDay, .hotUntil, .firstPurchase, .lastPurchase, .asOfDay: "'2026-01-02'"
        case .events, .recencyDays, .purchases, .r, .f, .m, .softStreak: "1"
        case .engagement, .fit, .completeness, .score, .delta30, .delta60, .peak30, .value,
            .pAlive, .expectedPurchases90:
            "1.0"
        case .grade: "'C'"
        case .band: "'C3'"
        case .stage, .audience, .rfmGroup, .owner: "'known'"
        case .deliverability: "'ok'"
        case .domain: "'example.com'"
        case .points, .counts, .interests: "'{\"click\":1}'"
        case .traits: "'{\"job_title\":\"director\"}'"
        }
    }
}
