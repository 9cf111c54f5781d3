import Core
import Store

/// Who would cross which line under another configuration, found out from the facts before it is put
/// in force.
///
/// Facts are as they are: a changed `when` would hold for new records only, and a new signal has
/// counted nothing yet.
struct WhatIf {
    /// A line that somebody would cross.
    struct Crossing: Sendable {
        var contact: Int64
        var email: String?
        /// `mql`, `stage`, `audience`, `grade` or `segment NAME`.
        var line: String
        var before: String?
        var after: String?
    }

    /// What one side says of a contact.
    private typealias Side = LeadVerdict

    private(set) var contacts: Int64 = 0
    private(set) var crossings: [Crossing] = []
    /// How many would cross each line, in each direction.
    private(set) var counts: [String: Int64] = [:]

    /// Crossings that are listed; all are counted.
    static let listed = 10_000
    private static let chunk = 2000
    private static let purchaseChunk = 2000

    /// Compares the configuration in force with another one.
    init(_ access: some StateAccess, new configuration: Configuration) throws(StoreError) {
        var collector: PurchaseCollector?
        var isDone = false
        while !isDone {
            let known = collector
            (collector, isDone) = try access.read { store, rules, _ throws(StoreError) in
                var collector = known ?? PurchaseCollector(of: rules.scoring.purchase)
                let isDone = try collector.advance(in: store, limit: Self.purchaseChunk)
                return (collector, isDone)
            }
        }
        let buyers = collector?.buyers() ?? []
        var after: Int64? = 0
        while let id = after {
            let step = try access.read { store, rules, day throws(StoreError) in
                try Self.compare(store, rules, configuration, buyers, day, after: id)
            }
            contacts += step.contacts
            for crossing in step.crossings {
                let direction = "\(crossing.before ?? "-") -> \(crossing.after ?? "-")"
                counts["\(crossing.line): \(direction)", default: 0] += 1
                if crossings.count < Self.listed { crossings.append(crossing) }
            }
            after = step.last
        }
    }

    private struct Step: Sendable {
        var contacts: Int64
        var crossings: [Crossing]
        var last: Int64?
    }

    private static func compare(
        _ store: StateStore, _ rules: Rules, _ configuration: Configuration,
        _ buyers: [PurchaseCollector.Buyer], _ day: Day, after id: Int64
    ) throws(StoreError) -> Step {
        let new = Rules(
            model: configuration.model, names: rules.names,
            configurationHash: configuration.hash)
        let last = try store.keptBuyingModel()
        // Who is a crawler is decided as counts are read.
        defer { store.machines = rules.machines(on: day) }
        func verdicts(_ rules: Rules) throws(StoreError) -> [Side] {
            store.machines = rules.machines(on: day)
            let persons = try store.persons(after: id, limit: chunk)
            var publisher = Publisher(
                model: rules.scoring, topics: rules.topics, names: rules.names, day: day,
                profile: rules.profile,
                buying: BuyingScales(of: buyers, on: day, under: rules.model, last: last),
                mail: rules.mail)
            var publication = Publication(sequence: store.sequence, day: day)
            for person in persons {
                publisher.add(person, contact: person.contact, to: &publication)
            }
            return try LeadRules(rules.model).verdicts(of: &publication, in: store)
        }
        let persons = try store.persons(after: id, limit: chunk)
        let then = try verdicts(rules)
        let now = Dictionary(
            try verdicts(new).map { ($0.contact, $0) }, uniquingKeysWith: { first, _ in first })
        var crossings: [Crossing] = []
        var seen: Set<Int64> = []
        for before in then {
            seen.insert(before.contact)
            crossings += Self.crossings(before, now[before.contact])
        }
        for after in now.values.sorted(by: { $0.contact < $1.contact })
        where !seen.contains(after.contact) {
            crossings += Self.crossings(nil, after)
        }
        return Step(
            contacts: Int64(persons.count), crossings: crossings,
            last: persons.count < chunk ? nil : persons.last?.contact)
    }

    private static func crossings(_ before: Side?, _ after: Side?) -> [Crossing] {
        guard let contact = before?.contact ?? after?.contact else { return [] }
        let email = before?.email ?? after?.email
        var result: [Crossing] = []
        func compare(_ line: String, _ old: String?, _ new: String?) {
            guard old != new else { return }
            result.append(
                Crossing(contact: contact, email: email, line: line, before: old, after: new))
        }
        func side(_ isAbove: Bool?) -> String? { isAbove.map { $0 ? "above" : "below" } }
        compare("mql", side(before?.isAboveLine), side(after?.isAboveLine))
        compare("grade", before?.grade, after?.grade)
        compare("audience", before?.audience, after?.audience)
        compare("stage", before?.stage, after?.stage)
        let segments = (before?.segments ?? []).union(after?.segments ?? [])
        for segment in segments.sorted() {
            compare(
                "segment \(segment)", before?.segments.contains(segment) == true ? "in" : "out",
                after?.segments.contains(segment) == true ? "in" : "out")
        }
        return result
    }

    /// The answer to a request that names a configuration.
    static func answer(_ request: ControlRequest, _ access: some StateAccess) -> ControlResponse {
        let path = request.arguments["config"]?.string ?? ""
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(path: path)
            do throws(StoreError) {
                let zone = try access.read { store, _, _ throws(StoreError) in store.zone }
                guard configuration.model.zone == zone else {
                    return .failure(
                        "\(path): time_zone is not \(zone), which the state keeps for good",
                        exitCode: 78)
                }
                return .result(try WhatIf(access, new: configuration).value)
            } catch {
                return .failure("\(error)", exitCode: error.exitCode)
            }
        } catch {
            return .failure("\(error)", exitCode: 78)
        }
    }

    /// `{contacts, counts: [{line, contacts}], crossings: [...]}`.
    var value: ControlValue {
        func text(_ text: String?) -> ControlValue { text.map(ControlValue.string) ?? .null }
        return .object([
            "contacts": .integer(contacts),
            "counts": .array(
                counts.sorted { $0.key < $1.key }.map {
                    .object(["line": .string($0.key), "contacts": .integer($0.value)])
                }),
            "crossings": .array(
                crossings.map {
                    .object([
                        "contact_id": .integer($0.contact), "email": text($0.email),
                        "line": .string($0.line), "before": text($0.before),
                        "after": text($0.after),
                    ])
                }),
        ])
    }
}
