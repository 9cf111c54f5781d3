import Core

/// Writing the rows of a publication.
extension LeadsStore {
    /// Table by table, so that each is walked in its own order.
    func write(
        rowsOf publication: Publication, after shown: ShownContacts
    ) throws(StoreError) {
        // SAFETY: what is bound from the arena is read by the steps within this call only, and every
        // parameter is bound anew before the next step.
        try unsafe publication.text.bytes.withUnsafeBufferPointer {
            (bytes) throws(StoreError) in
            let text = unsafe ByteSlice(bytes)
            var before: [ShownContacts.Entry] = []
            before.reserveCapacity(publication.contacts.count)
            for contact in publication.contacts {
                let entry = try shown.entry(of: contact.contact, in: self)
                before.append(entry)
                accounts.subtract(entry.account)
                accounts.add(contact, text)
            }
            try writeAccounts()
            let contacts = publication.contacts
            try statements.leads.run(count: contacts.count) { bind(contacts[$0], text, to: $1) }
            let identifiers = publication.identifiers
            try statements.identifiers.run(count: identifiers.count) {
                bind(identifiers[$0], text, to: $1)
            }
            if mayRepeat { try removeCells(leftBy: publication) }
            let cells = publication.cells
            let byKey = RadixOrder.indices(of: cells.map { UInt64(bitPattern: $0.key) })
            try statements.cells.run(count: byKey.count) { place, row in
                let entry = cells[Int(byKey[place])]
                row.bind(1, entry.key)
                row.bind(entry.json, in: text, 2)
            }
            if mayRepeat {
                for contact in publication.contacts where !contact.factsAreShown {
                    try statements.removeTraits.run(contact.contact)
                }
            }
            try write(membersOf: publication, after: before)
            for trait in publication.traits { try write(trait, text) }
            try write(interestsOf: publication, text)
        }
    }

    /// Each contact's interests lie together, in the order of the contacts.
    private func write(
        interestsOf publication: Publication, _ text: ByteSlice
    ) throws(StoreError) {
        var rest = publication.interests[...]
        for contact in publication.contacts {
            let own = rest.prefix { $0.contact == contact.contact }
            rest = rest.dropFirst(own.count)
            if mayRepeat {
                if try areShown(own, of: contact.contact, text) { continue }
                try statements.removeInterests.run(contact.contact)
            }
            for interest in own {
                statements.interest.bind(1, interest.contact)
                statements.interest.bind(interest.topic, in: text, 2)
                statements.interest.bind(3, Self.points(interest.points))
                try statements.interest.run()
            }
        }
    }

    /// Whether exactly these interests are shown of a contact.
    private func areShown(
        _ interests: ArraySlice<PublishedInterest>, of contact: Int64, _ text: ByteSlice
    ) throws(StoreError) -> Bool {
        var left = interests.count
        let read = statements.readInterests
        read.bind(1, contact)
        while try read.step() {
            left -= 1
            let topic = read.bytes(0)
            let points = read.double(1)
            let isOne = interests.contains {
                text[Int($0.topic.start)..<Int($0.topic.start + $0.topic.count)].equals(topic)
                    && Self.points($0.points) == points
            }
            guard isOne else {
                read.reset()
                return false
            }
        }
        return left == 0
    }

    /// Takes out the cells that a contact has no more, because they became too old or somebody else's.
    private func removeCells(leftBy publication: Publication) throws(StoreError) {
        let kept = Set(publication.cells.map(\.key))
        let read = statements.readCells
        var left: [Int64] = []
        for contact in publication.contacts where !contact.factsAreShown {
            read.bind(1, contact.contact)
            while try read.step() {
                if !kept.contains(read.int(0)) { left.append(read.int(0)) }
            }
        }
        for key in left.sorted() { try statements.dropCells.run(key) }
    }

    private static func points(_ points: Micropoints) -> Double { Double(points) / 1_000_000 }

