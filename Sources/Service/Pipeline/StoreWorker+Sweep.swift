import Core
import Store

/// Publishing everybody: after a start, a new day, a reload, or for a new file.
extension StoreWorker {
    /// A full publication under way.
    struct Sweep {
        /// What all contacts bought, which is collected first; nil once that is done.
        var purchases: PurchaseCollector?
        var after: Int64 = 0
        var isFirst = true
        /// For what the next step says, by the last one.
        var room = Publication.Room()
        /// Whether the file shows everybody's facts as they are, but for those whose row is behind: then
        /// only what follows from the day and the rules is written.
        var factsAreShown: Bool
    }

    /// Packed rows looked at for purchases at a time.
    private static let purchaseChunk = 2000
    /// Contacts of a full publication at a time: more, because they are read and written in order.
    private static let sweepChunk = 2000

    /// Collects purchases for a while; when all are known, fixes the scales for the sweep to come.
    func collect(_ sweep: Sweep) throws(StoreError) {
        guard var purchases = sweep.purchases else { return }
        let isDone = try purchases.advance(in: store, limit: Self.purchaseChunk)
        self.sweep?.purchases = isDone ? nil : purchases
        guard isDone else { return }
        scales = BuyingScales(
            of: purchases.buyers(), on: day, under: rules.model, last: try store.keptBuyingModel())
        guard scales.isFitted, let model = scales.buying else { return }
        try unlessFull { () throws(StoreError) in try store.keep(model) }
    }

    func readyBook() throws(StoreError) -> SegmentBook {
        if let book { return book }
        return try SegmentBook(LeadRules(rules.model), rules.model, in: store)
    }

    /// The next contacts of a full publication, but for those that are published already.
    ///
    /// - Parameter taken: Those whose row was behind, which it is no more.
    /// - Returns: whether they were the last.
    func advance(
        _ sweep: Sweep, _ publication: inout Publication, _ publisher: inout Publisher,
        taken: inout Set<Int64>
    ) throws(StoreError) -> Bool {
        let persons = try store.persons(after: sweep.after, limit: Self.sweepChunk)
        for person in persons where !taken.contains(person.contact) {
            let wasBehind = dirty.remove(person.contact)
            if wasBehind { taken.insert(person.contact) }
            publisher.add(
                person, contact: person.contact, factsAreShown: sweep.factsAreShown && !wasBehind,
                to: &publication)
        }
        let isLast = persons.count < Self.sweepChunk
        let end = isLast ? Int64.max : persons[persons.count - 1].contact
        publication.sweep = (sweep.after + 1)...end
        if sweep.isFirst {
            publication.model = .init(rules.model, names: rules.names)
            publication.state(scales.buying)
        }
        guard isLast else {
            self.sweep?.after = end
            self.sweep?.isFirst = false
            self.sweep?.room = publication.room
            return false
        }
        self.sweep = nil
        factsAreShown = true
        publication.streams = try store.streams()
        dirtyStreams.removeAll()
        publication.meta["as_of_day"] = day.description
        publication.meta["state"] = store.token
        publication.meta["config_hash"] = rules.configurationHash
        // What `top --as-of` and `explain` need besides the tables of the model.
        publication.meta["machine_signals"] = rules.machineSignals
        publication.meta["mql"] = String(rules.model.mql)
        publication.meta["retention_days"] = String(rules.model.retentionDays)
        try keepDay()
        (publication.changesStart, publication.stageChangesStart) = try store.journalStarts()
        return true
    }

    func newSweep() -> Sweep {
        Sweep(
            purchases: PurchaseCollector(of: rules.scoring.purchase),
            factsAreShown: factsAreShown)
    }

    /// Only old duplicate keys and old journals wait for the next full publication.
    func keepDay() throws(StoreError) {
        try unlessFull { () throws(StoreError) in
            try store.keep(Int64(day.number), for: "day")
            let oldest = day.adding(-rules.model.retentionDays).end(in: rules.model.zone)
            try store.forgetJournal(before: oldest)
        }
    }

    /// What can wait until there is space again.
    func unlessFull(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard error.isTransient else { throw error }
        }
    }
}
