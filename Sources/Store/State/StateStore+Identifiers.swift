import Core

/// An identifier of a delta as the state knows it.
struct ResolvedIdentifier {
    var id: Int64
    var kind: IdentifierKind
    /// The root of its person before this checkpoint.
    var root: Int64
    /// Whether this checkpoint is the first to name it.
    var isNew: Bool
    /// Whether its edges disagreed before this checkpoint.
    var isAmbiguous = false
    /// Whether no edge led to anybody before this checkpoint, if nothing was asserted.
    var isAlone: Bool { root == id && !isAmbiguous }
    /// Whether its person is erased: it was read before that was known, and is counted as erased.
    var isErased: Bool { id == 0 && !isNew }

    static func erased(_ kind: IdentifierKind) -> ResolvedIdentifier {
        ResolvedIdentifier(id: 0, kind: kind, root: 0, isNew: false)
    }
}

/// Giving the identifiers of a checkpoint their numbers, within the transaction of `commit`.
extension StateStore {
    /// The number of every identifier of the delta, new ones given a new one; registers are widened.
    ///
    /// New identifiers that an edge joins to a new one are numbered right behind it: who is read
    /// together lies together.
    ///
    /// - Complexity: O(i) look-ups in memory, O(log n) on disk for those that were not met lately.
    func resolve(_ facts: FactDelta) throws(StoreError) -> [ResolvedIdentifier] {
        let rows = facts.identifiers.rows
        var resolved: [ResolvedIdentifier] = []
        resolved.reserveCapacity(rows.count)
        for (number, row) in rows.enumerated() {
            if number + Self.ahead < rows.count { cache.prefetch(rows[number + Self.ahead].hash) }
            if !erasedTokens.isEmpty, erasedTokens.contains(row.hash) {
                resolved.append(.erased(row.kind))
                continue
            }
            let known = try find(number, row, facts.identifiers)
            resolved.append(
                ResolvedIdentifier(
                    id: known?.id ?? 0, kind: row.kind, root: known?.root ?? 0,
                    isNew: known == nil, isAmbiguous: known?.isAmbiguous ?? false))
        }
        try addNew(&resolved, facts)
        try widen(resolved, rows)
        return resolved
    }

    /// How many identifiers ahead memory is asked for their places in the cache.
    private static var ahead: Int { 16 }

    /// What the state knows of an identifier; nil if it is new.
    private func find(
        _ number: Int, _ row: IdentifierTable.Row, _ table: IdentifierTable
    ) throws(StoreError) -> IdentifierCache.Known? {
        let check = table.withValue(of: number) { IdentifierCache.check(row.kind, $0) }
        if let known = cache.find(row.hash, check: check) { return known }
        if cache.isComplete { return nil }
        let find = statements.findIdentifier
        var place = row.hash
        while true {
            find.bind(1, Int64(bitPattern: place))
            guard try find.step() else { return nil }
            defer { find.reset() }
            if find.int(1) == Int64(row.kind.rawValue),
                table.withValue(of: number, { $0.equals(find.bytes(2)) })
            {
                let id = find.int(0)
                let known = IdentifierCache.Known(
                    id: id, root: find.optionalInt(3) ?? id, isAmbiguous: find.int(4) != 0)
                cache.set(known, for: row.hash, check: check)
                return known
            }
            place &+= 1
        }
    }

    /// Puts what is known of an identifier now into the cache.
    func remember(_ identifier: Identifier, _ known: IdentifierCache.Known) {
        let check = unsafe identifier.value.withUnsafeBufferPointer {
            IdentifierCache.check(identifier.kind, unsafe ByteSlice($0))
        }
        let hashed = [identifier.kind.rawValue] + identifier.value
        cache.set(known, for: hash(hashed), check: check)
    }

    /// Puts what is known of identifiers of a delta now into the cache.
    func remember(
        _ changed: [(number: Int, known: IdentifierCache.Known)], of table: IdentifierTable
    ) {
        for (number, known) in changed {
            let row = table.rows[number]
            let check = table.withValue(of: number) { IdentifierCache.check(row.kind, $0) }
            cache.set(known, for: row.hash, check: check)
        }
    }

