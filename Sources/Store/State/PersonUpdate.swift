import Core

/// Brings the persons up to date with a checkpoint's edges.
///
/// `identifier.root` and `ambiguous` are kept beside the facts as a cache of what the edges say; they
/// change in the same transaction. Identifiers are decided by rank from the top, so that whatever an
/// edge leads to is settled before the edge is counted.
struct PersonUpdate {
    private let statements: StateStatements
    private let now: Instant
    /// Identifiers something may hang below whose root changed, with the root that they have now.
    private var roots: [Int64: Int64] = [:]
    /// Contacts whose row may have changed, in no order.
    private var contacts: [Int64] = []
    /// What the journal still has to be told: who goes to which root, or away from it.
    private var noted: [JournalEntry] = []
    /// The first identifier that this checkpoint has added.
    private var firstNew = Int64.max
    /// Identifiers whose root changed here, for `IdentifierCache`.
    private(set) var moved: [(identifier: Identifier, known: IdentifierCache.Known)] = []
    /// The same of identifiers that stood alone until now, by their numbers in the delta.
    private(set) var joined: [(number: Int, known: IdentifierCache.Known)] = []
    /// The first edges of identifiers that stood alone until now: the identifiers that they lead to,
    /// with the roots that these had, and how often.
    private var firstVotes: [(higher: Int64, root: Int64, n: Int64)] = []
    /// Whether anybody ever said something against the edges; where not, nobody has to be asked.
    private let hasAssertions: Bool
    /// Whether memberships have to follow who moves.
    private let hasMemberships: Bool

    /// An identifier that has to be decided anew.
    private struct Change {
        var id: Int64
        /// If it had no edge before this checkpoint: its number in the delta, and where its edges
        /// stand among `firstVotes`.
        var first: (number: Int, votes: Range<Int>)?
    }

    /// Changes by the kind of the identifier; one may be there more than once.
    private typealias Changes = [[Change]]

    /// How many edges ahead memory is asked for them, and then for their ends.
    private static let ahead = (edges: 24, ends: 12)

    init(in store: StateStore, now: Instant) throws(StoreError) {
        statements = store.statements
        self.now = now
        hasAssertions = try store.hasAssertions()
        hasMemberships = try store.hasMemberships()
    }

    /// Adds the edges and decides anew to whom the identifiers below them belong.
    ///
    /// - Parameter firstNew: The first identifier that this checkpoint has added.
    mutating func apply(
        edges: EdgeTable, of identifiers: [ResolvedIdentifier], firstNew: Int64
    ) throws(StoreError) {
        self.firstNew = firstNew
        var changes = Changes(repeating: [], count: IdentifierKind.allCases.count)
        // Sorted, so that the index is walked in order.
        let rows = edges.rows
        var order = RadixOrder.indices(of: rows.map { UInt64(identifiers[Int($0.lower)].id) })
        // Who is erased has no number.
        order.removeAll {
            identifiers[Int(rows[Int($0)].lower)].isErased
                || identifiers[Int(rows[Int($0)].higher)].isErased
        }
        try statements.addEdges.run(count: order.count) { place, add in
            if place + Self.ahead.edges < order.count {
                rows.prefetch(Int(order[place + Self.ahead.edges]))
                let next = rows[Int(order[place + Self.ahead.ends])]
                identifiers.prefetch(Int(next.lower))
                identifiers.prefetch(Int(next.higher))
            }
            let edge = rows[Int(order[place])]
            add.bind(1, identifiers[Int(edge.lower)].id)
            add.bind(2, identifiers[Int(edge.higher)].id)
            add.bind(3, edge.tally.first)
            add.bind(4, edge.tally.last)
            add.bind(5, edge.tally.n)
        }
        for place in order {
            let edge = rows[Int(place)]
            note(edge, identifiers[Int(edge.lower)], identifiers[Int(edge.higher)], &changes)
        }
        try decide(&changes)
    }

    /// Notes who has to be decided anew for an edge, if anybody has.
    private mutating func note(
        _ edge: EdgeTable.Row, _ lower: ResolvedIdentifier, _ higher: ResolvedIdentifier,
        _ changes: inout Changes
    ) {
        // More votes for the person that it belongs to change nothing, and a new identifier has its
        // person already.
        if lower.isNew || lower.root == higher.root { return }
        contacts.append(higher.root)
        let kind = Int(lower.kind.rawValue)
        let isKnown = changes[kind].last?.id == lower.id
        if !isKnown { changes[kind].append(Change(id: lower.id)) }
        guard lower.isAlone, !hasAssertions else { return }
        let votes = firstVotes.count
        firstVotes.append((higher.id, higher.root, edge.tally.n))
        let last = changes[kind].count - 1
        let start = changes[kind][last].first?.votes.lowerBound ?? votes
        changes[kind][last].first = (Int(edge.lower), start..<(votes + 1))
    }

    /// Decides anew to whom identifiers belong, and what hangs below them.
    mutating func decideAnew(_ identifiers: Set<Int64>) throws(StoreError) {
        var changes = Changes(repeating: [], count: IdentifierKind.allCases.count)
        for id in identifiers {
            statements.readIdentifier.bind(1, id)
            guard try statements.readIdentifier.step() else { continue }
            let kind = IdentifierKind(rawValue: UInt8(clamping: statements.readIdentifier.int(0)))
            statements.readIdentifier.reset()
            if let kind { changes[Int(kind.rawValue)].append(Change(id: id)) }
        }
        try decide(&changes)
    }

