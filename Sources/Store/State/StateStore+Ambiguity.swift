public import Core

/// An identifier that belongs to nobody, because its events lead to several people.
public struct AmbiguousIdentifier: Sendable, Equatable {
    /// One of the people that it leads to.
    public struct Person: Sendable, Equatable {
        /// The contact.
        public var contact: Int64
        /// The identifier that names it.
        public var identifier: Identifier
        /// How many events lead there.
        public var n: Int64
    }

    /// Its number, which is also that of the contact that it is by itself.
    public var id: Int64
    /// What it is.
    public var identifier: Identifier
    /// Its first event.
    public var first: Instant
    /// Its last event.
    public var last: Instant
    /// Those that it leads to, by events descending, then by number.
    public var people: [Person]

    /// How many of its events lead to somebody.
    public var n: Int64 { people.reduce(0) { $0 + $1.n } }
}

/// Who is ambiguous, and between whom.
extension StateStore {
    /// Ambiguous identifiers with numbers above `id`, ascending, after a look at so many identifiers.
    ///
    /// - Returns: those found, and the last number that was looked at; nil after the end.
    /// - Complexity: O(limit + edges of those found).
    public func ambiguous(
        after id: Int64, limit: Int64
    ) throws(StoreError) -> (found: [AmbiguousIdentifier], last: Int64?) {
        let last = id + limit
        let read = try connection.prepare(
            """
            SELECT id FROM identifier
            WHERE id > ? AND id <= ? AND ambiguous ORDER BY id
            """)
        read.bind(1, id)
        read.bind(2, last)
        var found: [AmbiguousIdentifier] = []
        var sightings = SightingReader(self)
        while try read.step() {
            let id = read.int(0)
            let times = try sightings.times(of: id)
            found.append(
                AmbiguousIdentifier(
                    id: id, identifier: try identifier(id), first: Instant(times.first),
                    last: Instant(times.last), people: try people(around: id)))
        }
        return (found, last < nextIdentifier - 1 ? last : nil)
    }

    private func people(
        around id: Int64
    ) throws(StoreError) -> [AmbiguousIdentifier.Person] {
        var sums: [Int64: Int64] = [:]
        for vote in try statements.said(of: id).votes { sums[vote.root, default: 0] += vote.n }
        var people: [AmbiguousIdentifier.Person] = []
        for (root, n) in sums.sorted(by: { $0.key < $1.key }) {
            people.append(.init(contact: root, identifier: try identifier(root), n: n))
        }
        return people.sorted { ($1.n, $0.contact) < ($0.n, $1.contact) }
    }
}
