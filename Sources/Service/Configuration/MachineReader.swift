import Core

/// How `machines` is read: by what machines are told from people.
extension ConfigurationReader {
    func machineRules(_ section: Section) -> MachineRules {
        var rules = MachineRules()
        if let value = section.optional("honeypot") {
            rules.honeypots = value.oneOrMore("a pattern").compactMap { $0.honeypot() }
        }
        let links = 2...TracedSecond.linksAtMost
        if let value = section.optional("same_second") {
            rules.sameSecond = value.numberOrOff(in: links, else: rules.sameSecond)
        }
        if let value = section.optional("sweep_links") {
            rules.sweepLinks = value.numberOrOff(in: links, else: rules.sweepLinks)
        }
        if let value = section.optional("sweep_share") {
            rules.sweepShare = value.numberOrOff(in: 1...100, else: rules.sweepShare)
        }
        if let value = section.optional("page_hits") {
            rules.pageHits = value.numberOrOff(in: 1...1_000_000, else: rules.pageHits)
        }
        if let word = section.optional("robots")?.word(of: ["on", "off"], noun: "on or off") {
            rules.robots = word == "on"
        }
        return rules
    }
}

extension Value {
    /// A whole number in `range`, or nil for `off`; what it is without the key where it is neither.
    fileprivate func numberOrOff(in range: ClosedRange<Int>, else usual: Int?) -> Int? {
        guard let text = text("a whole number or off") else { return usual }
        if text == "off" { return nil }
        guard Self.whole(text) != nil else {
            mistake(
                "'\(key)' is \(shown(text)), not a whole number or off",
                "write a number from \(range.lowerBound) to \(range.upperBound), such as \(example)"
            )
            return usual
        }
        return integer(in: range)
    }

    /// A pattern of links that nobody sees.
    fileprivate func honeypot() -> Glob? {
        guard let text = text("a pattern") else { return nil }
        guard text.utf8.contains(where: { $0 != 0x2A }) else {
            mistake(
                "'\(key)' is \(shown(text)), which is \(text.isEmpty ? "no" : "every") link",
                "write the links that nobody sees, such as \(example)")
            return nil
        }
        if !text.hasPrefix("/"), !text.hasPrefix("*"), !text.contains("://") {
            warning(
                "'\(key)' is \(shown(text)), which is the beginning of no link",
                "begin it with '/', '*' or https://")
        }
        return Glob(text)
    }
}
