public import Core

/// Derives what is published of contacts from their facts.
public struct Publisher: Sendable {
    /// The rules in force.
    public let model: ScoringModel
    /// The rules of the topics, by number.
    public let topics: ScoringModel
    /// The names of the numbers.
    public let names: NameTable
    /// The day for which is derived.
    public let day: Day

    private let profile: ProfileRules
    private let buying: BuyingScales
    private let mail: MailSignals?
    private var history = History()
    /// By member of the person at hand: its first cell that was not added yet.
    private var nextCells: [Int] = []
    /// By number: the name as a JSON key with its colon, and whether it is a signal's.
    private var keys: [[UInt8]] = []
    private var isSignal: [Bool] = []
    /// Whether it is counted beside the signals, and shown with them.
    private var isNoted: [Bool] = []

    /// A publisher for a day under a model.
    public init(
        model: ScoringModel, topics: ScoringModel, names: NameTable, day: Day,
        profile: ProfileRules = ProfileRules(), buying: BuyingScales = BuyingScales(),
        mail: MailSignals? = nil
    ) {
        self.mail = mail
        self.buying = buying
        self.profile = profile
        self.model = model
        self.topics = topics
        self.names = names
        self.day = day
        let count = Int(names.names.keys.max() ?? 0) + 1
        keys = Array(repeating: [], count: count)
        isSignal = Array(repeating: true, count: count)
        isNoted = Array(repeating: false, count: count)
        for (number, entry) in names.names {
            var text = TextArena()
            text.string(Array(entry.name.utf8))
            keys[Int(number)] = text.bytes + [0x3A]
            isSignal[Int(number)] = names.isSignal(number)
            isNoted[Int(number)] = entry.nameClass == .originRule
        }
    }

    /// Adds what is shown of a contact to a publication; nil facts are those of nobody.
    ///
    /// - Parameter factsAreShown: Whether the file shows the contact's facts as they are, if it shows it
    ///   at all: then only what follows from the day and the rules is added.
    /// - Complexity: O(c log c) in the contact's cells.
    public mutating func add(
        _ person: PersonFacts?, contact: Int64, factsAreShown: Bool = false,
        to publication: inout Publication
    ) {
        guard let person else {
            publication.gone.append(contact)
            return
        }
        guard !isPassing(person) else {
            publication.gone.append(contact)
            return
        }
        let isSignal = self.isSignal
        let isNoted = self.isNoted
        let lead = Lead(
            person, on: day, under: model,
            isSignal: { Int($0) >= isSignal.count || isSignal[Int($0)] },
            isNoted: { Int($0) < isNoted.count && isNoted[Int($0)] }, history: &history)
        guard lead.isShown(hasEdge: person.hasEdge, mql: model.mql) else {
            publication.gone.append(contact)
            return
        }
        var row = PublishedContact(lead)
        // A day that becomes too old changes what is shown of facts, and a score whether a lone cookie is
        // shown.
        row.factsAreShown =
            factsAreShown && (!lead.anonymous || person.hasEdge)
            && person.members.allSatisfy { $0.lifetime.isEmpty }
        write(lead, of: person, to: &row, &publication.text)
        addBuying(lead, to: &row, &publication.text)
        if let mail,
            let standing = MailStanding(person, email: lead.emailMember, on: day, signals: mail)
        {
            row.deliverability = publication.text.piece(of: standing.deliverability.rawValue)
            row.softStreak = standing.softStreak
        }
        add(person.traits, of: contact, to: &publication, &row)
        addInterests(of: contact, to: &publication, &row)
        publication.contacts.append(row)
        if row.factsAreShown { return }
        for member in person.members { add(member, of: contact, to: &publication) }
        addCells(of: person.members, contact: contact, to: &publication)
    }

    private func addBuying(
        _ lead: Lead, to row: inout PublishedContact, _ text: inout TextArena
    ) {
        guard let first = lead.firstPurchase, let last = lead.lastPurchase else { return }
        var days = 0
        for run in history.runs where run.signal == model.purchase {
            days += history.cells[run.cells].count { $0.tally.n > 0 }
        }
        buying.judge(&row, first: first, last: last, purchaseDays: days, on: day, &text)
    }

