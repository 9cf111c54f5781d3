import Core
import Store
import Yams

/// A rule with the place of its name.
struct Placed<Rule> {
    var name: String
    var place: Place
    var rule: Rule
}

/// Walks over the files one after the other and collects what they say.
///
/// Invariant: what it has collected is only used if there is no mistake, so that a part which could
/// not be read may be missing from it.
struct ConfigurationReader {
    let formats: [String]
    let presets: Presets
    let findings: Findings
    private(set) var model = Model()
    private(set) var sources: [Placed<SourceDefinition>] = []

    private var signals: [Placed<SignalRule>] = []
    private var topics: [Placed<TopicRule>] = []
    private var attributes: [Placed<AttributeRule>] = []
    private var fit: [Placed<FitRule>] = []
    private var audiences: [Placed<NamedCondition>] = []
    private var stages: [Placed<StageRule>] = []
    private var segments: [Placed<SegmentRule>] = []
    /// Where each key that may stand once was set.
    private var set: [String: Place] = [:]
    /// Whether every file could be read so far as to say what is missing.
    private var isComplete = true
    private var sourcesPlace: Place?
    private var sourceEntries = 0
    private var purchase: Placed<String>?

    init(formats: [String], presets: Presets, findings: Findings) {
        self.formats = formats
        self.presets = presets
        self.findings = findings
    }

    /// Takes in one file.
    mutating func read(_ document: Document) {
        let title = "the configuration"
        guard let top = Section(document.root, in: document, kind: .top, title: title) else {
            return isComplete = false
        }
        readScalars(top)
        if top.optional("sources") == nil, !top.lacks("sources") { isComplete = false }
        if let value = top.optional("sources") {
            sourcesPlace = sourcesPlace ?? value.place
            let before = findings.mistakes.count
            let entries = value.entries()
            // What is no list at all was told, and is not also called empty.
            sourceEntries += entries.isEmpty ? findings.mistakes.count - before : entries.count
            sources += rules(entries, in: document, .source, sourceRule)
        }
        signals += rules(top, "signals", .signal, signalRule)
        topics += rules(top, "topics", .topic, topicRule)
        attributes += rules(top, "attributes", .attribute, attributeRule)
        fit += rules(top, "fit", .fitRule) { section, name in
            let condition = section.required("where")?.condition(.fit)
            let points = section.required("points")?.number()
            guard let condition, let points else { return nil }
            return FitRule(name: name, condition: condition, points: points)
        }
        audiences += rules(top, "audiences", .audience) { section, name in
            section.required("where")?.condition(.audience).map {
                NamedCondition(name: name, condition: $0)
            }
        }
        stages += rules(top, "stages", .stage) { section, name in
            let condition = section.required("where")?.condition(.stage)
            let rank = section.required("rank")?.integer(in: -1_000_000...1_000_000)
            guard let condition, let rank else { return nil }
            return StageRule(name: name, condition: condition, rank: rank)
        }
        segments += rules(top, "segments", .segment) { section, name in
            let leave = section.optional("leave")?.condition(.segment)
            return section.required("where")?.condition(.segment).map {
                SegmentRule(name: name, condition: $0, leave: leave)
            }
        }
    }

    private mutating func readScalars(_ top: Section) {
        if let zone = once(top, "time_zone")?.zone() { model.zone = zone }
        if let halfLife = once(top, "half_life")?.halfLife() { model.halfLife = halfLife }
        let zero = "write a number above 0, such as mql: 60"
        if let mql = once(top, "mql")?.positiveNumber(insteadOfZero: zero) { model.mql = mql }
        if let value = once(top, "retention"), let days = value.wholeDays() {
            model.retentionDays = days
            if days <= 60 {
                value.warning(
                    "'retention' is shorter than the 60 days that delta_60d looks back",
                    "write 61d or more")
            }
        }
        if let currency = once(top, "currency")?.currency() { model.currency = currency }
        if let days = once(top, "dedupe_window")?.wholeDays() { model.dedupeDays = days }
        let keys = once(top, "dedupe_max")?.integer(in: 1...1_000_000_000)
        if let keys { model.dedupeMax = keys }
        if let value = once(top, "rfm"),
            let rfm = Section(value.node, in: value.document, kind: .rfm, title: "'rfm'")
        {
            if let purchase = rfm.required("purchase"), let name = purchase.name() {
                self.purchase = Placed(name: name, place: purchase.place, rule: name)
            }
            model.recencyEdges = rfm.optional("recency")?.edges(.lowerIsBetter)
            model.frequencyEdges = rfm.optional("frequency")?.edges(.higherIsBetter)
            model.moneyEdges = rfm.optional("money")?.edges(.higherIsBetter, scale: 10_000)
        }
        if let value = once(top, "machines"),
            let section = Section(
                value.node, in: value.document, kind: .machines, title: "'machines'")
        {
            model.machines = machineRules(section)
        }
        if let value = once(top, "bgnbd"),
            let section = Section(value.node, in: value.document, kind: .buying, title: "'bgnbd'")
        {
            model.buying = buyingModel(section)
        }
    }

