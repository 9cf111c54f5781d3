import Core
import Yams

/// Reads where the fields stand in JSON or CSV, from a source or from a preset that it extends.
struct FieldReader {
    let section: Section
    let isCSV: Bool

    /// Takes what is stated over what `layout` says already: maps are extended key by key.
    func read(into layout: inout FieldLayout) {
        if let value = section.optional("each") {
            layout.each = value.oneOrMore("a pointer").compactMap { place($0) }
        }
        if let value = section.optional("unwrap") {
            layout.unwrap = value.oneOrMore("a pointer").compactMap { place($0) }
        }
        if let value = section.optional("type") { layout.type = value.eventType() }
        if let value = section.optional("columns") {
            layout.columns = value.oneOrMore("a column").compactMap { $0.text("a column") }
        }
        if let value = section.optional("delimiter") { readDelimiter(value, &layout) }
        if let value = section.optional("fields") { readFields(value, &layout) }
        for (name, value) in section.optional("types")?.pairs() ?? [] {
            guard let meaning = meaning(value) else { continue }
            layout.types = layout.types ?? [:]
            layout.types?[name] = meaning
        }
        for (name, value) in section.optional("values")?.pairs() ?? [] {
            readWords(name, value, &layout)
        }
    }

    private func readDelimiter(_ value: Value, _ layout: inout FieldLayout) {
        let known = [",": UInt8(0x2C), ";": 0x3B, "|": 0x7C, "tab": 0x09, "\t": 0x09]
        guard let text = value.text("a delimiter") else { return }
        if let byte = known[text] {
            layout.delimiter = byte
        } else {
            value.mistake(
                "'delimiter' is \(shown(text))", "write \",\", \";\", \"|\" or tab")
        }
    }

    private func readFields(_ value: Value, _ layout: inout FieldLayout) {
        guard
            let section = Section(
                value.node, in: value.document, kind: .fields, title: "'fields'")
        else { return }
        for field in EventField.allCases {
            guard let value = section.optional(field.rawValue) else { continue }
            layout.fields[field] = value.oneOrMore("a place").compactMap { place($0) }
        }
        guard let traits = section.optional("traits") else { return }
        guard case .mapping = traits.node else {
            if isCSV {
                traits.mistake(
                    "'traits' must be a mapping", "write attribute: column for each of them")
            } else {
                layout.traitObjects = traits.oneOrMore("a place").compactMap { place($0) }
            }
            return
        }
        for (name, value) in traits.pairs() {
            guard (1...Bounds.attributeBytes).contains(name.utf8.count), !name.hasPrefix("$") else {
                value.mistake("\(shown(name)) is no name of a trait", "write 1 to 64 bytes")
                continue
            }
            layout.traits[name] = value.oneOrMore("a place").compactMap { place($0) }
        }
    }

    /// A pointer of RFC 6901, or the name of a column.
    private func place(_ value: Value) -> String? {
        guard let text = value.text(isCSV ? "a column" : "a pointer") else { return nil }
        guard !isCSV, !text.isEmpty, !text.hasPrefix("/") else { return text }
        value.mistake(
            "\(shown(text)) is not a JSON pointer",
            "write \(shown("/" + text.replacing("$.", with: "").replacing(".", with: "/")))")
        return nil
    }

    private func meaning(_ value: Value) -> TypeMeaning? {
        guard case .mapping = value.node else {
            return value.eventType().map { TypeMeaning(type: $0) }
        }
        guard
            let section = Section(
                value.node, in: value.document, kind: .meaning, title: "type '\(value.key)'")
        else { return nil }
        let bounce = section.optional("bounce")?.word(
            of: Self.bounces, noun: "a class of bounces")
        return section.required("type")?.eventType().map { TypeMeaning(type: $0, bounce: bounce) }
    }

    private static let bounces = ["hard", "soft", "block", Bounce.autoReply.rawValue]

    private func readWords(_ name: String, _ value: Value, _ layout: inout FieldLayout) {
        let fields = EventField.allCases.filter { $0 != .ts && $0 != .type }.map(\.rawValue)
        guard let field = EventField(rawValue: name), fields.contains(name) else {
            let near = nearest(to: name, in: fields).map { "did you mean '\($0)'?" }
            let remedy =
                name == "type"
                ? "translate types under 'types'" : near ?? "write the name of a field"
            value.document.findings.mistake(
                value.keyPlace, "'values' has no field \(shown(name))", remedy)
            return
        }
        for (word, meaning) in value.pairs() {
            let text: String? =
                switch field {
                case .bounce: meaning.word(of: Self.bounces, noun: "a class of bounces")
                case .origin:
                    meaning.word(of: Origin.allCases.map(\.name), noun: "a known origin")
                default: meaning.text("a word")
                }
            layout.values[field, default: [:]][word] = text
        }
    }

    /// Says what is missing, once everything is read.
    func check(_ layout: FieldLayout) {
        let findings = section.document.findings
        func missing(_ what: String, _ remedy: String) {
            findings.mistake(section.place, "\(section.title) \(what)", remedy)
        }
        // Columns that are named as our fields need no mapping.
        if isCSV, layout.fields.isEmpty, layout.columns == nil { return }
        func has(_ field: EventField) -> Bool {
            if isCSV, layout.fields.isEmpty {
                return layout.columns?.contains(field.rawValue) == true
            }
            return layout.fields[field]?.isEmpty == false
        }
        guard !layout.fields.isEmpty || isCSV else {
            missing("has no 'fields'", "add them, such as fields: {ts: /time, type: /event}")
            return
        }
        if !has(.ts) { missing("does not say where 'ts' stands", "add it to 'fields'") }
        if !has(.type), layout.type == nil {
            missing(
                "does not say where 'type' stands",
                "add it to 'fields', or the same type for all "
                    + "events, such as type: purchase")
        }
        if ![EventField.customerID, .email, .cookie].contains(where: has) {
            missing("does not say who", "add email, customer_id or cookie to 'fields'")
        }
        checkColumns(layout, findings)
    }

    private func checkColumns(_ layout: FieldLayout, _ findings: Findings) {
        guard let columns = layout.columns else { return }
        let named = (Array(layout.fields.values) + Array(layout.traits.values)).joined()
        for name in Set(named).subtracting(columns).sorted() {
            let near = nearest(to: name, in: columns).map { "did you mean '\($0)'?" }
            findings.mistake(
                section.place, "'columns' has no column \(shown(name))",
                near ?? "write one of \(enumerated(columns, "or"))")
        }
    }
}

extension Value {
    /// The keys of a mapping, whatever they are, with their values; empty with a mistake if it is
    /// none.
    func pairs() -> [(key: String, value: Value)] {
        guard case .mapping(let mapping) = node else {
            mistake("'\(key)' must be a mapping", "write keys and values, such as \(example)")
            return []
        }
        var seen: [String: Place] = [:]
        var pairs: [(key: String, value: Value)] = []
        for (key, node) in mapping {
            let place = document.place(key)
            guard case .scalar(let scalar) = key else {
                document.findings.mistake(
                    place, "a key of '\(self.key)' is no word", "write one word for each key")
                continue
            }
            let name = document.repeated[place] ?? scalar.string
            if let first = seen[name] {
                document.findings.mistake(
                    place,
                    "key \(shown(name)) stands twice in '\(self.key)', first at "
                        + document.findings.text(first), "keep one of them")
                continue
            }
            seen[name] = place
            pairs.append(
                (
                    name,
                    Value(
                        key: name, example: example, keyPlace: place, node: node,
                        document: document)
                ))
        }
        return pairs
    }
}
