/// Why an identifier belongs to a person, or to nobody else.
public enum MembershipReason: Equatable, Sendable {
    /// Somebody said so.
    case linked(by: String)
    /// So many of its events with others lead there, of so many.
    case votes(Int64, of: Int64)
    /// No more than so many lead to one person, of so many, which is too few.
    case disputed(Int64, of: Int64)
}

extension TextArena {
    /// A reason in words.
    public mutating func piece(of reason: MembershipReason) -> Piece {
        switch reason {
        case .linked(let actor): piece(of: "linked by \(actor)")
        case .votes(let n, let total):
            piece {
                $0.share(n, total)
                $0.raw(" events lead there")
            }
        case .disputed(let n, let total):
            piece {
                $0.share(n, total)
                $0.raw(" events lead to one person, too few")
            }
        }
    }

    private mutating func share(_ n: Int64, _ total: Int64) {
        integer(n)
        raw(" of ")
        integer(total)
    }
}