    private func addInterests(
        of contact: Int64, to publication: inout Publication, _ row: inout PublishedContact
    ) {
        guard !topics.isEmpty else {
            row.interests = publication.text.piece { $0.raw("{}") }
            return
        }
        let interests = Engagement.points(of: history, on: day, under: topics)
            .filter { $0.points > 0 }
        for interest in interests {
            publication.interests.append(
                PublishedInterest(
                    contact: contact,
                    topic: publication.text.piece(of: names.name(interest.signal)),
                    points: interest.points))
        }
        row.interests = object(interests, &publication.text) {
            ($0.signal, $0.points)
        } write: {
            $0.points($1)
        }
    }

    /// Whether a person is a cookie that came by on one day and did too little to be shown: most
    /// people of a busy site, so it is found out before anything else is computed.
    private func isPassing(_ person: PersonFacts) -> Bool {
        guard person.members.count == 1, !person.members[0].ambiguous,
            person.members[0].identifier.kind == .cookie, person.lifetime.isEmpty
        else { return false }
        let cells = person.members[0].cells
        guard let first = cells.first, cells.allSatisfy({ $0.day == first.day }) else {
            return false
        }
        var most = 0.0
        for cell in cells {
            guard let weight = model[cell.signal]?.signal.weight, weight > 0 else { continue }
            most += weight * Double(max(cell.tally.n, 0))
        }
        return micropoints(most) * 5 < model.mql
    }

    private func write(
        _ lead: Lead, of person: PersonFacts, to row: inout PublishedContact,
        _ text: inout TextArena
    ) {
        let engagement = lead.engagement
        func day(_ day: Day?) -> TextArena.Piece {
            day.map { day in text.piece { $0.day(day) } } ?? .none
        }
        func instant(_ instant: Instant?) -> TextArena.Piece {
            instant.map { instant in text.piece { $0.instant(instant) } } ?? .none
        }
        row.day = day(lead.day)
        row.lastActivity = day(engagement.lastActivity)
        row.hotUntil = day(engagement.hotUntil)
        row.firstPurchase = day(lead.firstPurchase)
        row.lastPurchase = day(lead.lastPurchase)
        row.firstSeen = instant(lead.firstSeen)
        row.lastSeen = instant(lead.lastSeen)
        if let email = lead.emailMember {
            let bytes = person.members[email].identifier.value
            row.email = text.piece(of: bytes)
            if let at = bytes.lastIndex(of: 0x40) {
                let start = row.email.start + Int32(at) + 1
                row.domain = .init(start: start, count: row.email.count - Int32(at) - 1)
            }
        }
        if let customer = lead.customerMember {
            row.customerID = text.piece(of: person.members[customer].identifier.value)
        }
        if let owner = person.traits.first(where: { $0.attribute == Trait.ownerAttribute }) {
            row.owner = text.piece(of: owner.trait.value)
        }
        if let stated = person.traits.first(where: { $0.attribute == Trait.stageAttribute }) {
            let at = Day(of: Instant(stated.trait.at), in: profile.zone)
            if StatedStage.counts(statedOn: at, on: lead.day, lastPurchase: lead.lastPurchase) {
                row.statedStage = text.piece(of: stated.trait.value)
            }
        }
        row.points = object(engagement.points, &text) {
            ($0.signal, $0.points)
        } write: {
            $0.points($1)
        }
        row.counts = object(lead.counts, &text) {
            $0
        } write: {
            $0.integer($1)
        }
    }

    /// A JSON object of names and numbers.
    private func object<Entry>(
        _ entries: [Entry], _ text: inout TextArena, _ pair: (Entry) -> (SignalID, Int64),
        write: (inout TextArena, Int64) -> Void
    ) -> TextArena.Piece {
        text.piece { text in
            text.raw("{")
            var isFirst = true
            for entry in entries {
                let (signal, number) = pair(entry)
                if !isFirst { text.raw(",") }
                isFirst = false
                if Int(signal) < keys.count, !keys[Int(signal)].isEmpty {
                    text.raw(keys[Int(signal)])
                } else {
                    // A number without a name, as no state but a damaged one has.
                    text.string(Array(names.name(signal).utf8))
                    text.raw(":")
                }
                write(&text, number)
            }
            text.raw("}")
        }
    }

