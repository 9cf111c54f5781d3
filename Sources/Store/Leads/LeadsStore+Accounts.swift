import Core

/// What contacts add to the accounts of a publication, less what they added before.
struct AccountTally {
    struct Key: Hashable, Comparable {
        var domain: String
        var stage: String

        static func < (left: Key, right: Key) -> Bool {
            (left.domain, left.stage) < (right.domain, right.stage)
        }
    }

    /// Engagement and fit in millionths of a point.
    struct Sums: Equatable {
        var contacts: Int64 = 0
        var engagement: Int64 = 0
        var fit: Int64 = 0

        mutating func add(_ other: Sums) {
            contacts += other.contacts
            engagement += other.engagement
            fit += other.fit
        }
    }

    private(set) var parts: [Key: Sums] = [:]

    private mutating func add(_ sums: Sums, to key: Key) {
        parts[key, default: Sums()].add(sums)
    }

    /// Takes off what a contact added.
    mutating func subtract(_ account: (key: Key, sums: Sums)?) {
        guard let account else { return }
        let (sums, key) = (account.sums, account.key)
        add(Sums(contacts: -1, engagement: -sums.engagement, fit: -sums.fit), to: key)
    }

    /// What a row of (contact_id, domain, stage, engagement, fit) adds, and to which account; nil if it
    /// has none.
    static func account(_ row: Statement) -> (key: Key, sums: Sums)? {
        let domain = row.bytes(1)
        guard domain.count > 0, !FreeMail.isProvider(domain) else { return nil }
        return (
            Key(domain: domain.text, stage: row.text(2)),
            Sums(
                contacts: 1, engagement: micropoints(row.double(3)),
                fit: micropoints(row.double(4)))
        )
    }

    /// Adds a contact; one without a domain of its own, or at a provider of free mailboxes, has no
    /// account.
    mutating func add(_ contact: PublishedContact, _ text: ByteSlice) {
        guard contact.domain.start >= 0 else { return }
        let start = Int(contact.domain.start)
        let domain = text[start..<(start + Int(contact.domain.count))]
        guard domain.count > 0, !FreeMail.isProvider(domain) else { return }
        var stage = ""
        if contact.stage.start >= 0 {
            let start = Int(contact.stage.start)
            stage = text[start..<(start + Int(contact.stage.count))].text
        }
        add(
            Sums(contacts: 1, engagement: contact.engagement, fit: contact.fit),
            to: Key(domain: domain.text, stage: stage))
    }
}

/// The accounts, kept up to date by differences, so that a contact costs the same however many
/// colleagues it has.
extension LeadsStore {
    /// Writes the differences, but for those of a file being built, which nobody reads: they are kept
    /// while they are few.
    func writeAccounts() throws(StoreError) {
        if !isBuilding || accounts.parts.count > Self.accountsKept { try writeAllAccounts() }
    }

    /// Accounts that are kept in memory while a file is built.
    private static let accountsKept = 10_000

    /// Writes all differences.
    func writeAllAccounts() throws(StoreError) {
        let parts = accounts.parts
        accounts = AccountTally()
        for (key, sums) in parts.sorted(by: { $0.key < $1.key })
        where sums != AccountTally.Sums() {
            let add = statements.addAccount
            add.bind(1, key.domain)
            add.bind(2, key.stage)
            add.bind(3, sums.contacts)
            add.bind(4, sums.engagement)
            add.bind(5, sums.fit)
            try add.run()
            guard sums.contacts < 0 else { continue }
            statements.removeAccount.bind(1, key.domain)
            statements.removeAccount.bind(2, key.stage)
            try statements.removeAccount.run()
        }
    }
}