    /// The values in the order of `LeadColumn`.
    private func bind(_ contact: PublishedContact, _ text: ByteSlice, to row: Statement) {
        row.bind(1, contact.contact)
        row.bind(contact.email, in: text, 2)
        row.bind(contact.customerID, in: text, 3)
        row.bind(4, Int64(contact.isAnonymous ? 1 : 0))
        row.bind(contact.firstSeen, in: text, 5)
        row.bind(contact.lastSeen, in: text, 6)
        row.bind(contact.lastActivity, in: text, 7)
        row.bind(8, contact.events)
        row.bind(9, Self.points(contact.engagement))
        row.bind(10, Self.points(contact.fit))
        row.bind(contact.grade, in: text, 11)
        row.bind(12, contact.completeness)
        row.bind(13, Self.points(contact.score))
        row.bind(contact.band, in: text, 14)
        row.bind(contact.stage, in: text, 15)
        row.bind(contact.audience, in: text, 16)
        row.bind(17, Self.points(contact.delta30))
        row.bind(18, Self.points(contact.delta60))
        row.bind(19, Self.points(contact.peak30))
        row.bind(contact.hotUntil, in: text, 20)
        bindPurchases(of: contact, text, to: row)
        row.bind(contact.deliverability, in: text, 32)
        row.bind(33, contact.softStreak)
        row.bind(contact.domain, in: text, 34)
        row.bind(contact.owner, in: text, 35)
        row.bind(contact.points, in: text, 36)
        row.bind(contact.counts, in: text, 37)
        row.bind(contact.traits, in: text, 38)
        row.bind(contact.day, in: text, 39)
        row.bind(contact.interests, in: text, 40)
    }

    private func bindPurchases(
        of contact: PublishedContact, _ text: ByteSlice, to row: Statement
    ) {
        row.bind(contact.firstPurchase, in: text, 21)
        row.bind(contact.lastPurchase, in: text, 22)
        row.bind(23, contact.recencyDays)
        row.bind(24, contact.purchases)
        row.bind(25, Double(contact.value) / 10_000)
        row.bind(26, contact.r)
        row.bind(27, contact.f)
        row.bind(28, contact.m)
        row.bind(contact.rfmGroup, in: text, 29)
        row.bind(30, contact.pAlive)
        row.bind(31, contact.expectedPurchases)
    }

    private func bind(_ identifier: PublishedIdentifier, _ text: ByteSlice, to row: Statement) {
        row.bind(1, identifier.id)
        row.bind(identifier.kind, in: text, 2)
        row.bind(identifier.value, in: text, 3)
        row.bind(4, identifier.contact)
        row.bind(5, Int64(identifier.isAmbiguous ? 1 : 0))
        row.bind(identifier.firstSeen, in: text, 6)
        row.bind(identifier.lastSeen, in: text, 7)
        row.bind(identifier.reason, in: text, 8)
    }

    private func write(_ trait: PublishedTrait, _ text: ByteSlice) throws(StoreError) {
        let row = statements.trait
        row.bind(1, trait.contact)
        row.bind(trait.attribute, in: text, 2)
        row.bind(trait.json, in: text, 3)
        row.bind(trait.at, in: text, 4)
        row.bind(trait.source, in: text, 5)
        try row.run()
    }

    /// Takes a contact out. Identifiers that moved to another contact were written before and stay.
    func remove(_ contact: Int64) throws(StoreError) {
        let account = try ShownContacts().entry(of: contact, in: self).account
        try statements.removeLead.run(contact)
        guard connection.lastChanges > 0 else { return }  // it was not shown
        accounts.subtract(account)
        try writeAccounts()
        try removeMembers(contact)
        try statements.removeTraits.run(contact)
        try statements.removeInterests.run(contact)
        try statements.removeCells.run(contact)
        try statements.removeIdentifiers.run(contact)
    }

    /// Takes out who was shown in the range of a sweep, and is to be shown no more.
    func removeOthers(
        of shown: ShownContacts, but contacts: [PublishedContact]
    ) throws(StoreError) {
        let kept = Set(contacts.map(\.contact))
        for contact in shown.contacts where !kept.contains(contact) { try remove(contact) }
    }

    func write(_ stream: StreamSummary) throws(StoreError) {
        let row = statements.source
        row.bind(1, stream.position.source)
        row.bind(2, stream.position.displayPath)
        row.bind(3, stream.position.offset)
        row.bind(4, stream.position.size)
        row.bind(5, stream.lines)
        row.bind(6, stream.records)
        for (place, outcome) in Outcome.allCases.enumerated() {
            row.bind(Int32(7 + place), stream[outcome])
        }
        row.bind(12, stream.position.lostBytes)
        row.bind(13, stream.position.id)
        try row.run()
    }

