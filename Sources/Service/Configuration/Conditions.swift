import Core
import Yams

/// How `when` is read.
extension Value {
    /// One condition set or a list of them; nil with a mistake if there is none.
    func conditionSets() -> [ConditionSet]? {
        let remedy = "write conditions in braces, such as \(example)"
        var nodes = [node]
        if case .sequence(let sequence) = node { nodes = Array(sequence) }
        guard !nodes.isEmpty else {
            mistake("'\(key)' is an empty list", remedy)
            return nil
        }
        if isEmpty {
            mistake("'\(key)' has no value", remedy)
            return nil
        }
        guard nodes.count <= ConfigurationBounds.conditionSets else {
            mistake(
                "'\(key)' lists \(nodes.count) condition sets",
                "write at most \(ConfigurationBounds.conditionSets)")
            return nil
        }
        return nodes.compactMap { conditionSet($0) }
    }

    private func conditionSet(_ node: Node) -> ConditionSet? {
        let title = "'\(key)'"
        guard let section = Section(node, in: document, kind: .conditions, title: title) else {
            return nil
        }
        if case .mapping(let mapping) = node, mapping.isEmpty {
            mistake(
                "'\(key)' has no condition and would take every event",
                "write at least one, such as \(example)")
        }
        var set = ConditionSet(globs: [:])
        for key in ConditionKey.allCases {
            guard let value = section.optional(key.rawValue) else { continue }
            set.globs[key] = value.oneOrMore("a pattern").compactMap { $0.glob(for: key) }
        }
        let known = [Origin.human, .machine, .unknown].map(\.name)
        for value in section.optional("origin")?.oneOrMore("an origin") ?? [] {
            guard let name = value.word(of: known, noun: "a known origin"),
                let origin = Origin.allCases.first(where: { $0.name == name })
            else { continue }
            if !set.origins.contains(origin) { set.origins.append(origin) }
        }
        set.origins.sort { $0.rawValue < $1.rawValue }
        return set
    }

    private func glob(for key: ConditionKey) -> Glob? {
        guard let text = text("a pattern") else { return nil }
        guard !text.isEmpty else {
            mistake(
                "an empty pattern for '\(self.key)' matches nothing",
                "write \"*\" to match any event that has one")
            return nil
        }
        switch key {
        case .type: return typeGlob(text)
        case .bounce: return bounceGlob(text)
        case .path: warnAboutPath(text)
        default: break
        }
        return Glob(text)
    }

    private func typeGlob(_ text: String) -> Glob? {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_.-*".utf8
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ allowed.contains($0) }) else {
            let near = text.lowercased().replacing(" ", with: "_")
            let isNear = near.utf8.count <= 64 && near.utf8.allSatisfy { allowed.contains($0) }
            mistake(
                "type \(shown(text)) matches no event",
                isNear ? "write '\(near)'" : "types are 1 to 64 of a-z, 0-9, '_', '.' and '-'")
            return nil
        }
        return Glob(text)
    }

    private func bounceGlob(_ text: String) -> Glob? {
        let classes = ["hard", "soft", "block", Bounce.autoReply.rawValue]
        if !text.contains("*"), word(of: classes, noun: "a class of bounces") == nil { return nil }
        return Glob(text)
    }

    private func warnAboutPath(_ text: String) {
        if text.contains("?") || text.contains("#") {
            warning(
                "path \(shown(text)) matches nothing: the path ends before '?' and '#'",
                "use 'url' to look at the rest of an address")
        } else if !text.hasPrefix("/"), !text.hasPrefix("*") {
            warning(
                "path \(shown(text)) does not begin with '/', as the paths of events do",
                "write \"/\(text)\"")
        }
    }
}
