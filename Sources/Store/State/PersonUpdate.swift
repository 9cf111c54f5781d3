import Core

/// Brings the persons up to date with a checkpoint's edges.
///
/// `identifier.root` and `ambiguous` are kept beside the facts as a cache of what the edges say; they
/// change in the same transaction. Identifiers are decided by rank from the top, so that whatever an
/// edge leads to is settled before the edge is counted.
struct PersonUpdate {
    private let connection: Connection
    private let statements: StateStatements
    private let now: Instant
    /// Identifiers whose root changed, with the root that they have now.
    private var roots: [Int64: Int64] = [:]
    private var contacts: Set<Int64> = []
    /// Identifiers whose root changed here, for `IdentifierCache`.
    private(set) var moved: [(identifier: Identifier, known: IdentifierCache.Known)] = []
    /// The same of identifiers that stood alone until now, by their numbers in the delta.
    private(set) var joined: [(number: Int, known: IdentifierCache.Known)] = []
    /// The first edges of identifiers that stood alone until now, by their ids.
    private var firstEdges: [Int64: FirstEdges] = [:]
    /// Whether anybody ever said something against the edges; where not, nobody has to be asked.
    private let hasAssertions: Bool
    /// Whether memberships have to follow who moves.
    private let hasMemberships: Bool

    /// All edges of an identifier that had none before this checkpoint.
    private struct FirstEdges {
        /// Its number in the delta.
        var number: Int
        /// The identifiers that they lead to, with the roots that these had, and how often.
        var votes: [(higher: Int64, root: Int64, n: Int64)]
    }

    /// How many edges ahead memory is asked for them, and then for their ends.
    private static let ahead = (edges: 24, ends: 12)

    init(in store: StateStore, now: Instant) throws(StoreError) {
        connection = store.connection
        statements = store.statements
        self.now = now
        hasAssertions = try store.hasAssertions()
        hasMemberships = try store.hasMemberships()
    }

    /// Adds the edges and decides anew to whom the identifiers below them belong.
    mutating func apply(
        edges: EdgeTable, of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) {
        var changed: [IdentifierKind: Set<Int64>] = [:]
        var new: Set<Int64> = []
        // Sorted, so that the index is walked in order.
        let rows = edges.rows
        let order = RadixOrder.indices(of: rows.map { UInt64(identifiers[Int($0.lower)].id) })
        for (done, place) in order.enumerated() {
            if done + Self.ahead.edges < order.count {
                rows.prefetch(Int(order[done + Self.ahead.edges]))
                let next = rows[Int(order[done + Self.ahead.ends])]
                identifiers.prefetch(Int(next.lower))
                identifiers.prefetch(Int(next.higher))
            }
            let edge = rows[Int(place)]
            let lower = identifiers[Int(edge.lower)]
            let higher = identifiers[Int(edge.higher)]
            if lower.isErased || higher.isErased { continue }
            // One that most likely exists is cheaper to change than to add in vain.
            var isAdded = false
            if !lower.isNew, !lower.isAlone {
                isAdded = try add(edge.tally, to: lower.id, higher.id, by: statements.addToEdge)
            }
            if !isAdded {
                _ = try add(edge.tally, to: lower.id, higher.id, by: statements.addEdge)
            }
            if lower.isNew { new.insert(lower.id) }
            // More votes for the person that it belongs to change nothing, and a new identifier
            // has its person already.
            if lower.isNew || lower.root == higher.root { continue }
            if lower.isAlone, !hasAssertions {
                firstEdges[lower.id, default: FirstEdges(number: Int(edge.lower), votes: [])].votes
                    .append((higher.id, higher.root, edge.tally.n))
            }
            changed[lower.kind, default: []].insert(lower.id)
            contacts.insert(higher.root)
        }
        try decide(changed, new: new)
    }

    /// Adds to an edge by a statement.
    ///
    /// - Returns: whether it changed a row.
    private func add(
        _ tally: EdgeTally, to lower: Int64, _ higher: Int64, by statement: Statement
    ) throws(StoreError) -> Bool {
        statement.bind(1, lower)
        statement.bind(2, higher)
        statement.bind(3, tally.first)
        statement.bind(4, tally.last)
        statement.bind(5, tally.n)
        try statement.run()
        return connection.lastChanges > 0
    }

