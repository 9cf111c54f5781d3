/// The columns of `leads`, in their order; the only list of them on the reading side.
///
/// `LeadsSchema` makes the table; a test holds the two together.
public enum LeadColumn: String, CaseIterable, Sendable {
    case contactID = "contact_id"
    case email
    case customerID = "customer_id"
    case anonymous
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    case lastActivityDay = "last_activity_day"
    case events
    case engagement
    case fit
    case grade
    case completeness
    case score
    case band
    case stage
    case audience
    case delta30 = "delta_30d"
    case delta60 = "delta_60d"
    case peak30 = "peak_30d"
    case hotUntil = "hot_until"
    case firstPurchase = "first_purchase"
    case lastPurchase = "last_purchase"
    case recencyDays = "recency_days"
    case purchases
    case value
    case r
    case f
    case m
    case rfmGroup = "rfm_group"
    case pAlive = "p_alive"
    case expectedPurchases90 = "expected_purchases_90d"
    case deliverability
    case softStreak = "soft_streak"
    case domain
    case owner
    case points
    case counts
    case traits
    case asOfDay = "as_of_day"
    case interests

    /// What its values are.
    public enum Kind: Sendable {
        case integer
        case real
        case text
        case flag
        case object
    }

    /// What the values of this column are.
    public var kind: Kind {
        switch self {
        case .contactID, .events, .recencyDays, .purchases, .r, .f, .m, .softStreak: .integer
        case .engagement, .fit, .completeness, .score, .delta30, .delta60, .peak30, .value, .pAlive,
            .expectedPurchases90:
            .real
        case .anonymous: .flag
        case .points, .counts, .traits, .interests: .object
        default: .text
        }
    }
}

/// One value of a row.
public enum LeadValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case flag(Bool)
    /// A JSON object as text.
    case object(String)
}

/// One row of `leads`: a contact.
public struct LeadRow: Sendable, Equatable {
    private var values: [LeadColumn: LeadValue]

    /// A row; columns that are left out are null.
    public init(_ values: [LeadColumn: LeadValue]) { self.values = values }

    /// The value in a column.
    public subscript(column: LeadColumn) -> LeadValue {
        get { values[column] ?? .null }
        set { values[column] = newValue }
    }

    /// The number in a column; nil where it holds none.
    public func number(_ column: LeadColumn) -> Double? {
        switch self[column] {
        case .real(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The text in a column; nil where it holds none.
    public func text(_ column: LeadColumn) -> String? {
        if case .text(let text) = self[column] { text } else { nil }
    }

    /// The number of the contact.
    public var contactID: Int64 {
        if case .integer(let id) = self[.contactID] { id } else { 0 }
    }
}

/// One row of `identifiers`: a name that a contact goes by.
public struct IdentifierRow: Sendable, Equatable {
    /// Its number.
    public var id: Int64
    /// `customer_id`, `email` or `cookie`.
    public var kind: String
    /// The name itself.
    public var value: String
    /// The contact that it belongs to.
    public var contactID: Int64
    /// Whether several people share it, so that it belongs to none of them.
    public var ambiguous: Bool
    /// RFC 3339.
    public var firstSeen: String
    /// RFC 3339.
    public var lastSeen: String
    /// Why it belongs to the contact; nil for the one that names the person.
    public var reason: String?

    /// A row.
    public init(
        id: Int64, kind: String, value: String, contactID: Int64, ambiguous: Bool,
        firstSeen: String, lastSeen: String, reason: String? = nil
    ) {
        self.reason = reason
        self.id = id
        self.kind = kind
        self.value = value
        self.contactID = contactID
        self.ambiguous = ambiguous
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }
}
