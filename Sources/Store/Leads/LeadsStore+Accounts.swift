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
    }

    private(set) var parts: [Key: Sums] = [:]

    mutating func add(_ key: Key, _ sign: Int64, engagement: Int64, fit: Int64) {
        parts[key, default: Sums()].contacts += sign
        parts[key, default: Sums()].engagement += sign * engagement
        parts[key, default: Sums()].fit += sign * fit
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
            Key(domain: domain.text, stage: stage), 1, engagement: contact.engagement,
            fit: contact.fit)
    }
}

/// The accounts, kept up to date by differences, so that a contact costs the same however many
/// colleagues it has.
extension LeadsStore {
    /// Takes off what a contact adds as it is shown at present.
    func subtract(_ contact: Int64, from tally: inout AccountTally) throws(StoreError) {
        guard mayRepeat else { return }
        let read = statements.readAccount
        read.bind(1, contact)
        guard try read.step() else { return }
        defer { read.reset() }
        let domain = read.bytes(0)
        guard domain.count > 0, !FreeMail.isProvider(domain) else { return }
        tally.add(
            .init(domain: domain.text, stage: read.text(1)), -1,
            engagement: micropoints(read.double(2)), fit: micropoints(read.double(3)))
    }

    func write(_ tally: AccountTally) throws(StoreError) {
        for (key, sums) in tally.parts.sorted(by: { $0.key < $1.key })
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
