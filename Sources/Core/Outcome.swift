/// What became of a record. Every record gets exactly one.
public enum Outcome: UInt8, Sendable, CaseIterable {
    case applied = 0
    case duplicate = 1
    case filtered = 2
    case quarantined = 3
    case suppressed = 4

    /// The word for it in tables and reports.
    public var name: String {
        switch self {
        case .applied: "applied"
        case .duplicate: "duplicate"
        case .filtered: "filtered"
        case .quarantined: "quarantined"
        case .suppressed: "suppressed"
        }
    }
}

/// An outcome with its reason, the unit of all counting.
///
/// A registry: a new reason is a new line here. The number is only for memory; what is stored is the
/// name.
public enum Verdict: UInt8, Sendable, CaseIterable {
    case applied
    case duplicate
    case suppressed
    // Filtered: nothing is wrong with the record, and it counts nowhere.
    case blank
    case noIdentifier
    case noSignal
    case tooOld
    case noRoute
    case badRequest
    case otherType
    case otherLine
    case header
    // Quarantined: somebody should look at the record.
    case json
    case format
    case depth
    case utf8
    case nul
    case duplicateKey
    case oversize
    case unterminated
    case poison
    case field
    case time
    case type
    case future
    case email
    case value
    case traits

    /// Which outcome it is.
    public var outcome: Outcome {
        switch self {
        case .applied: .applied
        case .duplicate: .duplicate
        case .suppressed: .suppressed
        case .blank, .noIdentifier, .noSignal, .tooOld, .noRoute, .badRequest, .otherType,
            .otherLine, .header:
            .filtered
        case .json, .format, .depth, .utf8, .nul, .duplicateKey, .oversize, .unterminated, .poison,
            .field, .time, .type, .future,
            .email, .value, .traits:
            .quarantined
        }
    }

    /// The reason as it is stored and shown; empty where the outcome says it all.
    public var reason: String {
        switch self {
        case .applied, .duplicate, .suppressed: ""
        case .blank: "blank"
        case .noIdentifier: "no_identifier"
        case .noSignal: "no_signal"
        case .tooOld: "too_old"
        case .noRoute: "no_route"
        case .badRequest: "bad_request"
        case .otherType: "type"
        case .otherLine: "other"
        case .header: "header"
        case .json: "json"
        case .format: "format"
        case .depth: "depth"
        case .utf8: "utf8"
        case .nul: "nul"
        case .duplicateKey: "dupkey"
        case .oversize: "oversize"
        case .unterminated: "unterminated"
        case .poison: "poison"
        case .field: "field"
        case .time: "ts"
        case .type: "type"
        case .future: "future"
        case .email: "email"
        case .value: "value"
        case .traits: "traits"
        }
    }

    /// What the reason means, for people.
    public var explanation: String {
        switch self {
        case .applied: "counted"
        case .duplicate: "an event with the same id, time, type and identifier was counted before"
        case .suppressed: "belongs to an erased person"
        case .blank: "an empty line, or an empty list of events"
        case .noIdentifier: "names nobody: no usable customer_id, email or cookie"
        case .noSignal: "matches no signal of the configuration"
        case .tooOld: "dated before the year 2000"
        case .noRoute: "matches no route of its source"
        case .badRequest: "is a request that is no HTTP"
        case .otherType: "has a type that the source's `types` do not name"
        case .otherLine: "tells of nothing that a contact did or received"
        case .header: "names the columns"
        case .json: "is not one JSON object"
        case .format: "does not have the format that the source states"
        case .depth: "is nested deeper than \(Bounds.jsonDepth) levels"
        case .utf8: "is not valid UTF-8"
        case .nul: "holds a NUL byte"
        case .duplicateKey: "states a field twice with different values"
        case .oversize: "is longer than \(Bounds.lineBytes) bytes"
        case .unterminated: "is the last of a finished file, without a newline"
        case .poison: "ended the daemon whenever it was read"
        case .field: "has a field of the wrong JSON type"
        case .time: "has no usable ts: RFC 3339 with a zone, or epoch milliseconds"
        case .type: "has no usable type: [a-z0-9_.-]{1,64}"
        case .future: "is dated more than 24 hours ahead"
        case .email: "has an unusable email address"
        case .value: "has a value that is no decimal number or too large"
        case .traits: "has too many, too long or badly named traits"
        }
    }
}
