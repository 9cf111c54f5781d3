public import Core

/// What came of a `link` or `unlink`.
public struct AssertionResult: Sendable, Equatable {
    /// The contacts that the two identifiers belong to now.
    public var contacts: [Int64]
    /// Whether an earlier assertion of the opposite kind was revoked, rather than a new one stored.
    public var revoked: Bool
    /// Contacts whose rows may have changed.
    public var touched: Set<Int64>

    /// Whether the two are one person now.
    public var isOnePerson: Bool { contacts[0] == contacts[1] }
}

/// What people say about who is who: it overrides the edges until it is revoked.
extension StateStore {
    /// The number of an identifier; nil if it was never seen.
    public func number(of identifier: Identifier) throws(StoreError) -> Int64? {
        var place = token(of: identifier)
        let find = statements.findIdentifier
        while true {
            find.bind(1, Int64(bitPattern: place))
            guard try find.step() else { return nil }
            defer { find.reset() }
            if find.int(1) == Int64(identifier.kind.rawValue),
                find.bytes(2).array == identifier.value
            {
                return find.int(0)
            }
            place &+= 1
        }
    }

    /// The keyed hash under which an identifier is known.
    func token(of identifier: Identifier) -> UInt64 {
        hash([identifier.kind.rawValue] + identifier.value)
    }

    /// The contact that an identifier belongs to.
    public func contact(of identifier: Int64) throws(StoreError) -> Int64 {
        try root(of: identifier)
    }

    /// Joins two identifiers into one person, or parts them, whatever their edges say.
    ///
    /// Where the opposite was asserted of the two, that is revoked, so that all is as it was before
    /// it. Otherwise the identifier of the lower rank (of one kind, the one with the larger value)
    /// goes to the person of the other, or stays away from it.
    ///
    /// - Parameters:
    ///   - joined: Whether they are one person.
    ///   - actor: Who says so.
    public func assert(
        joined: Bool, _ left: Int64, _ right: Int64, by actor: String, at now: Instant
    ) throws(StoreError) -> AssertionResult {
        let (lower, higher) = try ordered(left, right)
        defer { cache.clear() }
        return try connection.transaction { () throws(StoreError) -> AssertionResult in
            let revoke = try connection.prepare(
                """
                UPDATE assertion SET revoked = ?
                WHERE lower = ? AND higher = ? AND joined = ? AND revoked IS NULL
                """)
            revoke.bind(1, now.milliseconds)
            revoke.bind(2, lower)
            revoke.bind(3, higher)
            revoke.bind(4, Int64(joined ? 0 : 1))
            try revoke.run()
            let revoked = connection.lastChanges > 0
            if !revoked { try store(joined: joined, lower, higher, by: actor, at: now) }
            var persons = try PersonUpdate(in: self, now: now)
            try persons.decideAnew([lower])
            let contacts = [try root(of: left), try root(of: right)]
            return AssertionResult(
                contacts: contacts, revoked: revoked,
                touched: Set(persons.touched(among: [])).union(contacts))
        }
    }

    private func store(
        joined: Bool, _ lower: Int64, _ higher: Int64, by actor: String, at now: Instant
    ) throws(StoreError) {
        let add = try connection.prepare(
            "INSERT INTO assertion(lower, higher, joined, at, actor) VALUES (?, ?, ?, ?, ?)")
        add.bind(1, lower)
        add.bind(2, higher)
        add.bind(3, Int64(joined ? 1 : 0))
        add.bind(4, now.milliseconds)
        add.bind(5, actor)
        try add.run()
    }

    /// The one of the lower rank, then the other; of one kind, the smaller value is the higher one.
    private func ordered(
        _ left: Int64, _ right: Int64
    ) throws(StoreError) -> (lower: Int64, higher: Int64) {
        let first = try identifier(left)
        let second = try identifier(right)
        guard first != second else {
            throw .unlawful(detail: "\(first) is one identifier, not two")
        }
        return first < second ? (right, left) : (left, right)
    }

    /// Whether anything was ever asserted about identifiers.
    func hasAssertions() throws(StoreError) -> Bool {
        try connection.integer("SELECT 1 FROM assertion LIMIT 1") != nil
    }

    /// Whether there is an identifier of this number.
    public func hasIdentifier(_ id: Int64) throws(StoreError) -> Bool {
        statements.readIdentifier.bind(1, id)
        defer { statements.readIdentifier.reset() }
        return try statements.readIdentifier.step()
    }

    /// An identifier by its number.
    public func identifier(_ id: Int64) throws(StoreError) -> Identifier {
        let read = statements.readIdentifier
        read.bind(1, id)
        guard try read.step() else { throw .unlawful(detail: "there is no identifier \(id)") }
        defer { read.reset() }
        guard let kind = IdentifierKind(rawValue: UInt8(clamping: read.int(0))) else {
            throw .damaged(path: path, detail: "identifier \(id) is of an unknown kind")
        }
        return Identifier(kind: kind, value: read.bytes(1).array)
    }
}

extension StateStatements {
    /// To whom an identifier belongs: by what was asserted of it, else by its edges.
    func belonging(
        of id: Int64, mayBeAsserted: Bool = true
    ) throws(StoreError) -> Belonging {
        let said = try said(of: id, mayBeAsserted: mayBeAsserted)
        return said.linked.map(Belonging.person) ?? Belonging(votes: said.votes)
    }

    /// What is said of an identifier: the person that it was linked to, and the votes of its edges.
    ///
    /// The last `link` decides. An `unlink` takes away the votes for the person that the other
    /// identifier belongs to.
    ///
    /// - Parameter mayBeAsserted: False where it is known that nothing was ever asserted.
    func said(
        of id: Int64, mayBeAsserted: Bool = true
    ) throws(StoreError) -> (linked: Int64?, votes: [(root: Int64, n: Int64)]) {
        var linked: Int64?
        var away: Set<Int64> = []
        if mayBeAsserted {
            readAssertions.bind(1, id)
            while try readAssertions.step() {
                let root = readAssertions.int(0)
                if readAssertions.int(1) != 0 { linked = root } else { away.insert(root) }
            }
        }
        if let linked { return (linked, []) }
        return (nil, try votes(of: id).filter { !away.contains($0.root) })
    }

    /// For each edge upwards the root that it leads to, and how often it was seen.
    func votes(of id: Int64) throws(StoreError) -> [(root: Int64, n: Int64)] {
        var votes: [(root: Int64, n: Int64)] = []
        readVotes.bind(1, id)
        while try readVotes.step() { votes.append((readVotes.int(0), readVotes.int(1))) }
        return votes
    }
}
