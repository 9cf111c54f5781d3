/// What analysts read of one contact: a row of `leads`.
///
/// Everything in it is a function of the person's facts, the model and the day.
public struct Lead: Sendable, Equatable {
    /// The id of the root identifier.
    public var contact: Int64
    /// Which of the person's identifiers is the email address with the latest event.
    public var emailMember: Int?
    /// Which of the person's identifiers is the customer number.
    public var customerMember: Int?
    /// Whether only cookies are known.
    public var anonymous: Bool
    /// The first event.
    public var firstSeen: Instant?
    /// The last event.
    public var lastSeen: Instant?
    /// All events, those beyond the retention too.
    public var events: Int64 = 0
    /// Engagement and how it moves.
    public var engagement: Engagement
    /// Engagement raised by fit.
    public var score: Micropoints
    /// The first day with a purchase.
    public var firstPurchase: Day?
    /// The last day with a purchase.
    public var lastPurchase: Day?
    /// Purchases.
    public var purchases: Int64 = 0
    /// Their money, in 1/10000 units.
    public var value: Int64 = 0
    /// Whether the person did anything on two days or more.
    public var isActiveOnTwoDays = false
    /// Counts by signal, ascending by signal, those beyond the retention too; among them those of
    /// rules that are noted beside the signals.
    public var counts: [(signal: SignalID, n: Int64)] = []
    /// The day that all this holds for.
    public var day: Day

    /// Derives a contact's row from its facts.
    ///
    /// - Parameter history: Scratch space, left with the person's cells.
    /// - Complexity: O(c log c) in the person's cells.
    public init(
        _ person: borrowing PersonFacts, on day: Day, under model: ScoringModel,
        isSignal: (SignalID) -> Bool, isNoted: (SignalID) -> Bool = { _ in false },
        history: inout History
    ) {
        history.replace { cells in
            for member in person.members { cells.append(contentsOf: member.cells) }
        }
        contact = person.contact
        self.day = day
        engagement = Engagement(of: history, on: day, under: model)
        score = Explanation.score(engagement: engagement.engagement, fit: nil)
        anonymous = person.members.allSatisfy { $0.identifier.kind == .cookie }
        readIdentifiers(person)
        let lifetime = person.lifetime
        readCounts(lifetime, history, isSignal, isNoted)
        readPurchases(history, model.purchase, lifetime)
    }

    /// Whether the contact is shown: a lone cookie is once it was active on two days or has a fifth
    /// of mql.
    public func isShown(hasEdge: Bool, mql: Micropoints) -> Bool {
        !anonymous || hasEdge || isActiveOnTwoDays || engagement.engagement * 5 >= mql
    }

    private mutating func readIdentifiers(_ person: borrowing PersonFacts) {
        var latest = Int64.min
        var first = Int64.max
        var last = Int64.min
        for (place, member) in person.members.enumerated() {
            first = min(first, member.first)
            last = max(last, member.last)
            switch member.identifier.kind {
            case .customerID: if customerMember == nil { customerMember = place }
            case .email:
                // Of two at the same moment the smaller, so that the order does not matter.
                let isSmaller = emailMember.map {
                    member.identifier < person.members[$0].identifier
                }
                if member.last > latest || (member.last == latest && isSmaller == true) {
                    latest = member.last
                    emailMember = place
                }
            case .cookie: break
            }
        }
        if first != .max { firstSeen = Instant(first) }
        if last != .min { lastSeen = Instant(last) }
    }

    private mutating func readCounts(
        _ lifetime: [SignalID: Tally], _ history: borrowing History,
        _ isSignal: (SignalID) -> Bool, _ isNoted: (SignalID) -> Bool
    ) {
        var first: Day? = nil
        counts.reserveCapacity(history.runs.count)
        for run in history.runs where isSignal(run.signal) || isNoted(run.signal) {
            var n = lifetime[run.signal]?.n ?? 0
            for place in run.cells {
                let cell = history.cells[place]
                n = n.addingSaturating(cell.tally.n)
                if let first, first != cell.day { isActiveOnTwoDays = true }
                first = cell.day
            }
            counts.append((signal: run.signal, n: n))
        }
        for (signal, tally) in lifetime
        where (isSignal(signal) || isNoted(signal))
            && !history.runs.contains(where: { $0.signal == signal })
        {
            counts.append((signal: signal, n: tally.n))
        }
        if !lifetime.isEmpty {
            counts.sort { $0.signal < $1.signal }
            // What is added up has no day any more, but the registers stay.
            if let firstSeen, let lastSeen,
                lastSeen.milliseconds - firstSeen.milliseconds >= 86_400_000
            {
                isActiveOnTwoDays = true
            }
        }
        events = counts.reduce(0) { isSignal($1.signal) ? $0.addingSaturating($1.n) : $0 }
    }

    private mutating func readPurchases(
        _ history: borrowing History, _ purchase: SignalID?, _ lifetime: [SignalID: Tally]
    ) {
        guard let purchase else { return }
        var sum = lifetime[purchase] ?? Tally(n: 0, value: 0)
        for run in history.runs where run.signal == purchase {
            for place in run.cells where history.cells[place].tally.n > 0 {
                if firstPurchase == nil { firstPurchase = history.cells[place].day }
                lastPurchase = history.cells[place].day
            }
            for place in run.cells { sum.add(history.cells[place].tally) }
        }
        purchases = sum.n
        value = sum.value
    }

    /// Whether all facts and derived values of two rows are equal.
    public static func == (left: Lead, right: Lead) -> Bool {
        left.contact == right.contact && left.emailMember == right.emailMember
            && left.customerMember == right.customerMember && left.anonymous == right.anonymous
            && left.firstSeen == right.firstSeen && left.lastSeen == right.lastSeen
            && left.events == right.events && left.engagement == right.engagement
            && left.score == right.score && left.firstPurchase == right.firstPurchase
            && left.lastPurchase == right.lastPurchase && left.purchases == right.purchases
            && left.value == right.value && left.day == right.day
            && left.counts.elementsEqual(right.counts, by: ==)
    }
}
