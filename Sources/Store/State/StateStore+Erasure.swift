public import Core

/// What came of an erasure.
public struct ErasureResult: Sendable, Equatable {
    /// The contact that was erased.
    public var contact: Int64
    /// How many identifiers went with it.
    public var identifiers: Int
    /// Events that were counted for it, which are in no cell any more.
    public var events: Int64
    /// Contacts whose rows may have changed; the erased one among them.
    public var touched: Set<Int64>
}

/// Erasing persons: what is left of them are counters, and keyed tokens by which they are recognised
/// when logs are read again.
extension StateStore {
    /// The tokens of all identifiers of erased persons.
    public func readErasedTokens() throws(StoreError) -> Set<UInt64> {
        var tokens: Set<UInt64> = []
        let read = try connection.prepare("SELECT token FROM erased")
        while try read.step() { tokens.insert(UInt64(bitPattern: read.int(0))) }
        return tokens
    }

    /// Erases a person: facts, identifiers, traits, memberships, and lines in quarantine that name it.
    /// What is freed is overwritten, in the file and in its WAL.
    ///
    /// - Returns: nil if there is no such contact.
    /// - Complexity: O(the person's rows), and one pass over the quarantine.
    public func erase(_ contact: Int64, at now: Instant) throws(StoreError) -> ErasureResult? {
        guard let person = try storedPerson(contact) else { return nil }
        let names = try names()
        defer { cache.clear() }
        let tokens = person.members.map { token(of: $0.identifier) }
        let result = try connection.transaction { () throws(StoreError) -> ErasureResult in
            try remember(tokens, at: now)
            var events: Int64 = 0
            for member in person.members {
                events += try removeCounts(
                    of: member.id, from: member.first, to: member.last, names)
            }
            try statements.setMeta("erased", try (kept("erased") ?? 0) + events)
            try eraseQuarantined(person)
            try eraseHeads(of: person)
            let orphans = try eraseEdges(of: person)
            try eraseTraces(of: person.members.map(\.id))
            try leaveSegments(contact, at: now)
            for member in person.members { try remove(identifier: member.id) }
            var persons = try PersonUpdate(in: self, now: now)
            try persons.decideAnew(orphans)
            let touched = Set(persons.touched(among: [])).union([contact])
                .union(try dropEmpty(among: orphans))
            return ErasureResult(
                contact: contact, identifiers: person.members.count, events: events,
                touched: touched)
        }
        erasedTokens.formUnion(tokens)
        connection.checkpointWAL(truncate: true)
        return result
    }

    private func remember(_ tokens: [UInt64], at now: Instant) throws(StoreError) {
        let add = try connection.prepare("INSERT OR IGNORE INTO erased(token, at) VALUES (?, ?)")
        for token in tokens {
            add.bind(1, Int64(bitPattern: token))
            add.bind(2, now.milliseconds)
            try add.run()
        }
    }

    /// Lines that could not be used may name the person all the same.
    private func eraseQuarantined(_ person: PersonFacts) throws(StoreError) {
        try keepLastQuarantined()
        let erase = try connection.prepare(
            "DELETE FROM quarantine WHERE instr(lower(CAST(bytes AS TEXT)), lower(?))")
        let forget = try connection.prepare(
            "DELETE FROM remembered WHERE instr(lower(CAST(text AS TEXT)), lower(?))")
        for member in person.members {
            let value = String(decoding: member.identifier.value, as: UTF8.self)
            for statement in [erase, forget] {
                statement.bind(1, value)
                try statement.run()
            }
        }
    }

