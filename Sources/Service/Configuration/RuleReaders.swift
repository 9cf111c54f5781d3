import Core

/// How signals and topics are read.
extension ConfigurationReader {
    func signalRule(_ section: Section, name: String) -> SignalRule? {
        let weight = section.required("weight")?.number()
        let halfLife = section.optional("half_life")?.halfLife()
        let zero = "write a number above 0, or weight: 0 to give no points"
        let dailyCap = section.optional("daily_cap")?.integer(
            in: 1...1_000_000, insteadOfZero: zero)
        let cap = section.optional("cap")?.positiveNumber(insteadOfZero: zero)
        let when = section.optional("when")?.conditionSets()
        if section.lacks("when"), !name.isEmpty, BuiltInSignal(rawValue: name) == nil {
            tellMissingWhen(section, name: name)
        }
        guard let weight else { return nil }
        return SignalRule(
            name: name, when: when, weight: weight, halfLife: halfLife,
            dailyCap: dailyCap.map(Int64.init), cap: cap)
    }

    private func tellMissingWhen(_ section: Section, name: String) {
        let builtIns = BuiltInSignal.allCases.map(\.rawValue)
        let near = nearest(to: name, in: builtIns).map { "did you mean '\($0)'?" }
        findings.mistake(
            section.place, "signal '\(name)' has no 'when'",
            near ?? "add one, such as when: {type: \(name)}; only the built-in signals "
                + "\(enumerated(builtIns)) do without")
    }

    /// The parameters of a model of buying, all four of them.
    func buyingModel(_ section: Section) -> BuyingModel? {
        let values = ["r", "alpha", "a", "b"].map { key in
            section.required(key)?.positiveNumber(insteadOfZero: "write a number above 0")
        }
        guard let r = values[0], let alpha = values[1], let a = values[2], let b = values[3] else {
            return nil
        }
        return BuyingModel(r: r, alpha: alpha, a: a, b: b)
    }

    func attributeRule(_ section: Section, name: String) -> AttributeRule? {
        let life = section.optional("shelf_life")?.wholeDays()
        let states = section.optional("states")?.word(of: ["topic"], noun: "what it can state")
        return AttributeRule(name: name, shelfLifeDays: life, statesTopic: states != nil)
    }

    func topicRule(_ section: Section, name: String) -> TopicRule? {
        let halfLife = section.optional("half_life")?.halfLife()
        return section.required("when")?.conditionSets().map {
            TopicRule(name: name, when: $0, halfLife: halfLife)
        }
    }
}

extension Value {
    /// A pattern of absolute paths.
    func path() -> String? {
        guard let text = text("a path") else { return nil }
        guard text.hasPrefix("/") else {
            mistake(
                "path \(shown(text)) is not absolute",
                "begin it with '/', such as \(example)")
            return nil
        }
        guard !text.hasSuffix("/") else {
            mistake("path \(shown(text)) names a directory", "write \(text)*.ndjson")
            return nil
        }
        return text
    }

    /// Three capital letters.
    func currency() -> String? {
        guard let text = text("a currency") else { return nil }
        func isCode(_ text: String) -> Bool {
            text.utf8.count == 3 && text.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        }
        if isCode(text) { return text }
        let upper = text.uppercased()
        mistake(
            "'\(key)' is \(shown(text)), not a code of ISO 4217",
            isCode(upper) ? "write \(upper)" : "write three capital letters, such as EUR")
        return nil
    }
}
