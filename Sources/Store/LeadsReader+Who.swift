public import Core
internal import GRDB

/// Whom somebody asks about.
public enum Who: Sendable, Equatable {
    /// By the number of the contact, or one that it had before.
    case contact(Int64)
    /// By an identifier, in its normal form.
    case identifier(IdentifierKind, String)
    /// By any identifier.
    case any(String)

    /// The prefixes by which a kind is chosen.
    private static let prefixes: [(String, IdentifierKind)] = [
        ("email", .email), ("customer", .customerID), ("cookie", .cookie),
    ]

    /// Reads `email:`, `customer:`, `cookie:` or `contact:` and a value, or a bare value.
    ///
    /// - Returns: nil if there is no value, or `contact:` is not followed by a number.
    public init?(_ text: String) {
        if let number = Who.value(of: "contact", in: text) {
            guard let id = Int64(number), id > 0 else { return nil }
            self = .contact(id)
            return
        }
        for (prefix, kind) in Who.prefixes {
            guard let value = Who.value(of: prefix, in: text) else { continue }
            guard !value.isEmpty else { return nil }
            self = .identifier(kind, Who.normal(value, as: kind))
            return
        }
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        self = .any(text)
    }

    /// The form under which an identifier is stored; the text itself if it can be none.
    static func normal(_ text: String, as kind: IdentifierKind) -> String {
        Identifier(kind: kind, text: text).map { String(decoding: $0.value, as: UTF8.self) } ?? text
    }

    private static func value(of prefix: String, in text: String) -> String? {
        let text = text.drop { $0.isWhitespace }
        guard text.utf8.starts(with: (prefix + ":").utf8) else { return nil }
        let value = text.dropFirst(prefix.count + 1).drop { $0.isWhitespace }
        return String(value.reversed().drop { $0.isWhitespace }.reversed())
    }
}

/// What was found for a `Who`.
public enum Found: Sendable, Equatable {
    /// This contact.
    case contact(LeadRow)
    /// Nobody.
    case nobody
    /// Somebody who has no row in `leads` yet, as cookies seen only once.
    case unpublished([IdentifierRow])
    /// Several; one has to be chosen.
    case several([IdentifierRow])
}

extension LeadsReader {
    /// Finds the contact that is asked for.
    ///
    /// A bare value is looked for among the identifiers of every kind, also as an email address, and
    /// counts as unambiguous if all that is found belongs to one contact.
    ///
    /// - Complexity: O(log identifiers).
    public func find(_ who: Who) throws -> Found {
        if case .contact(let id) = who, let lead = try lead(id) { return .contact(lead) }
        let identifiers = try candidates(for: who)
        let contacts = Set(identifiers.map(\.contactID))
        guard let contact = contacts.first else { return .nobody }
        guard contacts.count == 1 else { return .several(identifiers) }
        return try lead(contact).map(Found.contact) ?? .unpublished(identifiers)
    }

    private func candidates(for who: Who) throws -> [IdentifierRow] {
        switch who {
        case .contact(let id): try identifiers(where: "identifier_id = ?", [id])
        case .identifier(let kind, let value): try identifiers(kind, value)
        case .any(let text):
            try IdentifierKind.allCases.flatMap {
                try identifiers($0, Who.normal(text, as: $0))
            }
        }
    }

    private func identifiers(_ kind: IdentifierKind, _ value: String) throws -> [IdentifierRow] {
        try identifiers(where: "value = ? AND kind = ?", [value, kind.name])
    }
}
