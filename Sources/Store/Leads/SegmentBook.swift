public import Core

/// Keeps the segments and stages of contacts: compares what the rules say now with what was noticed
/// last, commits the difference with its journal, and only then lets it be published.
///
/// Invariant: what a publication says of memberships is in `state.db` already.
public struct SegmentBook {
    private let rules: LeadRules
    private let numbers: [SegmentID]
    private let names: [SegmentID: String]
    /// False as long as no row exists, so that a state without segments costs nothing.
    private var hasRows: Bool

    /// The book of a state under a model's rules.
    public init(_ rules: LeadRules, _ model: Model, in store: StateStore) throws(StoreError) {
        self.rules = rules
        numbers = try store.intern(segments: model.segments.map(\.name))
        names = try store.segmentNames()
        hasRows = try store.hasMemberships()
    }

    /// Rules that could not be evaluated for somebody: which, and why.
    public var faults: [String] { rules.faults }

    /// Applies the rules to the contacts of a publication, and notices who entered or left a segment,
    /// or changed stage.
    ///
    /// - Parameter isShown: Whether anybody can see the publication: only then it has to be on the
    ///   disk, and not only in the transaction, what it says. The next commit that waits for the disk
    ///   covers it.
    public mutating func settle(
        _ publication: inout Publication, in store: StateStore, at now: Instant,
        isShown: Bool = true
    ) throws(StoreError) {
        if !hasRows { hasRows = try store.hasMemberships() }
        let found = try rules.apply(to: &publication)
        publication.segmentNames = names
        var changes = MembershipChanges()
        let noted = hasRows ? try NotedMemberships(publication.sweep, in: store) : nil
        for (row, place) in found.order.enumerated() {
            let before = try noted?.row(of: publication.contacts[place].contact, in: store)
            settle(place, row, found, &publication, before ?? MembershipRow(), now, &changes)
        }
        if let noted {
            for contact in publication.gone {
                guard let before = try noted.row(of: contact, in: store) else { continue }
                note(contact, MembershipRow(), after: before, &changes)
            }
        }
        try store.commit(changes, at: now, isLasting: isShown)
        hasRows = hasRows || !changes.isEmpty
    }

    private func settle(
        _ place: Int, _ row: Int, _ found: LeadRules.Memberships,
        _ publication: inout Publication, _ before: MembershipRow, _ now: Instant,
        _ changes: inout MembershipChanges
    ) {
        let contact = publication.contacts[place]
        var after = MembershipRow()
        for (segment, number) in numbers.enumerated() {
            let since = before.members.first { $0.segment == number }?.since
            guard found.isMember(row, of: segment, before: since != nil) else { continue }
            after.members.append(.init(segment: number, since: since ?? now.milliseconds))
        }
        after.members.sort { $0.segment < $1.segment }
        let stage = publication.text[contact.stage]
        if stage == before.stage || (before.stage == nil && Self.isBeginning(stage)) {
            (after.stage, after.since) = (before.stage, before.since)
        } else {
            (after.stage, after.since) = (stage, now.milliseconds)
        }
        let first = Int32(publication.members.count)
        publication.members += after.members
        publication.contacts[place].members = first..<Int32(publication.members.count)
        note(contact.contact, after, after: before, &changes)
    }

    /// Whether a stage is where everybody begins, and need not be remembered.
    private static func isBeginning(_ stage: String?) -> Bool {
        stage == nil || stage == DefaultStage.known.rawValue
            || stage == DefaultStage.anonymous.rawValue
    }

    private func note(
        _ contact: Int64, _ after: MembershipRow, after before: MembershipRow,
        _ changes: inout MembershipChanges
    ) {
        guard after != before else { return }
        changes.rows.append((contact, after))
        for member in before.members
        where !after.members.contains(where: { $0.segment == member.segment }) {
            changes.segments.append((names[member.segment] ?? "", contact, false))
        }
        for member in after.members
        where !before.members.contains(where: { $0.segment == member.segment }) {
            changes.segments.append((names[member.segment] ?? "", contact, true))
        }
        if after.stage != before.stage {
            changes.stages.append((contact, before.stage, after.stage))
        }
    }
}
