import Core
import Store
import Synchronization

/// Deriving what is to be published: contacts that were touched, and what else is new.
extension StoreWorker {
    /// Contacts rendered between two looks at the queue: a few milliseconds of work.
    private static let chunk = 1000
    /// How long the last publications may take to be handed over at the end.
    private static let farewellMilliseconds: Int64 = 1500

    /// A file that was made anew wants everything.
    func noticeNewFile() {
        guard publication.epoch != epoch else { return }
        epoch = publication.epoch
        quarantineSent = publication.start.lastQuarantined
        mayShowRequeued = true
        clearsQuarantine = false
        changesSent = publication.start.lastChange
        stageChangesSent = publication.start.lastStageChange
        sequenceSent = publication.published
        factsAreShown = false
        sweep = newSweep()
    }

    /// Publishes one chunk: touched contacts first, then the sweep's next ones.
    func publishSome() throws(StoreError) {
        noticeNewFile()
        let now = clock.monotonic()
        let due = dirty.takeDue(at: now, limit: Self.chunk, busy: load.isBusy(at: now))
        var taken = Set(due)
        let before = (sweep, factsAreShown)
        if let sweep, sweep.purchases != nil { try collect(sweep) }
        var publication = Publication(
            sequence: sequenceSent, day: day, room: sweep?.room ?? .init())
        var publisher = Publisher(
            model: rules.scoring, topics: rules.topics, names: rules.names, day: day,
            profile: rules.profile, buying: scales, mail: rules.mail)
        for contact in due {
            publisher.add(try store.person(contact), contact: contact, to: &publication)
        }
        var completes = false
        // Also while contacts are touched without end: a new file has to be complete some day.
        if let sweep, sweep.purchases == nil {
            completes = try advance(sweep, &publication, &publisher, taken: &taken)
        }
        let isShown = completes || completedEpoch == epoch || !self.publication.start.isHidden
        guard try settle(&publication, isShown: isShown) else {
            dirty.touch(taken.sorted())
            (sweep, factsAreShown) = before
            return
        }
        publication.erases = isErasing
        isErasing = isErasing && !dirty.isEmpty
        try addTheRest(to: &publication)
        if dirty.isEmpty, sweep == nil { publication.sequence = store.sequence }
        let isNews =
            publication.isAboutContacts || publication.sweep != nil || completes
            || !publication.streams.isEmpty || !publication.quarantined.isEmpty
            || publication.clearsQuarantine
            || !publication.changes.isEmpty || !publication.stageChanges.isEmpty
            || publication.sequence != sequenceSent
        shared.withLock { $0.pending = dirty.count + (sweep == nil ? 0 : 1) }
        guard isNews else { return }
        sequenceSent = publication.sequence
        if completes { completedEpoch = epoch }
        self.publication.publish(
            .init(publication: publication, epoch: epoch, completes: completes))
    }

    /// Has the rules applied to the contacts of a publication, and what changed committed.
    ///
    /// - Parameter isShown: Whether anybody can see the publication; if so a power cut may not take
    ///   back what it says of memberships.
    /// - Returns: false if there is no space for that at present; then nothing was.
    func settle(
        _ publication: inout Publication, isShown: Bool
    ) throws(StoreError) -> Bool {
        do throws(StoreError) {
            var book = try readyBook()
            try book.settle(&publication, in: store, at: clock.now(), isShown: isShown)
            self.book = book
            if let fault = book.faults.first {
                degraded.enter("rules", "a condition could not be evaluated: \(fault)")
            }
            return true
        } catch {
            guard error.isTransient, !ending.load(ordering: .acquiring) else { throw error }
            degraded.enter("storage", "free some space, or make it writable: \(error)")
            pausedUntil = clock.monotonic() + 1000
            return false
        }
    }

    /// Counts, quarantine and journal since the last step.
    func addTheRest(to publication: inout Publication) throws(StoreError) {
        publication.streams += try store.streams(dirtyStreams)
        dirtyStreams.removeAll()
        if mayShowRequeued {
            mayShowRequeued = false
            let kept = try store.quarantinedCount(through: quarantineSent)
            if kept != self.publication.start.quarantinedCount { showQuarantineAnew() }
        }
        publication.clearsQuarantine = clearsQuarantine
        clearsQuarantine = false
        let (rows, start) = try store.quarantine(after: quarantineSent, limit: 5000)
        publication.quarantined = rows
        publication.quarantineStart = start
        quarantineSent = rows.last?.id ?? quarantineSent
        let changes = try store.journal(after: changesSent, limit: 5000)
        publication.changes = changes
        changesSent = changes.last?.sequence ?? changesSent
        let stages = try store.stageChanges(after: stageChangesSent, limit: 5000)
        publication.stageChanges = stages
        stageChangesSent = stages.last?.sequence ?? stageChangesSent
        if !publication.quarantined.isEmpty || !changes.isEmpty || !stages.isEmpty {
            dirtyStreams.insert(0)  // no stream has this number: there may be more of the rest
        }
        publication.meta["activity_seq"] = String(
            dirty.isEmpty && sweep == nil ? store.sequence : publication.sequence)
    }

    /// Lines have left the quarantine: what is shown of it begins anew.
    func showQuarantineAnew() {
        quarantineSent = 0
        clearsQuarantine = true
        dirtyStreams.insert(0)  // as in `addTheRest`
    }

    /// The last publications before the end.
    func finish(full: Bool) {
        guard failure.withLock({ $0 == nil }) else { return }
        if full {
            attempt { () throws(StoreError) in
                while upkeep != nil { guard try tidy() else { break } }
            }
            // Everything is published anyway, so nothing is published twice.
            dirty = DirtyContacts()
            sweep = newSweep()
        }
        noticeNewFile()
        let deadline = clock.monotonic() + (full ? Int64.max / 2 : Self.farewellMilliseconds)
        dirty.release()
        attempt { () throws(StoreError) in
            while !dirty.isEmpty || (full && sweep != nil) || !dirtyStreams.isEmpty,
                clock.monotonic() < deadline
            {
                if !full, sweep != nil, dirty.isEmpty { break }
                // A reader may hold the file for longer than anybody would wait.
                guard publication.waitForRoom(milliseconds: 50) else { continue }
                try publishSome()
                dirty.release()
            }
        }
        guard failure.withLock({ $0 == nil }), !isRetrying else { return }
        attempt { () throws(StoreError) in
            try unlessFull { () throws(StoreError) in try store.endRun() }
        }
    }
}
