import Core

/// A number for what a configuration means, so that a changed one is noticed.
///
/// Every value goes in with its length before it, in a fixed order, so that no two configurations
/// run together; places, comments and layout do not. It guards against mistakes, not against
/// somebody who looks for a collision.
///
/// - Source: FNV-1a with 64 bits, draft-eastlake-fnv, section 2.
struct MeaningHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    static func of(model: Model, sources: [SourceDefinition]) -> String {
        var hash = MeaningHash()
        hash.add(1)  // raised when what follows changes
        hash.add(model)
        hash.add(list: sources) { hash, source in
            hash.add(source.name)
            hash.add(list: source.paths) { $0.add($1) }
            hash.add(source.format)
            hash.add(source.trust.rawValue)
            hash.add(source.layout)
        }
        let digits = String(hash.state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private mutating func add(_ model: Model) {
        add(model.zone.offsetMinutes)
        add(model.halfLife)
        add(model.mql)
        add(model.retentionDays)
        add(model.currency)
        add(model.dedupeDays)
        add(model.dedupeMax)
        add(model.purchaseSignal)
        add(list: model.signals) { hash, signal in
            hash.add(signal.name)
            hash.add(list: signal.when.map { [$0] } ?? []) { $0.add($1) }
            hash.add(signal.weight)
            hash.add(list: signal.halfLife.map { [$0] } ?? []) { $0.add($1) }
            hash.add(list: signal.dailyCap.map { [$0] } ?? []) { $0.add(Int($1)) }
            hash.add(list: signal.cap.map { [$0] } ?? []) { $0.add($1) }
        }
        add(list: model.topics) { hash, topic in
            hash.add(topic.name)
            hash.add(topic.when)
            hash.add(list: topic.halfLife.map { [$0] } ?? []) { $0.add($1) }
        }
        addRules(model)
    }

    private mutating func addRules(_ model: Model) {
        add(list: model.fit) { hash, rule in
            hash.add(rule.name)
            hash.add(rule.condition.sql)
            hash.add(rule.points)
        }
        add(list: model.audiences) { hash, rule in
            hash.add(rule.name)
            hash.add(rule.condition.sql)
        }
        add(list: model.stages) { hash, rule in
            hash.add(rule.name)
            hash.add(rule.condition.sql)
            hash.add(rule.rank)
        }
        add(list: model.segments) { hash, rule in
            hash.add(rule.name)
            hash.add(rule.condition.sql)
            hash.add(list: rule.leave.map { [$0.sql] } ?? []) { $0.add($1) }
        }
        addLater(model)
    }

    /// What was added to the language later, only where it is used: the hash of a configuration that
    /// does not use it stays what it was.
    private mutating func addLater(_ model: Model) {
        let scales = [model.recencyEdges, model.frequencyEdges, model.moneyEdges]
        for (name, scale) in zip(["recency", "frequency", "money"], scales) {
            guard let scale else { continue }
            add(name)
            add(list: scale.edges) { $0.add(Int($1)) }
        }
        if let buying = model.buying {
            add("bgnbd")
            for parameter in [buying.r, buying.alpha, buying.a, buying.b] { add(parameter) }
        }
        if model.machines != MachineRules() {
            add("machines")
            add(list: model.machines.honeypots) { $0.add($1.pattern) }
            let numbers = [
                model.machines.sameSecond, model.machines.sweepLinks, model.machines.sweepShare,
                model.machines.pageHits,
            ]
            add(list: numbers) { $0.add($1 ?? -1) }
            add(model.machines.robots ? 1 : 0)
        }
        guard !model.attributes.isEmpty else { return }
        add("attributes")
        add(list: model.attributes) { hash, rule in
            hash.add(rule.name)
            hash.add(list: rule.shelfLifeDays.map { [$0] } ?? []) { $0.add($1) }
            hash.add(rule.statesTopic ? 1 : 0)
        }
    }

    private mutating func add(_ sets: [ConditionSet]) {
        add(list: sets) { hash, set in
            hash.add(list: set.origins) { $0.add(Int($1.rawValue)) }
            for key in ConditionKey.allCases {
                hash.add(list: set.globs[key] ?? []) { $0.add($1.pattern) }
            }
        }
    }

    mutating func add<Element>(
        list: [Element], _ body: (inout MeaningHash, Element) -> Void
    ) {
        add(list.count)
        for element in list { body(&self, element) }
    }

    private mutating func add(_ halfLife: HalfLife) { add(halfLife.days ?? 0) }

    /// Adding 0 makes -0 the same as 0.
    private mutating func add(_ number: Double) { add(bits: (number + 0).bitPattern) }

    mutating func add(_ number: Int) { add(bits: UInt64(bitPattern: Int64(number))) }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { add(byte: byte) }
    }

    private mutating func add(bits: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            add(byte: UInt8(truncatingIfNeeded: bits >> shift))
        }
    }

    private mutating func add(byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
