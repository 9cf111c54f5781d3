import Core

/// What the file shows of contacts that are about to be written: those of a sweep are read in one walk,
/// any others one by one.
struct ShownContacts {
    /// What a contact adds to an account, and the segments that it is in.
    struct Entry {
        /// Nil where it has no account.
        var account: (key: AccountTally.Key, sums: AccountTally.Sums)?
        var members: [MembershipRow.Member] = []
    }

    private let range: ClosedRange<Int64>?
    private var entries: [Int64: Entry] = [:]
    /// The contacts of the range that have a row, ascending.
    private(set) var contacts: [Int64] = []

    /// Nothing is shown.
    init() { range = nil }

    /// What is shown within a range.
    init(_ range: ClosedRange<Int64>, in leads: LeadsStore) throws(StoreError) {
        self.range = range
        let accounts = leads.statements.readAccounts
        accounts.bind(1, range.lowerBound)
        accounts.bind(2, range.upperBound)
        while try accounts.step() {
            contacts.append(accounts.int(0))
            guard let account = AccountTally.account(accounts) else { continue }
            entries[accounts.int(0), default: Entry()].account = account
        }
        guard leads.hasMembers else { return }
        let members = leads.statements.readMemberships
        members.bind(1, range.lowerBound)
        members.bind(2, range.upperBound)
        while try members.step() {
            entries[members.int(0), default: Entry()].members =
                MembershipRow.members(in: members.bytes(1)) ?? []
        }
    }

    /// What is shown of one contact.
    func entry(of contact: Int64, in leads: LeadsStore) throws(StoreError) -> Entry {
        guard leads.mayRepeat else { return Entry() }
        if let range, range.contains(contact) { return entries[contact] ?? Entry() }
        var entry = Entry(members: try leads.membership(of: contact))
        let accounts = leads.statements.readAccounts
        accounts.bind(1, contact)
        accounts.bind(2, contact)
        guard try accounts.step() else { return entry }
        defer { accounts.reset() }
        entry.account = AccountTally.account(accounts)
        return entry
    }
}

extension LeadsStore {
    /// What is shown of the contacts of a publication.
    func shown(before publication: Publication) throws(StoreError) -> ShownContacts {
        guard mayRepeat, let sweep = publication.sweep else { return ShownContacts() }
        return try ShownContacts(sweep, in: self)
    }

    func membership(of contact: Int64) throws(StoreError) -> [MembershipRow.Member] {
        guard mayRepeat, hasMembers else { return [] }
        let read = statements.readMemberships
        read.bind(1, contact)
        read.bind(2, contact)
        guard try read.step() else { return [] }
        defer { read.reset() }
        return MembershipRow.members(in: read.bytes(1)) ?? []
    }
}
