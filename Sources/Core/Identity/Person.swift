/// To whom an identifier belongs: a pure function of its edges to higher-ranked identifiers, so that
/// the order in which they were learned does not matter and nothing is ever merged for good.
public enum Belonging: Equatable, Sendable {
    /// No edge leads upwards: a person of its own.
    case own
    /// It belongs to the person with this root.
    case person(Int64)
    /// Its edges disagree: on its own, and reported.
    case ambiguous

    /// Decides from the votes: for each edge upwards, the root of the person that it leads to and
    /// how often it was seen.
    ///
    /// The person that at least three quarters of the votes lead to has it. A forwarded mail or one
    /// login on the family laptop changes nothing; a computer shared by two belongs to neither.
    ///
    /// - Complexity: O(v log v) in the number of votes.
    public init(votes: [(root: Int64, n: Int64)]) {
        guard !votes.isEmpty else {
            self = .own
            return
        }
        var total: Int64 = 0
        var best: (root: Int64, n: Int64) = (0, 0)
        var running: (root: Int64, n: Int64) = (0, 0)
        for vote in votes.sorted(by: { $0.root < $1.root }) {
            total += vote.n
            running = vote.root == running.root ? (vote.root, running.n + vote.n) : vote
            if running.n > best.n { best = running }
        }
        self = best.n * 4 >= total * 3 ? .person(best.root) : .ambiguous
    }
}

/// The slow and obvious reference: everybody's person from all edges, by rank from the top.
public enum PersonReference {
    /// The root identifier of each identifier, and whether it is ambiguous.
    ///
    /// - Complexity: O(i * e), identifiers times edges: for tests and for `verify` of small states.
    public static func resolve(
        identifiers: [(id: Int64, kind: IdentifierKind)],
        edges: [(lower: Int64, higher: Int64, n: Int64)]
    ) -> [Int64: (root: Int64, ambiguous: Bool)] {
        var result: [Int64: (root: Int64, ambiguous: Bool)] = [:]
        for kind in IdentifierKind.allCases {
            for identifier in identifiers where identifier.kind == kind {
                let votes = edges.filter { $0.lower == identifier.id }.map {
                    (root: result[$0.higher]?.root ?? $0.higher, n: $0.n)
                }
                switch Belonging(votes: votes) {
                case .own: result[identifier.id] = (identifier.id, false)
                case .person(let root): result[identifier.id] = (root, false)
                case .ambiguous: result[identifier.id] = (identifier.id, true)
                }
            }
        }
        return result
    }
}
