import Core
import Glibc

/// A value in a condition, as SQLite would have it there.
enum ConditionValue {
    case null
    case integer(Int64)
    case real(Double)
    /// A fraction that was read from decimal digits: SQLite may have the neighbouring number.
    case rounded(Double)
    case text(ByteSlice)
    /// It takes SQLite to tell.
    case unknown

    static func flag(_ value: Bool) -> Self { .integer(value ? 1 : 0) }

    var isNull: Bool { if case .null = self { true } else { false } }

    var isUnknown: Bool { if case .unknown = self { true } else { false } }

    /// A decimal number of at most 15 digits, of which the last `places` follow the point.
    static func decimal(_ digits: Int64, places: Int) -> Self {
        let value = Double(digits) / powers[places]
        return value.rounded() == value ? .real(value) : .rounded(value)
    }

    private static let powers: [Double] = (0...15).map { place in
        (0..<place).reduce(1.0) { power, _ in power * 10 }
    }

    /// Which of two values comes first.
    enum Order {
        case null
        case unknown
        case less
        case same
        case greater

        init<T: Comparable>(_ left: T, _ right: T) {
            self = left < right ? .less : left == right ? .same : .greater
        }
    }

    /// Compares numbers with numbers and texts with texts; what follows from comparing anything else
    /// depends on the types of columns.
    func order(_ other: Self) -> Order {
        switch (self, other) {
        case (.unknown, _), (_, .unknown): return .unknown
        case (.null, _), (_, .null): return .null
        case (.integer(let left), .integer(let right)): return Order(left, right)
        case (.text(let left), .text(let right)): return Order(bytes: left, right)
        default: break
        }
        guard let left = number, let right = other.number else { return .unknown }
        if isRounded || other.isRounded,
            abs(left - right) <= 1e-13 * max(abs(left), abs(right))
        {
            return .unknown
        }
        return Order(left, right)
    }

    private var isRounded: Bool { if case .rounded = self { true } else { false } }

    /// As a double, if it is one exactly, or rounded as told.
    private var number: Double? {
        switch self {
        case .integer(let value): value.magnitude <= 1 << 53 ? Double(value) : nil
        case .real(let value), .rounded(let value): value
        default: nil
        }
    }

    /// Whether it holds.
    enum Truth {
        case null
        case unknown
        case fails
        case holds
    }

    var truth: Truth {
        switch self {
        case .null: .null
        case .unknown, .text: .unknown
        case .integer(let value): value == 0 ? .fails : .holds
        case .real(let value), .rounded(let value): value == 0 ? .fails : .holds
        }
    }
}

extension ConditionValue.Truth {
    var value: ConditionValue {
        switch self {
        case .null: .null
        case .unknown: .unknown
        case .fails: .flag(false)
        case .holds: .flag(true)
        }
    }

    var negated: ConditionValue {
        switch self {
        case .null: .null
        case .unknown: .unknown
        case .fails: .flag(true)
        case .holds: .flag(false)
        }
    }

    func and(_ other: Self) -> ConditionValue {
        if self == .unknown || other == .unknown { return .unknown }
        if self == .fails || other == .fails { return .flag(false) }
        return self == .null || other == .null ? .null : .flag(true)
    }

    func or(_ other: Self) -> ConditionValue {
        if self == .unknown || other == .unknown { return .unknown }
        if self == .holds || other == .holds { return .flag(true) }
        return self == .null || other == .null ? .null : .flag(false)
    }
}

extension ConditionValue.Order {
    init(bytes left: ByteSlice, _ right: ByteSlice) {
        let shared = min(left.count, right.count)
        // An empty slice has no address.
        let order =
            unsafe shared == 0
            ? 0 : memcmp(left.start.unsafelyUnwrapped, right.start.unsafelyUnwrapped, shared)
        self = order == 0 ? .init(left.count, right.count) : order < 0 ? .less : .greater
    }
}

extension PublishedContact {
    /// Longer texts, which only JSON of thousands of attributes can be, are null to conditions.
    private static let longestText = 200_000

