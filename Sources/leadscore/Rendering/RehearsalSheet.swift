internal import Core
internal import Service

/// What would become of a record, for people and for programs.
enum RehearsalSheet {
    /// A line with the outcome, and below it what was found.
    static func text(_ record: RehearsedRecord) -> String {
        let verdict = record.verdict
        var heading = "\(record.line)"
        if record.number > 1 { heading += ".\(record.number)" }
        heading += ": \(verdict.outcome.name)"
        if verdict == .applied {
            heading += " as \(record.signal ?? "")"
        } else {
            heading += verdict.reason.isEmpty ? "" : " \(verdict.reason)"
            heading += ": \(verdict.explanation)"
        }
        if let detail = record.detail { heading += " (\(detail))" }
        var text = heading.harmless + "\n"
        for (name, value) in record.event + record.traits.map({ ("trait \($0)", $1) }) {
            text += "    \(name) \(value)".harmless + "\n"
        }
        let who = record.identifiers.map { "\($0.kind.name):\($0.value)" }
        if !who.isEmpty { text += "    is about " + who.joined(separator: " ").harmless + "\n" }
        if record.isVouched { text += "    the link is signed\n" }
        return text
    }

    /// The same as one object.
    static func json(_ record: RehearsedRecord) -> JSONValue {
        let verdict = record.verdict
        var event = record.event.map { JSONValue.Member(key: $0.name, value: .string($0.value)) }
        if !record.traits.isEmpty {
            let traits = record.traits.map { name, value in
                JSONValue.Member(key: name, value: JSONParser.value(of: value) ?? .string(value))
            }
            event.append(JSONValue.Member(key: "traits", value: .object(traits)))
        }
        return .object([
            "line": .integer(record.line), "record": .integer(record.number),
            "outcome": .string(verdict.outcome.name),
            "reason": verdict.reason.isEmpty ? .null : .string(verdict.reason),
            "detail": .optional(record.detail),
            "signal": .optional(record.signal),
            "event": record.event.isEmpty ? .null : .object(event),
            "identifiers": .array(
                record.identifiers.map {
                    .object(["kind": .string($0.kind.name), "value": .string($0.value)])
                }),
            "signed": .bool(record.isVouched),
        ])
    }
}