    /// A key that may stand in one file only.
    private mutating func once(_ top: Section, _ key: String) -> Value? {
        guard let value = top.optional(key) else { return nil }
        if let first = set[key] {
            findings.mistake(
                value.keyPlace, "'\(key)' is already set at \(findings.text(first))",
                "keep one of them")
        } else {
            set[key] = value.keyPlace
        }
        return value
    }

    private func rules<Rule>(
        _ top: Section, _ key: String, _ kind: SectionKind, _ make: (Section, String) -> Rule?
    ) -> [Placed<Rule>] {
        guard let value = top.optional(key) else { return [] }
        return rules(value.entries(), in: value.document, kind, make)
    }

    private func rules<Rule>(
        _ entries: [Node], in document: Document, _ kind: SectionKind,
        _ make: (Section, String) -> Rule?
    ) -> [Placed<Rule>] {
        entries.compactMap { node in
            guard var section = Section(node, in: document, kind: kind) else { return nil }
            let nameValue = section.required("name")
            let name = nameValue?.name()
            if let name { section.title = "\(kind.noun) '\(name)'" }
            let rule = make(section, name ?? "")
            guard let nameValue, let name, let rule else { return nil }
            return Placed(name: name, place: nameValue.place, rule: rule)
        }
    }
}

extension ConfigurationReader {
    /// Checks what only all files together can show, and completes the model.
    ///
    /// - Parameter complete: Whether every file could be read; else nothing counts as missing.
    mutating func finish(complete: Bool) {
        if complete, isComplete, sourceEntries == 0 {
            findings.mistake(
                sourcesPlace ?? Place(file: 0, line: 1, column: 1),
                sourcesPlace == nil
                    ? "the configuration has no 'sources'" : "'sources' is an empty list",
                "add a source, such as sources: [{name: events, "
                    + "paths: \"/var/log/leadscored/*.ndjson\"}]")
        }
        checkNames(sources, .source)
        checkNames(signals, .signal)
        checkNames(topics, .topic)
        checkNames(attributes, .attribute)
        checkNames(fit, .fitRule)
        checkNames(audiences, .audience)
        checkNames(stages, .stage)
        checkNames(segments, .segment)
        checkPaths()
        // Times without a zone are of the zone in which days begin, which any file may state.
        for place in sources.indices { sources[place].rule.use(model.zone) }
        model.topics = topics.map(\.rule)
        model.attributes = attributes.map(\.rule)
        model.fit = fit.map(\.rule)
        model.audiences = audiences.map(\.rule)
        model.stages = stages.map(\.rule)
        model.segments = segments.map(\.rule)
        model.signals = SignalOrder.complete(signals.map(\.rule))
        if let purchase { checkPurchase(purchase) }
        if !findings.hasMistakes {
            let usesPurchase = model.purchaseSignal == BuiltInSignal.purchase.rawValue
            SignalOrder.warn(signals, usesPurchase: usesPurchase, findings: findings)
        }
    }

    private func checkNames<Rule>(_ list: [Placed<Rule>], _ kind: SectionKind) {
        if list.count > ConfigurationBounds.entries {
            findings.mistake(
                list[ConfigurationBounds.entries].place,
                "this is \(kind.noun) number \(ConfigurationBounds.entries + 1)",
                "write at most \(ConfigurationBounds.entries)")
        }
        var seen: [String: Place] = [:]
        for entry in list {
            guard let first = seen[entry.name] else {
                seen[entry.name] = entry.place
                continue
            }
            findings.mistake(
                entry.place,
                "\(kind.noun) '\(entry.name)' is already defined at \(findings.text(first))",
                "rename one of them"
                    + (kind.keys.contains { $0.name == "when" }
                        ? ", or write one with a list under 'when'" : ""))
        }
    }

    /// A line must have one source, else it would count twice.
    private func checkPaths() {
        var seen: [String: String] = [:]
        for source in sources {
            for path in source.rule.paths {
                if let other = seen[path] {
                    let what =
                        other == source.name
                        ? "reads \(shown(path)) twice"
                        : "reads \(shown(path)), as source '\(other)' does"
                    findings.mistake(
                        source.place, "source '\(source.name)' \(what)",
                        "give each path to one source, once")
                }
                seen[path] = source.name
            }
        }
    }

    private mutating func checkPurchase(_ purchase: Placed<String>) {
        let names = model.signals.map(\.name)
        guard !names.contains(purchase.name) else {
            model.purchaseSignal = purchase.name
            return
        }
        let near = nearest(to: purchase.name, in: names).map { "did you mean '\($0)'?" }
        findings.mistake(
            purchase.place, "there is no signal '\(purchase.name)'",
            near ?? "write the name of a signal, such as purchase: purchase")
    }
}
