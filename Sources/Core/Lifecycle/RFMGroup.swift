/// What a customer's three bands make of them: each of the 125 cells has exactly one name.
///
/// The names are the usual ones of the trade; who is given which is our own table, because the bounds
/// that circulate leave a third of the cells without a name and give others two.
public enum RFMGroup: String, Sendable, CaseIterable {
    /// Bought just now, often, and for much.
    case champions
    /// Keep buying, and for more than most.
    case loyal
    /// Bought lately, now and then: the next loyal ones.
    case potentialLoyal = "potential_loyal"
    /// Bought just now for the first time, or nearly.
    case new
    /// Bought lately and little.
    case promising
    /// As good as most, and getting late.
    case needsAttention = "needs_attention"
    /// Bought little, and getting late.
    case aboutToSleep = "about_to_sleep"
    /// Bought often or for much, and have not for long.
    case atRisk = "at_risk"
    /// Were among the best and are about to be gone.
    case cannotLose = "cannot_lose"
    /// Bought little, long ago.
    case hibernating
    /// Bought least, longest ago.
    case lost

    /// One line for each recency from 5 down to 1; in it frequency 1 to 5, in that money 1 to 5.
    private static let table: [StaticString] = [
        "NNNTT PTTTT TTTLL LLLCC LLCCC",
        "PPPTT PTTTT TTTLL LLLCC LLCCC",
        "SSSAA SSAAA AAALL LLLLL LLLLL",
        "HHHRR HHRRR RRRRR RRRXX RRRXX",
        "ZZHRR ZHHRR HHRRR RRRXX RRRXX",
    ]

    /// The group of a customer by bands of 1 to 5.
    public init(recency: Int, frequency: Int, money: Int) {
        for band in [recency, frequency, money] { precondition((1...5).contains(band)) }
        let row = Self.table[5 - recency]
        let column = (frequency - 1) * 6 + money - 1
        // SAFETY: the lines are 29 bytes long, and the column is at most 28.
        precondition(column < row.utf8CodeUnitCount)
        self.init(letter: unsafe row.utf8Start[column])
    }

    private init(letter: UInt8) {
        switch Character(UnicodeScalar(letter)) {
        case "C": self = .champions
        case "L": self = .loyal
        case "T": self = .potentialLoyal
        case "N": self = .new
        case "P": self = .promising
        case "A": self = .needsAttention
        case "S": self = .aboutToSleep
        case "R": self = .atRisk
        case "X": self = .cannotLose
        case "H": self = .hibernating
        case "Z": self = .lost
        default: preconditionFailure("a letter of the table that stands for no group")
        }
    }
}
