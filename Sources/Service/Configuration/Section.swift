import Yams

/// A kind of mapping: its name in messages, its keys and how each is written.
struct SectionKind {
    /// What it is called: `signal`.
    let noun: String
    /// Its keys in the order of the documentation, each with an example.
    let keys: [(name: String, example: String)]

    /// `a signal`, `an audience`.
    var article: String { ("aeiou".contains(noun.prefix(1)) ? "an " : "a ") + noun }

    func example(_ key: String) -> String {
        keys.first { $0.name == key }?.example ?? "\(key): VALUE"
    }
}

/// A mapping of the configuration, found to hold only known keys, each once.
struct Section {
    let kind: SectionKind
    let document: Document
    let place: Place
    /// What it is called in messages; more exact once its name is known.
    var title: String
    private var values: [String: Value] = [:]
    /// Keys that were probably meant by unknown ones, and are not called missing too.
    private var meant: Set<String> = []

    /// The mapping of `node`, nil with a mistake if it is none.
    init?(_ node: Node, in document: Document, kind: SectionKind, title: String? = nil) {
        self.kind = kind
        self.document = document
        self.title = title ?? kind.article
        place = document.place(node)
        guard case .mapping(let mapping) = node else {
            let keys = kind.keys.prefix(2).map(\.example).joined(separator: ", ")
            document.findings.mistake(
                place, "\(self.title) must be a mapping, not \(describe(node))",
                "write keys and values, such as {\(keys)}")
            return nil
        }
        checkTag(mapping.tag, at: place, in: document)
        read(mapping)
    }

    private mutating func read(_ mapping: Node.Mapping) {
        var seen: [String: Place] = [:]
        for (key, value) in mapping {
            let place = document.place(key)
            guard case .scalar(let scalar) = key else {
                document.findings.mistake(
                    place, "a key of \(title) is \(describe(key))",
                    "write one of the keys \(enumerated(kind.keys.map(\.name), "or"))")
                continue
            }
            let name = document.repeated[place] ?? scalar.string
            if let first = seen[name] {
                document.findings.mistake(
                    place,
                    "key \(shown(name)) stands twice in \(title), first at "
                        + document.findings.text(first),
                    "keep one of them")
                continue
            }
            seen[name] = place
            guard kind.keys.contains(where: { $0.name == name }) else {
                tellUnknown(name, at: place)
                continue
            }
            values[name] = Value(
                key: name, example: kind.example(name), keyPlace: place, node: value,
                document: document)
        }
    }

    private mutating func tellUnknown(_ name: String, at place: Place) {
        let names = kind.keys.map(\.name)
        let near = nearest(to: name, in: names)
        meant.formUnion(name == "<<" ? names : [near].compactMap(\.self))
        let remedy =
            if name == "<<" {
                "write the keys out; there are no merge keys"
            } else if let near {
                "did you mean '\(near)'?"
            } else if names.count == 1 {
                "the only key of \(kind.article) is \(names[0])"
            } else {
                "the keys of \(kind.article) are \(enumerated(names))"
            }
        document.findings.mistake(place, "unknown key \(shown(name)) in \(title)", remedy)
    }

    /// The value of a key, nil if it does not stand there.
    func optional(_ key: String) -> Value? { values[key] }

    /// Whether a key is missing and no unknown key looks like it.
    func lacks(_ key: String) -> Bool { values[key] == nil && !meant.contains(key) }

    /// The value of a key, nil with a mistake if it does not stand there.
    func required(_ key: String) -> Value? {
        guard lacks(key) else { return values[key] }
        document.findings.mistake(
            place, "\(title) has no '\(key)'", "add one, such as \(kind.example(key))")
        return nil
    }
}

/// A value of the configuration, with what is needed to speak about it.
struct Value {
    let key: String
    let example: String
    let keyPlace: Place
    let node: Node
    let document: Document

    /// Where it stands; an empty value stands where its key does.
    var place: Place { isEmpty ? keyPlace : document.place(node) }

    /// Whether nothing is written after the key.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string.isEmpty && scalar.style == .plain
    }

    func mistake(_ what: String, _ remedy: String) {
        document.findings.mistake(place, what, remedy)
    }

    func warning(_ what: String, _ remedy: String) {
        document.findings.warning(place, what, remedy)
    }

    /// The text of a scalar as it is written, whatever YAML would make of it; nil with a mistake if
    /// it is something else. `noun` says what is expected: `a number`.
    func text(_ noun: String) -> String? {
        guard case .scalar(let scalar) = node else {
            mistake(
                "'\(key)' is \(describe(node)), not \(noun)",
                "write \(noun), such as \(example)")
            return nil
        }
        guard !isEmpty else {
            mistake("'\(key)' has no value", "write \(noun), such as \(example)")
            return nil
        }
        checkTag(scalar.tag, at: place, in: document)
        return scalar.string
    }

    /// The entries of a list of mappings; nothing written is an empty list.
    func entries() -> [Node] {
        if isEmpty { return [] }
        guard case .sequence(let sequence) = node else {
            mistake(
                "'\(key)' is \(describe(node)), not a list",
                "begin each entry on a line of its own with '- ', such as \(example)")
            return []
        }
        checkTag(sequence.tag, at: place, in: document)
        return Array(sequence)
    }

    /// One value or a list of them, as values of their own; empty with a mistake if there is none.
    func oneOrMore(_ noun: String) -> [Value] {
        guard case .sequence(let sequence) = node else { return [self] }
        checkTag(sequence.tag, at: place, in: document)
        if sequence.isEmpty {
            mistake("'\(key)' is an empty list", "write \(noun), such as \(example)")
        }
        return sequence.map {
            Value(key: key, example: example, keyPlace: place, node: $0, document: document)
        }
    }
}

private func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar):
        scalar.string.isEmpty && scalar.style == .plain ? "empty" : shown(scalar.string)
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}

/// Tags would change what a value means; the file says what it means without them.
private func checkTag(_ tag: Tag, at place: Place, in document: Document) {
    let standard = ["", "!"] + ["str", "seq", "map"].map { "tag:yaml.org,2002:\($0)" }
    guard !standard.contains(tag.rawValue) else { return }
    let short = tag.rawValue.replacing("tag:yaml.org,2002:", with: "!!")
    document.findings.mistake(place, "tag \(shown(short)) is not understood", "remove it")
}