    /// Decides anew to whom identifiers belong, and what hangs below them.
    mutating func decideAnew(_ identifiers: Set<Int64>) throws(StoreError) {
        var changed: [IdentifierKind: Set<Int64>] = [:]
        for id in identifiers {
            statements.readIdentifier.bind(1, id)
            guard try statements.readIdentifier.step() else { continue }
            let kind = IdentifierKind(rawValue: UInt8(clamping: statements.readIdentifier.int(0)))
            statements.readIdentifier.reset()
            if let kind { changed[kind, default: []].insert(id) }
        }
        try decide(changed, new: [])
    }

    /// By rank from the top, so that whatever an edge leads to is settled before the edge is counted.
    /// Within a rank links lead from one to another, without ever coming back: what hangs below one
    /// that changed is decided once more.
    private mutating func decide(
        _ changed: [IdentifierKind: Set<Int64>], new: Set<Int64>
    ) throws(StoreError) {
        var changed = changed
        for kind in IdentifierKind.allCases {
            while let ids = changed.removeValue(forKey: kind) {
                for id in ids.sorted() {
                    let first = firstEdges.removeValue(forKey: id)
                    let isChanged =
                        if let first { try decide(id, by: first) } else {
                            try decide(id, isNew: new.contains(id))
                        }
                    guard isChanged else { continue }
                    // Nothing hangs below a cookie but what somebody linked to it.
                    if kind == .cookie, !hasAssertions { continue }
                    let lower =
                        hasAssertions ? statements.readLower : statements.readLowerByEdges
                    lower.bind(1, id)
                    while try lower.step() {
                        guard let kind = IdentifierKind(rawValue: UInt8(clamping: lower.int(1)))
                        else { continue }
                        changed[kind, default: []].insert(lower.int(0))
                    }
                }
            }
        }
    }

    /// The contacts whose row may have changed by this checkpoint.
    func touched(among identifiers: [ResolvedIdentifier]) -> Set<Int64> {
        var result = contacts
        result.reserveCapacity(contacts.count + identifiers.count)
        for identifier in identifiers { result.insert(roots[identifier.id] ?? identifier.root) }
        return result
    }

    /// Decides to whom an identifier belongs.
    ///
    /// - Returns: whether that changed.
    private mutating func decide(_ id: Int64, isNew: Bool) throws(StoreError) -> Bool {
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
        contacts.insert(oldRoot ?? id)
        guard root != oldRoot || ambiguous != wasAmbiguous else { return false }

        try setRoot(of: id, to: root, isAmbiguous: ambiguous)
        if let kind {
            let known = IdentifierCache.Known(id: id, root: root ?? id, isAmbiguous: ambiguous)
            moved.append((Identifier(kind: kind, value: value), known))
        }
        contacts.formUnion([id, oldRoot ?? id, root ?? id])
        if root != oldRoot, !isNew { try note(id, from: oldRoot, to: root) }
        return root != oldRoot
    }

    /// Decides to whom an identifier belongs that stood alone: all its edges are in the checkpoint.
    ///
    /// - Returns: whether that changed.
    private mutating func decide(_ id: Int64, by first: FirstEdges) throws(StoreError) -> Bool {
        let votes = first.votes.map { (root: roots[$0.higher] ?? $0.root, n: $0.n) }
        contacts.insert(id)
        switch Belonging(votes: votes) {
        case .own: return false
        case .ambiguous:
            try setRoot(of: id, to: nil, isAmbiguous: true)
            joined.append(
                (first.number, IdentifierCache.Known(id: id, root: id, isAmbiguous: true)))
            return false
        case .person(let root):
            try setRoot(of: id, to: root, isAmbiguous: false)
            joined.append(
                (first.number, IdentifierCache.Known(id: id, root: root, isAmbiguous: false)))
            contacts.insert(root)
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
        roots[id] = root ?? id
    }

    private func note(_ id: Int64, from old: Int64?, to new: Int64?) throws(StoreError) {
        if let old { try write("split", contact: id, other: old) }
        guard let new else { return }
        try write("merge", contact: id, other: new)
        guard hasMemberships else { return }
        try statements.moveMembership(from: id, to: new, at: now)
    }

    private func write(_ change: String, contact: Int64, other: Int64) throws(StoreError) {
        statements.addJournal.bind(1, now.milliseconds)
        statements.addJournal.bindNull(2)
        statements.addJournal.bind(3, contact)
        statements.addJournal.bind(4, change)
        statements.addJournal.bind(5, other)
        try statements.addJournal.run()
    }
}
