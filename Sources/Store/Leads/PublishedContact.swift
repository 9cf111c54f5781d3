public import Core

/// A contact as `leads.db` shows it, rendered and ready to be written.
public struct PublishedContact: Sendable {
    /// A row of `identifiers`.
    struct PublishedIdentifier: Sendable {
        var id: Int64
        var kind: String
        var value: String
        var ambiguous: Bool
        var first: Int64
        var last: Int64
    }

    /// A row of `cell_period`.
    struct Cells: Sendable {
        var key: Int64
        var json: String
    }

    /// A row of `traits`.
    struct PublishedTrait: Sendable {
        var attribute: String
        var json: String
        var at: Int64
        var source: String
    }

    /// The contact's id.
    public let contact: Int64
    /// The row; nil if the contact is not shown, or no more.
    let lead: Lead?
    var identifiers: [PublishedIdentifier] = []
    var cells: [Cells] = []
    var traits: [PublishedTrait] = []
    var interests: [(topic: String, points: Micropoints)] = []
    var points = "{}"
    var counts = "{}"
    var traitsJSON = "{}"

    /// A contact that is not to be shown.
    init(gone contact: Int64) {
        self.contact = contact
        lead = nil
    }

    init(_ lead: Lead) {
        contact = lead.contact
        self.lead = lead
    }
}

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

    private var history = History()
    private var json = JSONText()
    private let quotedNames: [SignalID: [UInt8]]

    /// A publisher for a day under a model.
    public init(model: ScoringModel, topics: ScoringModel, names: NameTable, day: Day) {
        self.model = model
        self.topics = topics
        self.names = names
        self.day = day
        quotedNames = names.names.mapValues { entry in
            var text = JSONText()
            text.string(Array(entry.name.utf8))
            return text.bytes + [0x3A]
        }
    }

    /// What is shown of a contact, from its facts; `nil` facts are those of nobody.
    ///
    /// - Complexity: O(c log c) in its cells.
    public mutating func render(_ person: PersonFacts?, contact: Int64) -> PublishedContact {
        guard let person else { return PublishedContact(gone: contact) }
        let names = self.names
        let lead = Lead(
            person, on: day, under: model, isSignal: { names.isSignal($0) }, history: &history)
        guard lead.isShown(hasEdge: person.hasEdge, mql: model.mql) else {
            return PublishedContact(gone: contact)
        }
        var shown = PublishedContact(lead)
        shown.points = object(lead.engagement.points.map { ($0.signal, $0.points) }) {
            $0.points($1)
        }
        shown.counts = object(lead.counts.map { ($0.signal, $0.n) }) { $0.integer($1) }
        for member in person.members { add(member, to: &shown) }
        add(person.traits, to: &shown)
        shown.interests = Engagement.points(of: history, on: day, under: topics)
            .filter { $0.points > 0 }.map { (topic: names.name($0.signal), points: $0.points) }
        return shown
    }

    private mutating func object(
        _ entries: [(SignalID, Int64)], _ write: (inout JSONText, Int64) -> Void
    ) -> String {
        json.clear()
        json.raw("{")
        for (place, entry) in entries.enumerated() {
            if place > 0 { json.raw(",") }
            json.raw(quotedNames[entry.0] ?? [])
            write(&json, entry.1)
        }
        json.raw("}")
        return json.text
    }

    private mutating func add(
        _ member: PersonFacts.Member, to shown: inout PublishedContact
    ) {
        shown.identifiers.append(
            .init(
                id: member.id, kind: member.identifier.kind.name,
                value: String(decoding: member.identifier.value, as: UTF8.self),
                ambiguous: member.ambiguous, first: member.first, last: member.last))
        var start = 0
        let cells = member.cells
        while start < cells.count {
            let period = CellCodec.period(of: cells[start].day)
            var end = start
            json.clear()
            json.raw("[")
            while end < cells.count, CellCodec.period(of: cells[end].day) == period {
                if names.isSignal(cells[end].signal) { append(cells[end]) }
                end += 1
            }
            json.raw("]")
            shown.cells.append(
                .init(key: CellEntries.key(period: period, identifier: member.id), json: json.text))
            start = end
        }
    }

    private mutating func append(_ cell: DailyCell) {
        if json.bytes.count > 1 { json.raw(",") }
        json.raw("[")
        json.integer(Int64(cell.day.number))
        json.raw(",")
        json.integer(Int64(cell.signal))
        json.raw(",")
        json.integer(cell.tally.n)
        json.raw(",")
        json.integer(cell.tally.value)
        json.raw("]")
    }

    /// Attributes in the order of their names; the CRM's own statements have columns instead.
    private mutating func add(
        _ traits: [(attribute: [UInt8], trait: Trait)], to shown: inout PublishedContact
    ) {
        let stated = traits.filter {
            $0.attribute.first != 0x24 && $0.trait.value != Array("null".utf8)
        }
        .sorted { $0.attribute.lexicographicallyPrecedes($1.attribute) }
        guard !stated.isEmpty else { return }
        json.clear()
        json.raw("{")
        for (place, entry) in stated.enumerated() {
            if place > 0 { json.raw(",") }
            json.string(entry.attribute)
            json.raw(":")
            json.raw(entry.trait.value)
            shown.traits.append(
                .init(
                    attribute: String(decoding: entry.attribute, as: UTF8.self),
                    json: String(decoding: entry.trait.value, as: UTF8.self),
                    at: entry.trait.at, source: entry.trait.source))
        }
        json.raw("}")
        shown.traitsJSON = json.text
    }
}
