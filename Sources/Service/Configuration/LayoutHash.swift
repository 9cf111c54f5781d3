import Core

/// How layouts of lines go into the hash of what a configuration means.
extension MeaningHash {
    mutating func add(_ layout: SourceLayout) {
        switch layout {
        // Nothing, so that sources without a layout hash as they did before there were any.
        case .fixed: break
        case .access(let access): add(access)
        case .fields(let fields): add(fields)
        }
    }

    private mutating func add(_ layout: AccessLayout) {
        add(layout.logFormat)
        add(list: layout.routes) { hash, route in
            hash.add(route.path.pattern)
            hash.add(list: route.methods) { $0.add($1) }
            hash.add(list: route.statuses) { $0.add($1) }
            hash.add(route.type)
            hash.add(list: EventField.allCases) { $0.add(route.takes[$1] ?? "") }
        }
        // The key itself is a secret, and the hash is published.
        add(list: layout.signature.map { [$0] } ?? []) { hash, signature in
            hash.add(signature.parameter)
            hash.add(signature.keyFile)
            hash.add(list: signature.over) { $0.add($1) }
        }
    }

    private mutating func add(_ layout: FieldLayout) {
        add(list: EventField.allCases) { hash, field in
            hash.add(list: layout.fields[field] ?? []) { $0.add($1) }
            hash.add(list: layout.values[field].map { [$0] } ?? []) { hash, words in
                hash.add(list: words.keys.sorted()) { hash, word in
                    hash.add(word)
                    hash.add(words[word] ?? "")
                }
            }
        }
        add(list: layout.traitObjects) { $0.add($1) }
        add(list: layout.traits.keys.sorted()) { hash, name in
            hash.add(name)
            hash.add(list: layout.traits[name] ?? []) { $0.add($1) }
        }
        add(list: layout.types.map { [$0] } ?? []) { hash, types in
            hash.add(list: types.keys.sorted()) { hash, name in
                hash.add(name)
                hash.add(types[name]?.type ?? "")
                hash.add(types[name]?.bounce ?? "")
            }
        }
        add(list: layout.each) { $0.add($1) }
        add(list: layout.columns.map { [$0] } ?? []) { hash, columns in
            hash.add(list: columns) { $0.add($1) }
        }
        add(list: layout.unwrap) { $0.add($1) }
        add(list: layout.type.map { [$0] } ?? []) { $0.add($1) }
        add(Int(layout.delimiter))
    }
}

extension SourceDefinition {
    /// Makes times that state no zone those of `zone`.
    mutating func use(_ zone: FixedZone) {
        guard case .fields(var fields) = layout else { return }
        fields.zone = zone
        layout = .fields(fields)
    }
}
