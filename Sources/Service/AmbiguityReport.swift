import Core
import Store

/// What `leadscore ambiguous` shows: who belongs to nobody, and between whom it stands.
enum AmbiguityReport {
    /// Identifiers at most in one answer.
    static let limit: Int64 = 5000
    /// Identifiers that are looked at without letting other work in between.
    private static let chunk: Int64 = 50_000

    /// `{total, identifiers: [...]}`: those with the most events first.
    ///
    /// - Complexity: O(identifiers of the state).
    static func answer(
        _ request: ControlRequest, _ access: some StateAccess
    ) throws(StoreError) -> ControlResponse {
        let asked = request.arguments["limit"]?.integer ?? 20
        let limit = Int(max(0, min(asked, Self.limit)))
        var found: [AmbiguousIdentifier] = []
        var total: Int64 = 0
        var last: Int64? = 0
        while let after = last {
            let step = try access.read { store, _, _ throws(StoreError) in
                try store.ambiguous(after: after, limit: chunk)
            }
            total += Int64(step.found.count)
            found = Array(
                (found + step.found).sorted { ($1.n, $0.id) < ($0.n, $1.id) }.prefix(limit))
            last = step.last
        }
        return .result(
            .object(["total": .integer(total), "identifiers": .array(found.map(value))]))
    }

    private static func value(_ found: AmbiguousIdentifier) -> ControlValue {
        .object([
            "contact_id": .integer(found.id), "kind": .string(found.identifier.kind.name),
            "value": .string(text(found.identifier)), "events": .integer(found.n),
            "first_seen": .string(found.first.rfc3339), "last_seen": .string(found.last.rfc3339),
            "people": .array(
                found.people.map {
                    .object([
                        "contact_id": .integer($0.contact),
                        "kind": .string($0.identifier.kind.name),
                        "value": .string(text($0.identifier)), "events": .integer($0.n),
                    ])
                }),
        ])
    }

    private static func text(_ identifier: Identifier) -> String {
        String(decoding: identifier.value, as: UTF8.self)
    }
}