    /// The value of a column as conditions see it.
    ///
    /// - Parameter beforeFit: Whether attributes past their shelf life are left out.
    func value(of column: LeadColumn, in text: ByteSlice, beforeFit: Bool) -> ConditionValue {
        func points(_ points: Micropoints) -> ConditionValue { .real(Double(points) / 1_000_000) }
        func real(_ value: Double?) -> ConditionValue {
            value.map { $0.isNaN ? .null : .real($0) } ?? .null
        }
        func integer(_ value: Int64?) -> ConditionValue { value.map { .integer($0) } ?? .null }
        func piece(_ piece: TextArena.Piece) -> ConditionValue {
            guard piece.start >= 0, piece.count <= Self.longestText else { return .null }
            return .text(text[Int(piece.start)..<Int(piece.start + piece.count)])
        }
        return switch column {
        case .contactID: .integer(contact)
        case .email: piece(email)
        case .customerID: piece(customerID)
        case .anonymous: .flag(isAnonymous)
        case .firstSeen: piece(firstSeen)
        case .lastSeen: piece(lastSeen)
        case .lastActivityDay: piece(lastActivity)
        case .events: .integer(events)
        case .engagement: points(engagement)
        case .fit: points(fit)
        case .grade: piece(grade)
        case .completeness: real(completeness)
        case .score: points(score)
        case .band: piece(band)
        case .stage: piece(stage)
        case .audience: piece(audience)
        case .delta30: points(delta30)
        case .delta60: points(delta60)
        case .peak30: points(peak30)
        case .hotUntil: piece(hotUntil)
        case .firstPurchase: piece(firstPurchase)
        case .lastPurchase: piece(lastPurchase)
        case .recencyDays: integer(recencyDays)
        case .purchases: .integer(purchases)
        case .value: .real(Double(value) / 10_000)
        case .r: integer(r)
        case .f: integer(f)
        case .m: integer(m)
        case .rfmGroup: piece(rfmGroup)
        case .pAlive: real(pAlive)
        case .expectedPurchases90: real(expectedPurchases)
        case .deliverability: piece(deliverability)
        case .softStreak: integer(softStreak)
        case .domain: piece(domain)
        case .owner: piece(owner)
        case .points: piece(self.points)
        case .counts: piece(counts)
        case .traits: piece(beforeFit ? fitTraits : traits)
        case .interests: piece(interests)
        case .asOfDay: piece(day)
        }
    }
}

/// A flat JSON object, as the columns of points, counts and interests are, and most of traits.
enum FlatObject {
    /// What `->>` gives for a key; unknown if there is anything in the object that is no plain text or
    /// number.
    static func member(_ key: ByteSlice, of json: ByteSlice) -> ConditionValue {
        guard json.count >= 2, json[0] == 0x7B else { return .unknown }
        var found: ConditionValue?
        var place = 1
        if json[1] == 0x7D { return json.count == 2 ? .null : .unknown }
        while let name = text(json, &place), take(0x3A, json, &place),
            let value = value(json, &place)
        {
            if found == nil, ConditionValue.Order(bytes: name, key) == .same {
                found = value
            }
            if take(0x2C, json, &place) { continue }
            return take(0x7D, json, &place) && place == json.count ? found ?? .null : .unknown
        }
        return .unknown
    }

    private static func take(_ byte: UInt8, _ json: ByteSlice, _ place: inout Int) -> Bool {
        guard place < json.count, json[place] == byte else { return false }
        place += 1
        return true
    }

    private static func value(_ json: ByteSlice, _ place: inout Int) -> ConditionValue? {
        guard place < json.count else { return nil }
        return json[place] == 0x22
            ? text(json, &place).map { .text($0) } : number(json, &place)
    }

    private static func text(_ json: ByteSlice, _ place: inout Int) -> ByteSlice? {
        guard take(0x22, json, &place) else { return nil }
        let start = place
        while place < json.count, json[place] != 0x22 {
            guard json[place] >= 0x20, json[place] != 0x5C else { return nil }
            place += 1
        }
        let end = place
        return take(0x22, json, &place) ? json[start..<end] : nil
    }

    private static func number(_ json: ByteSlice, _ place: inout Int) -> ConditionValue? {
        let isNegative = take(0x2D, json, &place)
        let start = place
        guard let whole = digits(0, json, &place), place == start + 1 || json[start] != 0x30 else {
            return nil
        }
        guard take(0x2E, json, &place) else {
            return place - start <= 15 ? .integer(isNegative ? -whole : whole) : nil
        }
        let point = place
        guard let all = digits(whole, json, &place), place - start <= 16 else { return nil }
        return .decimal(isNegative ? -all : all, places: place - point)
    }

    /// One digit or more, behind those of `before`.
    private static func digits(
        _ before: Int64, _ json: ByteSlice, _ place: inout Int
    ) -> Int64? {
        let start = place
        var value = before
        while place < json.count, json[place] &- 0x30 <= 9 {
            value = value &* 10 &+ Int64(json[place] - 0x30)
            place += 1
        }
        return place > start ? value : nil
    }
}
