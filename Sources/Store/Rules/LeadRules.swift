public import Core

/// What the rules of a model make of contacts: fit and what follows from it, audience, stage, segments,
/// in this order, for a batch of contacts at a time.
///
/// Where no rules of a kind are configured, no SQL is run for it.
public final class LeadRules {
    private let model: Model
    private let fit: RuleSet?
    private let audiences: RuleSet?
    private let stages: RuleSet?
    private let segments: RuleSet?
    /// For each segment the number of its condition, and of the one that ends it.
    private let conditions: [(enter: Int, leave: Int?)]

    /// Judges and compiles all conditions of a model.
    ///
    /// - Throws: `StoreError` if a condition is not sound, which `leadscore check` would have told.
    public init(_ model: Model) throws(StoreError) {
        self.model = model
        fit = try RuleSet(model.fit.map(\.condition), step: .fit)
        audiences = try RuleSet(model.audiences.map(\.condition), step: .audience)
        stages = try RuleSet(model.stages.map(\.condition), step: .stage)
        var all: [Condition] = []
        var conditions: [(enter: Int, leave: Int?)] = []
        for segment in model.segments {
            let enter = all.count
            all.append(segment.condition)
            if let leave = segment.leave { all.append(leave) }
            conditions.append((enter, segment.leave == nil ? nil : enter + 1))
        }
        segments = try RuleSet(all, step: .segment)
        self.conditions = conditions
    }

    /// What segments say of contacts.
    struct Memberships {
        /// Contacts of the publication by their place in it, in ascending order of their numbers.
        var order: [Int]
        fileprivate var verdicts: RuleSet.Verdicts?
        fileprivate var conditions: [(enter: Int, leave: Int?)]

        /// Whether the contact in a row is a member of a segment, given whether it was.
        ///
        /// A condition that could not be evaluated changes nothing.
        func isMember(_ row: Int, of segment: Int, before: Bool) -> Bool {
            guard let verdicts else { return false }
            let entry = conditions[segment]
            let enter = verdicts[row, entry.enter]
            guard let leave = entry.leave else {
                return before ? enter != .fails : enter == .holds
            }
            // Who would have to leave at once does not enter: else asking twice would change the answer.
            let left = verdicts[row, leave]
            return before ? left != .holds : enter == .holds && left == .fails
        }
    }

    /// Fills in what rules decide, for the contacts of a publication.
    func apply(to publication: inout Publication) throws(StoreError) -> Memberships {
        let contacts = publication.contacts
        let order = contacts.indices.sorted { contacts[$0].contact < contacts[$1].contact }
        try grade(&publication, order)
        try nameAudiences(&publication, order)
        try nameStages(&publication, order)
        return Memberships(
            order: order, verdicts: try segments?.evaluate(publication, order: order),
            conditions: conditions)
    }

    /// The segments, in the order of the configuration.
    var segmentNames: [String] { model.segments.map(\.name) }

    /// The engagement of a marketing qualified lead.
    var line: Micropoints { micropoints(model.mql) }

    /// Rules that could not be evaluated for somebody: which, and why.
    public var faults: [String] {
        var result: [String] = []
        func add(_ set: RuleSet?, _ names: [String]) {
            result += (set?.faults ?? []).map { "\(names[$0.condition]): \($0.message)" }
        }
        add(fit, model.fit.map { "fit rule '\($0.name)'" })
        add(audiences, model.audiences.map { "audience '\($0.name)'" })
        add(stages, model.stages.map { "stage '\($0.name)'" })
        add(
            segments,
            model.segments.flatMap { segment in
                Array(
                    repeating: "segment '\(segment.name)'", count: segment.leave == nil ? 1 : 2)
            })
        return result
    }

    // MARK: The steps

    private func grade(_ publication: inout Publication, _ order: [Int]) throws(StoreError) {
        let verdicts = try fit?.evaluate(publication, order: order)
        let points = model.fit.map { micropoints($0.points) }
        let mql = micropoints(model.mql)
        let grades = Profile.grades.map { publication.text.piece(of: $0) }
        let bands = Profile.grades.map { grade in
            (1...4).map { publication.text.piece(of: "\(grade)\($0)") }
        }
        for (row, place) in order.enumerated() {
            var sum: Micropoints = 0
            if let verdicts {
                for rule in points.indices where verdicts[row, rule] == .holds {
                    sum += points[rule]
                }
            }
            let fit = Profile.fit(sum: sum)
            let grade = Profile.grade(fit: fit)
            let engagement = publication.contacts[place].engagement
            publication.contacts[place].fit = fit
            publication.contacts[place].grade = grades[grade]
            publication.contacts[place].band =
                bands[grade][Profile.level(engagement: engagement, mql: mql)]
            publication.contacts[place].score = Explanation.score(
                engagement: engagement, fit: Double(fit) / 1_000_000)
        }
    }

    private func nameAudiences(
        _ publication: inout Publication, _ order: [Int]
    ) throws(StoreError) {
        guard let verdicts = try audiences?.evaluate(publication, order: order) else { return }
        let names = model.audiences.map { publication.text.piece(of: $0.name) }
        for (row, place) in order.enumerated() {
            let first = names.indices.first { verdicts[row, $0] == .holds }
            publication.contacts[place].audience = first.map { names[$0] } ?? .none
        }
    }

    private func nameStages(_ publication: inout Publication, _ order: [Int]) throws(StoreError) {
        let verdicts = try stages?.evaluate(publication, order: order)
        let rules = model.stages.map { publication.text.piece(of: $0.name) }
        let defaults = DefaultStage.allCases.map { publication.text.piece(of: $0.rawValue) }
        let mql = micropoints(model.mql)
        for (row, place) in order.enumerated() {
            let contact = publication.contacts[place]
            var stage = TextArena.Piece.none
            if contact.statedStage.start >= 0 {
                stage = contact.statedStage
            } else if let verdicts {
                stage =
                    rules.indices.first { verdicts[row, $0] == .holds }.map { rules[$0] } ?? .none
            } else {
                let found = DefaultStage(
                    purchases: contact.purchases, recencyDays: contact.recencyDays,
                    level: Profile.level(engagement: contact.engagement, mql: mql),
                    anonymous: contact.isAnonymous)
                stage = defaults[DefaultStage.allCases.firstIndex(of: found) ?? 0]
            }
            publication.contacts[place].stage = stage
        }
    }
}