    /// The first bytes of each log are kept, by which it is known again; lines in them that name the
    /// person are blanked. Whoever holds the position in memory writes it again, and knows nothing of it.
    private func eraseHeads(of person: PersonFacts) throws(StoreError) {
        let values = person.members.map { $0.identifier.value.map(Self.lowered) }
        let write = try connection.prepare("UPDATE stream SET head = ? WHERE id = ?")
        for var position in try positions() {
            var ranges: [Range<Int>] = []
            var start = 0
            while start < position.head.count {
                let end = position.head[start...].firstIndex(of: 0x0A) ?? position.head.count
                let line = position.head[start..<end].map(Self.lowered)
                if values.contains(where: { line.contains($0) }) { ranges.append(start..<end) }
                start = end + 1
            }
            guard !ranges.isEmpty else { continue }
            for range in ranges { position.eraseHead(range) }
            erasedHeads[position.id, default: []] += ranges
            write.bind(blob: position.head, 1)
            write.bind(2, position.id)
            try write.run()
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// - Returns: identifiers of others that had edges to the person.
    private func eraseEdges(of person: PersonFacts) throws(StoreError) -> Set<Int64> {
        var orphans: Set<Int64> = []
        let own = Set(person.members.map(\.id))
        for member in person.members {
            statements.readLower.bind(1, member.id)
            while try statements.readLower.step() {
                let lower = statements.readLower.int(0)
                if !own.contains(lower) { orphans.insert(lower) }
            }
        }
        for table in ["edge", "assertion"] {
            for column in ["lower", "higher"] {
                let erase = try connection.prepare("DELETE FROM \(table) WHERE \(column) = ?")
                for member in person.members { try erase.run(member.id) }
            }
        }
        return orphans
    }

    /// The journal forgets the contact but for its leaving, which whoever keeps a copy must hear of.
    private func leaveSegments(_ contact: Int64, at now: Instant) throws(StoreError) {
        let before = try membership(of: contact)
        for (table, column) in [
            ("journal", "contact"), ("journal", "other"), ("stage_change", "contact"),
        ] {
            let erase = try connection.prepare(
                """
                DELETE FROM \(table) WHERE \(column) = ?
                    AND seq < (SELECT max(seq) FROM \(table))
                """)
            try erase.run(contact)
        }
        try statements.removeMembership.run(contact)
        let names = try segmentNames()
        let entries = (before?.members ?? []).map {
            JournalEntry(segment: names[$0.segment], contact: contact, change: "leave")
        }
        try statements.write(entries, at: now)
    }

    /// Takes an identifier out; its number is not given again. Of identifiers with one hash the later
    /// ones move up, so that each is still found from its own hash on without a gap.
    func remove(identifier id: Int64) throws(StoreError) {
        let place = statements.readPlace
        place.bind(1, id)
        guard try place.step() else { return }
        var free = UInt64(bitPattern: place.int(0))
        place.reset()
        try statements.removeIdentifier.run(id)
        try forgetSightings(of: id)
        if id == nextIdentifier - 1 { try statements.setMeta("next_identifier", nextIdentifier) }
        var next = free &+ 1
        while true {
            statements.findIdentifier.bind(1, Int64(bitPattern: next))
            guard try statements.findIdentifier.step() else { return }
            let id = statements.findIdentifier.int(0)
            statements.findIdentifier.reset()
            let home = token(of: try identifier(id))
            // It may stand anywhere from its own hash on.
            if next &- home >= next &- free {
                statements.movePlace.bind(1, Int64(bitPattern: free))
                statements.movePlace.bind(2, id)
                try statements.movePlace.run()
                free = next
            }
            next &+= 1
        }
    }

    /// Identifiers that were only ever seen beside the erased person.
    private func dropEmpty(among ids: Set<Int64>) throws(StoreError) -> Set<Int64> {
        let isUsed = try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM edge WHERE lower = ?1 OR higher = ?1)
                OR EXISTS (SELECT 1 FROM lifetime WHERE identifier = ?1)
                OR EXISTS (SELECT 1 FROM trait WHERE identifier = ?1)
                OR EXISTS (SELECT 1 FROM assertion WHERE lower = ?1 OR higher = ?1)
            """)
        var dropped: Set<Int64> = []
        for id in ids.sorted() {
            isUsed.bind(1, id)
            let used = try isUsed.step() && isUsed.int(0) != 0
            isUsed.reset()
            guard !used, let person = try storedPerson(id), person.members.count == 1,
                person.members[0].cells.isEmpty
            else { continue }
            try leaveSegments(id, at: Instant(person.members[0].last))
            try remove(identifier: person.members[0].id)
            dropped.insert(id)
        }
        return dropped
    }
}