    /// By rank from the top, so that whatever an edge leads to is settled before the edge is counted.
    /// Within a rank links lead from one to another, without ever coming back: what hangs below one
    /// that changed is decided once more.
    private mutating func decide(_ changes: inout Changes) throws(StoreError) {
        for kind in IdentifierKind.allCases {
            while !changes[Int(kind.rawValue)].isEmpty {
                // Of several of one identifier the first counts: it is the one with first edges.
                let some = changes[Int(kind.rawValue)]
                changes[Int(kind.rawValue)] = []
                var last: Int64 = 0
                for place in RadixOrder.indices(of: some.map { UInt64($0.id) }) {
                    let change = some[Int(place)]
                    if change.id == last { continue }
                    last = change.id
                    let isChanged =
                        if let first = change.first {
                            try decide(change.id, kind, number: first.number, first.votes)
                        } else { try decide(change.id) }
                    // Nothing hangs below a cookie but what somebody linked to it.
                    guard isChanged, kind != .cookie || hasAssertions else { continue }
                    try add(lowerOf: change.id, to: &changes)
                }
            }
        }
        try writeNoted()
    }

    /// What hangs below an identifier has to be decided anew too.
    private func add(lowerOf id: Int64, to changes: inout Changes) throws(StoreError) {
        let lower = hasAssertions ? statements.readLower : statements.readLowerByEdges
        lower.bind(1, id)
        while try lower.step() {
            guard let kind = IdentifierKind(rawValue: UInt8(clamping: lower.int(1))) else {
                continue
            }
            changes[Int(kind.rawValue)].append(Change(id: lower.int(0)))
        }
    }

    /// The contacts whose row may have changed by this checkpoint, ascending.
    func touched(among identifiers: [ResolvedIdentifier]) -> [Int64] {
        // Where a root has changed the new one is among `contacts`.
        var all = contacts.map { UInt64($0) }
        all.reserveCapacity(all.count + identifiers.count)
        for identifier in identifiers where !identifier.isErased {
            all.append(UInt64(identifier.root))
        }
        RadixOrder.sort(&all)
        var result: [Int64] = []
        for contact in all where result.last != Int64(contact) { result.append(Int64(contact)) }
        return result
    }

    /// Decides to whom an identifier belongs.
    ///
    /// - Returns: whether that changed.
    private mutating func decide(_ id: Int64) throws(StoreError) -> Bool {
        let belonging = try statements.belonging(of: id, mayBeAsserted: hasAssertions)
        let root: Int64? = if case .person(let root) = belonging { root } else { nil }
        let ambiguous = belonging == .ambiguous

        statements.readIdentifier.bind(1, id)
        guard try statements.readIdentifier.step() else { return false }
        let oldRoot = statements.readIdentifier.optionalInt(2)
        let wasAmbiguous = statements.readIdentifier.int(3) != 0
        let kind = IdentifierKind(rawValue: UInt8(clamping: statements.readIdentifier.int(0)))
        let value = statements.readIdentifier.bytes(1).array
        statements.readIdentifier.reset()
        // Why it belongs there may have changed all the same.
        contacts.append(oldRoot ?? id)
        guard root != oldRoot || ambiguous != wasAmbiguous else { return false }

        try setRoot(of: id, to: root, isAmbiguous: ambiguous)
        roots[id] = root ?? id
        if let kind {
            let known = IdentifierCache.Known(id: id, root: root ?? id, isAmbiguous: ambiguous)
            moved.append((Identifier(kind: kind, value: value), known))
        }
        contacts.append(id)
        contacts.append(root ?? id)
        if root != oldRoot, id < firstNew { try note(id, from: oldRoot, to: root) }
        return root != oldRoot
    }

    /// Decides to whom an identifier belongs that stood alone: all its edges are in the checkpoint.
    ///
    /// - Returns: whether that changed.
    private mutating func decide(
        _ id: Int64, _ kind: IdentifierKind, number: Int, _ first: Range<Int>
    ) throws(StoreError) -> Bool {
        let votes = firstVotes[first].map { (root: roots[$0.higher] ?? $0.root, n: $0.n) }
        contacts.append(id)
        switch Belonging(votes: votes) {
        case .own: return false
        case .ambiguous:
            try setRoot(of: id, to: nil, isAmbiguous: true)
            joined.append(
                (number, IdentifierCache.Known(id: id, root: id, isAmbiguous: true)))
            return false
        case .person(let root):
            try setRoot(of: id, to: root, isAmbiguous: false)
            joined.append(
                (number, IdentifierCache.Known(id: id, root: root, isAmbiguous: false)))
            if kind != .cookie { roots[id] = root }
            contacts.append(root)
            try note(id, from: nil, to: root)
            return true
        }
    }

    private mutating func setRoot(
        of id: Int64, to root: Int64?, isAmbiguous: Bool
    ) throws(StoreError) {
        statements.setRoot.bind(1, root)
        statements.setRoot.bind(2, Int64(isAmbiguous ? 1 : 0))
        statements.setRoot.bind(3, id)
        try statements.setRoot.run()
    }

    private mutating func note(_ id: Int64, from old: Int64?, to new: Int64?) throws(StoreError) {
        if let old { noted.append(JournalEntry(contact: id, change: "split", other: old)) }
        guard let new else { return }
        noted.append(JournalEntry(contact: id, change: "merge", other: new))
        guard hasMemberships else { return }
        // That writes to the journal too.
        try writeNoted()
        try statements.moveMembership(from: id, to: new, at: now)
    }

    private mutating func writeNoted() throws(StoreError) {
        try statements.write(noted, at: now)
        noted.removeAll(keepingCapacity: true)
    }
}
