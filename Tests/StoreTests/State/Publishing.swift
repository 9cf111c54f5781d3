import Core
import TestKit
import Testing

@testable import Store

/// Publishes a state's contacts, in as many steps as it is told.
final class Publishing {
    let store: StateStore
    let model: Model
    var day: Day
    let names: NameTable
    private let scoring: ScoringModel
    private let topics: ScoringModel
    private var book: SegmentBook

    init(store: StateStore, model: Model, day: Day) throws {
        self.store = store
        self.model = model
        self.day = day
        names = try store.intern(
            signals: model.signals.map(\.name), topics: model.topics.map(\.name))
        var signals: [SignalID: ScoredSignal] = [:]
        for rule in model.signals {
            signals[try #require(names.number(rule.name))] = ScoredSignal(rule, in: model)
        }
        var interests: [SignalID: ScoredSignal] = [:]
        for rule in model.topics {
            interests[try #require(names.number(rule.name, .topic))] = ScoredSignal(
                weight: 1, halfLife: rule.halfLife ?? model.halfLife)
        }
        scoring = ScoringModel(
            signals: signals, mql: model.mql, purchase: names.number(model.purchaseSignal))
        topics = ScoringModel(signals: interests, mql: .infinity, purchase: nil)
        book = try SegmentBook(LeadRules(model), model, in: store)
    }

    /// The publication of some contacts, with all that is new besides.
    func step(
        _ contacts: [Int64], after leads: LeadsStore, factsAreShown: Bool = false
    ) throws -> Publication {
        var publisher = Publisher(
            model: scoring, topics: topics, names: names, day: day,
            profile: ProfileRules(model),
            mail: MailSignals(model, number: { [names] in names.number($0) }))
        var publication = Publication(sequence: store.sequence, day: day)
        for contact in contacts {
            publisher.add(
                try store.person(contact), contact: contact, factsAreShown: factsAreShown,
                to: &publication)
        }
        try book.settle(&publication, in: store, at: Instant(7_000))
        publication.stageChanges = try store.stageChanges(
            after: leads.lastStageChange, limit: 100_000)
        publication.streams = try store.streams()
        let (rows, start) = try store.quarantine(after: leads.lastQuarantined, limit: 100_000)
        publication.quarantined = rows
        publication.quarantineStart = start
        (publication.changesStart, publication.stageChangesStart) = try store.journalStarts()
        publication.changes = try store.journal(after: leads.lastChange, limit: 100_000)
        publication.meta["as_of_day"] = day.description
        return publication
    }

    /// Publishes everything in ranges of so many contacts.
    ///
    /// - Parameters:
    ///   - factsAreShown: Whether nothing has changed but the day and the rules.
    ///   - between: What happens between two of the ranges.
    func publishAll(
        to leads: LeadsStore, chunk: Int, factsAreShown: Bool = false,
        between: () throws -> Void = {}
    ) throws {
        var after: Int64 = 0
        while true {
            let ids = try StateScratch.rows(
                """
                SELECT id FROM identifier WHERE root IS NULL AND id > \(after)
                ORDER BY id LIMIT \(chunk)
                """, store.connection
            ).compactMap(Int64.init)
            let end = ids.count < chunk ? Int64.max : ids[ids.count - 1]
            var publication = try step(ids, after: leads, factsAreShown: factsAreShown)
            publication.sweep = (after + 1)...end
            if after == 0 { publication.model = .init(model, names: names) }
            try leads.publish(publication, at: Instant(0))
            after = end
            if ids.count < chunk { break }
            try between()
        }
        try leads.finish()
    }
}