    /// Adds the new ones, each with its person, which only this delta's edges can tell.
    private func addNew(
        _ resolved: inout [ResolvedIdentifier], _ facts: FactDelta
    ) throws(StoreError) {
        let homes = Self.homes(of: resolved, facts.edges.rows)
        // Those that belong to a new one, as lists by way of `next`.
        var below = [Int](repeating: -1, count: resolved.count)
        var next = below
        for number in resolved.indices.reversed() where resolved[number].isNew {
            guard case .new(let root) = homes[number].root, root != number else { continue }
            next[number] = below[root]
            below[root] = number
        }
        var added: [Int] = []
        func add(_ number: Int, root: Int64?) throws(StoreError) {
            let id = nextIdentifier
            guard id < 1 << 40 else { throw .unlawful(detail: "no identifier numbers are left") }
            nextIdentifier += 1
            resolved[number].id = id
            resolved[number].root = root ?? id
            added.append(number)
        }
        for number in resolved.indices where resolved[number].isNew {
            switch homes[number].root {
            case .known(let root): try add(number, root: root)
            case .new(let root) where root != number: continue
            case .new:
                try add(number, root: nil)
                var lower = below[number]
                while lower >= 0 {
                    try add(lower, root: resolved[number].id)
                    lower = next[lower]
                }
            }
        }
        let known = added.map { number in
            IdentifierCache.Known(
                id: resolved[number].id, root: resolved[number].root,
                isAmbiguous: homes[number].isAmbiguous)
        }
        try insert(added, known, facts.identifiers)
    }

    /// Inserts new identifiers by their numbers in the delta, with what is known of each.
    private func insert(
        _ numbers: [Int], _ known: [IdentifierCache.Known], _ table: IdentifierTable
    ) throws(StoreError) {
        let rows = table.rows
        try table.withValues { (values) throws(StoreError) in
            func bind(_ place: Int, _ hash: UInt64, _ add: Statement) {
                let identifier = known[place]
                add.bind(1, identifier.id)
                add.bind(2, Int64(bitPattern: hash))
                add.bind(3, Int64(rows[numbers[place]].kind.rawValue))
                add.bind(kept: table.value(of: numbers[place], in: values), 4)
                add.bind(5, identifier.root == identifier.id ? nil : identifier.root)
                add.bind(6, Int64(identifier.isAmbiguous ? 1 : 0))
            }
            let before = connection.totalChanges
            try statements.addIdentifiers.run(count: numbers.count) { place, add in
                bind(place, rows[numbers[place]].hash, add)
            }
            // Where the place of a hash is taken by another value of the same hash: the next one.
            if connection.totalChanges - before < numbers.count {
                for place in numbers.indices {
                    var hash = rows[numbers[place]].hash
                    while try !hasIdentifier(known[place].id) {
                        hash &+= 1
                        try statements.addIdentifiers.run(count: 1) { bind(place, hash, $1) }
                    }
                }
            }
            for (place, number) in numbers.enumerated() {
                if place + Self.ahead < numbers.count {
                    cache.prefetch(rows[numbers[place + Self.ahead]].hash)
                }
                let value = table.value(of: number, in: values)
                cache.set(
                    known[place], for: rows[number].hash,
                    check: IdentifierCache.check(rows[number].kind, value))
            }
        }
    }

    /// Where an identifier of a delta belongs.
    private struct Home {
        enum Root {
            /// The id of a root that the state has.
            case known(Int64)
            /// The number in the delta of a new one, its own if it belongs to nobody else.
            case new(Int)
        }
        var root: Root
        var isAmbiguous = false
    }

    /// To whom the identifiers belong, decided by rank from the top.
    private static func homes(
        of resolved: [ResolvedIdentifier], _ edges: [EdgeTable.Row]
    ) -> [Home] {
        var homes = resolved.enumerated().map { number, identifier in
            Home(root: identifier.isNew ? .new(number) : .known(identifier.root))
        }
        // The edges of each new lower one, as lists by way of `next`.
        var first = [Int](repeating: -1, count: resolved.count)
        var next = [Int](repeating: -1, count: edges.count)
        for (place, edge) in edges.enumerated()
        where resolved[Int(edge.lower)].isNew && !resolved[Int(edge.higher)].isErased {
            next[place] = first[Int(edge.lower)]
            first[Int(edge.lower)] = place
        }
        for kind in IdentifierKind.allCases {
            for number in resolved.indices
            where resolved[number].kind == kind && first[number] >= 0 {
                homes[number] = home(of: number, homes, edges, first[number], next)
            }
        }
        return homes
    }

    private static func home(
        of number: Int, _ homes: [Home], _ edges: [EdgeTable.Row], _ first: Int, _ next: [Int]
    ) -> Home {
        if next[first] < 0 { return Home(root: homes[Int(edges[first].higher)].root) }
        // Numbers of new roots below zero, ids of known ones above.
        var votes: [(root: Int64, n: Int64)] = []
        var place = first
        while place >= 0 {
            switch homes[Int(edges[place].higher)].root {
            case .known(let id): votes.append((id, edges[place].tally.n))
            case .new(let number): votes.append((Int64(-number - 1), edges[place].tally.n))
            }
            place = next[place]
        }
        switch Belonging(votes: votes) {
        case .person(let root) where root > 0: return Home(root: .known(root))
        case .person(let root): return Home(root: .new(Int(-root - 1)))
        case .own: return Home(root: .new(number))
        case .ambiguous: return Home(root: .new(number), isAmbiguous: true)
        }
    }
}
