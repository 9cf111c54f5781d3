/// Everything that is known of one person: the facts of its identifiers.
public struct PersonFacts: Sendable {
    /// One identifier of the person.
    public struct Member: Sendable {
        /// The number under which the state knows it.
        public var id: Int64
        /// The identifier.
        public var identifier: Identifier
        /// Milliseconds of its first event.
        public var first: Int64
        /// Milliseconds of its last event.
        public var last: Int64
        /// Whether its edges disagree.
        public var ambiguous: Bool
        /// Its cells, ascending by day and signal.
        public var cells: [DailyCell]
        /// Its counts beyond the retention, by signal.
        public var lifetime: [SignalID: Tally] = [:]
        /// Why it belongs to the person; nil for the root.
        public var reason: MembershipReason?

        /// An identifier with its facts.
        public init(
            id: Int64, identifier: Identifier, first: Int64, last: Int64, ambiguous: Bool,
            cells: [DailyCell]
        ) {
            self.id = id
            self.identifier = identifier
            self.first = first
            self.last = last
            self.ambiguous = ambiguous
            self.cells = cells
        }
    }

    /// The id of the root identifier, which is the contact's.
    public var contact: Int64
    /// The root first, then the others by id.
    public var members: [Member] = []
    /// Counts beyond the retention, by signal, of all identifiers.
    public var lifetime: [SignalID: Tally] {
        var sum: [SignalID: Tally] = [:]
        for member in members where !member.lifetime.isEmpty {
            sum.merge(member.lifetime) { left, right in
                var both = left
                both.add(right)
                return both
            }
        }
        return sum
    }
    /// The attributes, the winning statement of each.
    public var traits: [(attribute: [UInt8], trait: Trait)] = []
    /// Whether any edge is known of it: an identifier with edges belongs to somebody, or its edges
    /// disagree.
    public var hasEdge: Bool { members.count > 1 || members.contains { $0.ambiguous } }

    /// A person of which nothing is known yet.
    public init(contact: Int64) { self.contact = contact }

    /// Adds a statement of one of the identifiers; among statements of one attribute the latest wins.
    public mutating func state(_ trait: Trait, attribute: [UInt8]) {
        guard let place = traits.firstIndex(where: { $0.attribute == attribute }) else {
            traits.append((attribute, trait))
            return
        }
        if trait.supersedes(traits[place].trait) { traits[place].trait = trait }
    }
}