    func write(
        _ records: [Publication.QuarantineRow], start: Int64
    ) throws(StoreError) {
        for record in records {
            statements.quarantined.bind(1, record.source)
            statements.quarantined.bind(2, record.path)
            statements.quarantined.bind(3, record.offset)
            statements.quarantined.bind(4, record.reason)
            statements.quarantined.bind(5, record.id)
            try statements.quarantined.run()
        }
        if start > 1, !records.isEmpty { try statements.removeQuarantined.run(start) }
    }

    func write(_ changes: [Publication.ChangeRow]) throws(StoreError) {
        try statements.changes.run(count: changes.count) { place, row in
            row.bind(1, changes[place].sequence)
            row.bind(2, text(of: changes[place].at))
            row.bind(3, changes[place].segment)
            row.bind(4, changes[place].contact)
            row.bind(5, changes[place].change)
            row.bind(6, changes[place].other)
        }
    }

    func write(_ changes: [Publication.StageChangeRow]) throws(StoreError) {
        try statements.stageChanges.run(count: changes.count) { place, row in
            row.bind(1, changes[place].sequence)
            row.bind(2, text(of: changes[place].at))
            row.bind(3, changes[place].contact)
            row.bind(4, changes[place].before)
            row.bind(5, changes[place].stage)
        }
    }

    /// The ladder, also where the configuration names none.
    private func write(stagesOf model: Model) throws(StoreError) {
        let stage = try connection.prepare("INSERT INTO stages VALUES (?, ?, ?)")
        let rules =
            model.stages.isEmpty
            ? DefaultStage.allCases.map { ($0.rawValue, $0.condition(mql: model.mql), $0.rank) }
            : model.stages.map { ($0.name, $0.condition.sql, $0.rank) }
        for (name, condition, rank) in rules {
            stage.bind(1, name)
            stage.bind(2, condition)
            stage.bind(3, Int64(rank))
            try stage.run()
        }
    }

    func write(_ published: Publication.PublishedModel) throws(StoreError) {
        let model = published.model
        for table in ["signal_name", "signals", "topics", "fit_rules", "stages", "attributes"] {
            try connection.execute("DELETE FROM \(table)")
        }
        let name = try connection.prepare("INSERT INTO signal_name VALUES (?, ?)")
        for (number, entry) in published.names.names.sorted(by: { $0.key < $1.key }) {
            name.bind(1, Int64(number))
            name.bind(2, entry.name)
            try name.run()
        }
        let signal = try connection.prepare("INSERT INTO signals VALUES (?, ?, ?, ?, ?)")
        for rule in model.signals {
            let scored = ScoredSignal(rule, in: model)
            signal.bind(1, rule.name)
            signal.bind(2, scored.weight)
            signal.bind(3, scored.halfLife.days)
            signal.bind(4, scored.dailyCap)
            signal.bind(5, scored.cap)
            try signal.run()
        }
        let topic = try connection.prepare("INSERT INTO topics VALUES (?, ?)")
        for rule in model.topics {
            topic.bind(1, rule.name)
            topic.bind(2, (rule.halfLife ?? model.halfLife).days)
            try topic.run()
        }
        let fit = try connection.prepare("INSERT INTO fit_rules VALUES (?, ?, ?)")
        for rule in model.fit {
            fit.bind(1, rule.name)
            fit.bind(2, rule.condition.sql)
            fit.bind(3, rule.points)
            try fit.run()
        }
        try write(stagesOf: model)
        let attribute = try connection.prepare("INSERT INTO attributes VALUES (?, ?, ?)")
        for rule in model.attributes {
            attribute.bind(1, rule.name)
            attribute.bind(2, rule.shelfLifeDays.map(Int64.init))
            attribute.bind(3, rule.statesTopic ? "topic" : nil)
            try attribute.run()
        }
        let segment = try connection.prepare(
            """
            INSERT INTO segments(name, condition) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET condition = excluded.condition
            """)
        for rule in model.segments {
            segment.bind(1, rule.name)
            segment.bind(2, rule.condition.sql)
            try segment.run()
        }
        let named = model.segments.map { "'\($0.name)'" }.joined(separator: ",")
        try connection.execute("DELETE FROM segments WHERE name NOT IN (\(named))")
    }
}
