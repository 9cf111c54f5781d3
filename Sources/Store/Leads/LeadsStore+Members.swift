import Core

/// Who is in which segment.
extension LeadsStore {
    /// Brings the memberships of a publication's contacts up to date; where nothing changed, that is
    /// one look.
    func write(
        membersOf publication: Publication, after before: [ShownContacts.Entry]
    ) throws(StoreError) {
        var sizes: [String: Int64] = [:]
        var added: [(segment: SegmentID, contact: Int64, since: Int64)] = []
        var packed: [(contact: Int64, members: [UInt8])] = []
        for (contact, entry) in zip(publication.contacts, before) {
            let range = Int(contact.members.lowerBound)..<Int(contact.members.upperBound)
            var row = MembershipRow()
            row.members = Array(publication.members[range])
            let shown = entry.members
            guard row.members != shown else { continue }
            for member in shown where !row.members.contains(member) {
                guard let name = publication.segmentNames[member.segment] else { continue }
                statements.removeMember.bind(1, name)
                statements.removeMember.bind(2, contact.contact)
                try statements.removeMember.run()
                sizes[name, default: 0] -= 1
            }
            for member in row.members where !shown.contains(member) {
                guard let name = publication.segmentNames[member.segment] else { continue }
                added.append((member.segment, contact.contact, member.since))
                sizes[name, default: 0] += 1
            }
            guard !row.members.isEmpty else {
                try statements.removeMembership.run(contact.contact)
                continue
            }
            packed.append((contact.contact, row.packed))
            hasMembers = true
        }
        // Segment by segment, so that the rows of each lie together.
        added.sort { ($0.segment, $0.contact) < ($1.segment, $1.contact) }
        try statements.addMembers.run(count: added.count) { place, row in
            let (segment, contact, since) = added[place]
            row.bind(1, publication.segmentNames[segment])
            row.bind(2, contact)
            row.bind(3, text(of: since))
        }
        try statements.writeMemberships.run(count: packed.count) { place, row in
            row.bind(1, packed[place].contact)
            row.bind(blob: packed[place].members, 2)
        }
        for (name, change) in sizes.sorted(by: { $0.key < $1.key }) where change != 0 {
            statements.resizeSegment.bind(1, change)
            statements.resizeSegment.bind(2, name)
            try statements.resizeSegment.run()
        }
    }

    /// Takes a contact out of all segments.
    func removeMembers(_ contact: Int64) throws(StoreError) {
        guard try !membership(of: contact).isEmpty else { return }
        let name = try connection.prepare(
            "SELECT name FROM segments s WHERE EXISTS (SELECT 1 FROM segment_members m "
                + "WHERE m.segment = s.name AND m.contact_id = ?)")
        var names: [String] = []
        name.bind(1, contact)
        while try name.step() { names.append(name.text(0)) }
        for name in names {
            statements.removeMember.bind(1, name)
            statements.removeMember.bind(2, contact)
            try statements.removeMember.run()
            statements.resizeSegment.bind(1, -1)
            statements.resizeSegment.bind(2, name)
            try statements.resizeSegment.run()
        }
        try statements.removeMembership.run(contact)
    }

    /// Nothing is told any more of a contact that is erased, but that it leaves, which comes after
    /// this.
    func forgetChanges(of contact: Int64) throws(StoreError) {
        for (table, column) in [
            ("segment_changes", "contact_id"), ("segment_changes", "other_contact_id"),
            ("stage_changes", "contact_id"),
        ] {
            try connection.prepare("DELETE FROM \(table) WHERE \(column) = ?").run(contact)
        }
    }

    /// Counts the members anew, and drops what is left of segments that are no more.
    func countMembers() throws(StoreError) {
        try connection.execute(
            """
            DELETE FROM segment_members WHERE segment IN (
                WITH RECURSIVE found(name) AS (
                    SELECT min(segment) FROM segment_members
                    UNION ALL
                    SELECT (SELECT min(segment) FROM segment_members WHERE segment > name)
                    FROM found WHERE name IS NOT NULL)
                SELECT name FROM found WHERE name NOT IN (SELECT name FROM segments));
            UPDATE segments SET size =
                (SELECT count(*) FROM segment_members m WHERE m.segment = segments.name)
            """)
    }
}
