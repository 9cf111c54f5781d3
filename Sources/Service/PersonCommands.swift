import Core
import Store

/// Commands about who is who: `link`, `unlink`, `forget`. They need the state itself.
struct PersonCommands {
    let store: StateStore
    let now: Instant
    /// Contacts whose rows may have changed.
    private(set) var touched: Set<Int64> = []
    /// Whether somebody was erased.
    private(set) var erased = false

    init(store: StateStore, now: Instant) {
        self.store = store
        self.now = now
    }

    /// The names of the commands that it knows.
    static let names: Set<String> = ["link", "unlink", "forget"]

    /// Does what is asked.
    mutating func answer(_ request: ControlRequest) -> ControlResponse {
        do throws(StoreError) {
            switch request.command {
            case "link", "unlink":
                return try assert(joined: request.command == "link", request.arguments)
            default: return try forget(request.arguments)
            }
        } catch {
            return .failure("\(error)", exitCode: error.exitCode)
        }
    }

    private mutating func assert(
        joined: Bool, _ arguments: [String: ControlValue]
    ) throws(StoreError) -> ControlResponse {
        var found: [Int64] = []
        for key in ["a", "b"] {
            switch try find(arguments[key]?.string ?? "") {
            case .identifier(let id): found.append(id)
            case .failure(let failure): return failure
            }
        }
        guard found[0] != found[1] else {
            return .failure("both are one identifier; name two", exitCode: 64)
        }
        let actor = arguments["actor"]?.string ?? "unknown"
        let result = try store.assert(
            joined: joined, found[0], found[1], by: actor, at: now)
        touched.formUnion(result.touched)
        return .result(
            .object([
                "a": .string(try store.identifier(found[0]).description),
                "b": .string(try store.identifier(found[1]).description),
                "contact_a": .integer(result.contacts[0]),
                "contact_b": .integer(result.contacts[1]),
                "one_person": .bool(result.isOnePerson),
                "revoked": .bool(result.revoked),
            ]))
    }

    private mutating func forget(
        _ arguments: [String: ControlValue]
    ) throws(StoreError) -> ControlResponse {
        let identifier: Int64
        switch try find(arguments["who"]?.string ?? "") {
        case .identifier(let id): identifier = id
        case .failure(let failure): return failure
        }
        let contact = try store.contact(of: identifier)
        guard let result = try store.erase(contact, at: now) else {
            return .failure("there is no contact \(contact)", exitCode: 1)
        }
        touched.formUnion(result.touched)
        erased = true
        return .result(
            .object([
                "contact_id": .integer(result.contact),
                "identifiers": .integer(Int64(result.identifiers)),
                "events": .integer(result.events),
            ]))
    }

    private enum Found {
        case identifier(Int64)
        case failure(ControlResponse)
    }

    /// The identifier that a text names; a bare value must name identifiers of one person.
    private func find(_ text: String) throws(StoreError) -> Found {
        guard let who = Who(text) else {
            return .failure(
                .failure(
                    "'\(text)' names nobody: write email:, customer:, cookie: or contact: "
                        + "and a value", exitCode: 64))
        }
        var numbers: [Int64] = []
        switch who {
        case .contact(let id):
            if try store.hasIdentifier(id) { numbers = [id] }
        case .identifier(let kind, let value):
            numbers = try number(kind, value)
        case .any(let value):
            for kind in IdentifierKind.allCases { numbers += try number(kind, value) }
        }
        guard let first = numbers.first else {
            return .failure(.failure("nobody goes by \(text)", exitCode: 1))
        }
        let contact = try store.contact(of: first)
        for number in numbers.dropFirst() where try store.contact(of: number) != contact {
            return .failure(
                .failure("\(text) names several people; write its prefix", exitCode: 64))
        }
        return .identifier(first)
    }

    private func number(
        _ kind: IdentifierKind, _ value: String
    ) throws(StoreError) -> [Int64] {
        guard let identifier = Identifier(kind: kind, text: value),
            let number = try store.number(of: identifier)
        else { return [] }
        return [number]
    }
}