    private func add(
        _ member: PersonFacts.Member, of contact: Int64, to publication: inout Publication
    ) {
        publication.identifiers.append(
            PublishedIdentifier(
                id: member.id, contact: contact,
                kind: publication.text.piece(of: member.identifier.kind.name),
                value: publication.text.piece(of: member.identifier.value),
                isAmbiguous: member.ambiguous,
                firstSeen: publication.text.piece { $0.instant(Instant(member.first)) },
                lastSeen: publication.text.piece { $0.instant(Instant(member.last)) },
                reason: member.reason.map { publication.text.piece(of: $0) } ?? .none))
    }

    /// A row for each period: what each member did in it.
    private mutating func addCells(
        of members: [PersonFacts.Member], contact: Int64, to publication: inout Publication
    ) {
        nextCells.removeAll(keepingCapacity: true)
        for _ in members { nextCells.append(0) }
        while let period = nextPeriod(of: members) {
            var isEmpty = true
            let json = publication.text.piece { text in
                text.raw("{")
                for place in members.indices {
                    let hasAny = append(
                        members[place], from: &nextCells[place], in: period, isFirst: isEmpty,
                        &text)
                    if hasAny { isEmpty = false }
                }
                text.raw("}")
            }
            if isEmpty { continue }
            publication.cells.append(
                PublishedCells(key: contact << 16 | Int64(period), json: json))
        }
    }

    /// The first period of all the cells that were not added yet.
    private func nextPeriod(of members: [PersonFacts.Member]) -> Int32? {
        var first: Int32? = nil
        for place in members.indices where nextCells[place] < members[place].cells.count {
            let period = CellCodec.period(of: members[place].cells[nextCells[place]].day)
            first = min(first ?? period, period)
        }
        return first
    }

    /// Adds what a member did in a period: `"identifier":[[day,signal,n],...]`.
    ///
    /// - Returns: whether there was anything to show.
    private func append(
        _ member: PersonFacts.Member, from next: inout Int, in period: Int32, isFirst: Bool,
        _ text: inout TextArena
    ) -> Bool {
        var isEmpty = true
        let start = period * CellCodec.periodDays
        while next < member.cells.count {
            let cell = member.cells[next]
            guard cell.day.number < start + CellCodec.periodDays else { break }
            next += 1
            guard Int(cell.signal) >= isSignal.count || isSignal[Int(cell.signal)] else { continue }
            if isEmpty {
                text.raw(isFirst ? "\"" : ",\"")
                text.integer(member.id)
                text.raw("\":[")
            } else {
                text.raw(",")
            }
            isEmpty = false
            text.array(
                Int64(cell.day.number - start), Int64(cell.signal), cell.tally.n, cell.tally.value)
        }
        if !isEmpty { text.raw("]") }
        return !isEmpty
    }

    /// Attributes in the order of their names; the CRM's own statements have columns instead.
    private func add(
        _ traits: [(attribute: [UInt8], trait: Trait)], of contact: Int64,
        to publication: inout Publication, _ row: inout PublishedContact
    ) {
        let stated =
            traits.filter { $0.attribute.first != 0x24 && $0.trait.value != Array("null".utf8) }
            .sorted { $0.attribute.lexicographicallyPrecedes($1.attribute) }
        for (attribute, trait) in stated where !row.factsAreShown {
            publication.traits.append(
                PublishedTrait(
                    contact: contact, attribute: publication.text.piece(of: attribute),
                    json: publication.text.piece(of: trait.value),
                    at: publication.text.piece { $0.instant(Instant(trait.at)) },
                    source: publication.text.piece(of: trait.source)))
        }
        row.traits = publication.text.piece { Self.append(stated, to: &$0) }
        let fresh =
            profile.shelfLives.isEmpty
            ? stated
            : stated.filter { profile.counts($0.attribute, statedAt: $0.trait.at, on: day) }
        row.fitTraits =
            fresh.count == stated.count
            ? row.traits : publication.text.piece { Self.append(fresh, to: &$0) }
        if !profile.asked.isEmpty {
            let known = profile.asked.count { name in fresh.contains { $0.attribute == name } }
            row.completeness = Double(known) / Double(profile.asked.count)
        }
    }

    private static func append(
        _ traits: [(attribute: [UInt8], trait: Trait)], to text: inout TextArena
    ) {
        text.raw("{")
        for (place, entry) in traits.enumerated() {
            if place > 0 { text.raw(",") }
            text.string(entry.attribute)
            text.raw(":")
            text.raw(entry.trait.value)
        }
        text.raw("}")
    }
}
