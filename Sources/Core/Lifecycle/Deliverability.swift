/// Whether mail to a contact makes sense.
public enum Deliverability: String, Sendable, CaseIterable {
    /// Nothing speaks against it.
    case ok
    /// It came back for now.
    case soft
    /// It came back for now too often, without a sign of delivery: pause.
    case quarantined
    /// The address does not exist.
    case invalid
    /// The contact wants no mail.
    case unsubscribed
    /// The contact called it unwanted.
    case complained
}

/// What became of the mails to a contact's address.
public struct MailStanding: Sendable, Equatable {
    /// From so many soft bounces on, mail to an address pauses.
    public static let quarantineStreak: Int64 = 4

    /// Soft bounces on days after the last sign of delivery.
    public var softStreak: Int64 = 0
    /// What it comes to: of all that holds the gravest.
    public var deliverability = Deliverability.ok

    /// The standing of a person's email address on a day; nil without an address.
    ///
    /// It looks at what is counted under that address and under identifiers that are no address: a
    /// bounce of another mailbox of the same person says nothing of this one. Blocks and automatic
    /// replies are never looked at: they are not the contact's fault.
    ///
    /// - Parameter email: Which of the person's identifiers is the address, as `Lead.emailMember`.
    /// - Complexity: O(c) in the person's cells.
    public init?(
        _ person: borrowing PersonFacts, email: Int?, on day: Day, signals: borrowing MailSignals
    ) {
        guard let email else { return nil }
        var lastSign: Day? = nil
        var counts = Counts()
        for place in person.members.indices
        where place == email || person.members[place].identifier.kind != .email {
            for (signal, tally) in person.members[place].lifetime {
                counts.add(signals.role(of: signal), tally.n)
            }
            for cell in person.members[place].cells where cell.day <= day {
                switch signals.role(of: cell.signal) {
                case .nothing, .soft: break
                case .sign:
                    if cell.tally.n > 0 { lastSign = max(lastSign ?? cell.day, cell.day) }
                case let role: counts.add(role, cell.tally.n)
                }
            }
        }
        for place in person.members.indices
        where place == email || person.members[place].identifier.kind != .email {
            for cell in person.members[place].cells where cell.day <= day {
                guard signals.role(of: cell.signal) == .soft else { continue }
                if let lastSign, cell.day <= lastSign { continue }
                softStreak = softStreak.addingSaturating(cell.tally.n)
            }
        }
        softStreak = max(0, softStreak)
        deliverability = Self.gravest(counts, softStreak)
    }

    private static func gravest(_ counts: Counts, _ streak: Int64) -> Deliverability {
        if counts.complaints > 0 { return .complained }
        if counts.unsubscribes > 0 { return .unsubscribed }
        if counts.hard > 0 { return .invalid }
        if streak >= quarantineStreak { return .quarantined }
        return streak > 0 ? .soft : .ok
    }

    private struct Counts {
        var hard: Int64 = 0
        var unsubscribes: Int64 = 0
        var complaints: Int64 = 0

        mutating func add(_ role: MailSignals.Role, _ n: Int64) {
            switch role {
            case .hard: hard = hard.addingSaturating(n)
            case .unsubscribe: unsubscribes = unsubscribes.addingSaturating(n)
            case .complaint: complaints = complaints.addingSaturating(n)
            case .nothing, .sign, .soft: break
            }
        }
    }
}
