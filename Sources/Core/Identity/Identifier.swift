/// What kind of thing names a person, in the order of rank: a customer number says more about who
/// somebody is than an email address, and that more than a browser cookie.
public enum IdentifierKind: UInt8, Sendable, CaseIterable, Comparable {
    case customerID = 0
    case email = 1
    case cookie = 2

    /// The word for it in tables, commands and events.
    public var name: String {
        switch self {
        case .customerID: "customer_id"
        case .email: "email"
        case .cookie: "cookie"
        }
    }

    /// The kind that a table or a command calls so.
    public init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// Whether this kind ranks above another.
    public func outranks(_ other: IdentifierKind) -> Bool { rawValue < other.rawValue }

    /// Higher ranks first.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A customer number, an email address or a cookie, normalised.
public struct Identifier: Hashable, Sendable, Comparable {
    /// What kind of identifier.
    public var kind: IdentifierKind
    /// The normalised bytes, valid UTF-8.
    public var value: [UInt8]

    /// An identifier whose value is normalised already.
    public init(kind: IdentifierKind, value: [UInt8]) {
        self.kind = kind
        self.value = value
    }

    /// By kind, then by bytes: the order of the canonical dump.
    public static func < (left: Self, right: Self) -> Bool {
        left.kind == right.kind
            ? left.value.lexicographicallyPrecedes(right.value) : left.kind < right.kind
    }
}

extension Identifier: CustomStringConvertible {
    /// `email:ann@example.com`.
    public var description: String { "\(kind.name):\(String(decoding: value, as: UTF8.self))" }
}
