/// Contacts whose row in `leads.db` is behind, and when each may be written again.
///
/// While events pour in a contact is published at most once a second; when it is quiet, at once.
/// Invariant: a contact is in `waiting` exactly if its row is behind.
struct DirtyContacts {
    /// Milliseconds between two publications of one contact while it is busy.
    private static let interval: Int64 = 1000

    private var waiting: Set<Int64> = []
    /// Those that wait in the order in which they were touched, so that nobody waits for ever behind
    /// contacts that are touched again and again; with some that wait no more.
    private var order: [Int64] = []
    /// When a contact was published last, if within the last interval or so.
    private var published: [Int64: Int64] = [:]
    private var nextLook: Int64 = 0

    /// How many rows are behind.
    var count: Int { waiting.count }
    /// Whether no row is behind.
    var isEmpty: Bool { waiting.isEmpty }

    /// Notes that the rows of these contacts are behind.
    mutating func touch(_ contacts: Set<Int64>) {
        order += contacts.filter { waiting.insert($0).inserted }.sorted()
        nextLook = 0
    }

    /// Notes that a contact is published otherwise.
    ///
    /// - Returns: whether its row was behind.
    @discardableResult
    mutating func remove(_ contact: Int64) -> Bool { waiting.remove(contact) != nil }

    /// Lets every contact be published at once.
    mutating func release() {
        published.removeAll()
        nextLook = 0
    }

    /// Whether a contact may be published at a time, in monotonic milliseconds.
    func hasDue(at now: Int64) -> Bool { !waiting.isEmpty && now >= nextLook }

    /// Contacts that may be published now, at most `limit`.
    ///
    /// - Complexity: O(contacts that wait).
    mutating func takeDue(at now: Int64, limit: Int, busy: Bool) -> [Int64] {
        guard hasDue(at: now) else { return [] }
        var due: [Int64] = []
        var early: [Int64] = []
        var earliest = Int64.max
        var place = 0
        while place < order.count, due.count < limit {
            let contact = order[place]
            place += 1
            if busy, let last = published[contact], now - last < Self.interval {
                guard waiting.contains(contact) else { continue }
                earliest = min(earliest, last + Self.interval)
                early.append(contact)
            } else if waiting.remove(contact) != nil {
                due.append(contact)
                published[contact] = now
            }
        }
        // Who was early stays in front, and who was not looked at behind.
        order.replaceSubrange(0..<place, with: early)
        nextLook = due.count == limit ? 0 : earliest
        if published.count > 50_000 {
            published = published.filter { now - $0.value < Self.interval }
        }
        return due.sorted()
    }
}

/// How many records came lately, to tell busy from quiet.
struct RecentLoad {
    /// More records than this in a second are busy.
    private static let busyRecords: Int64 = 200

    private var second: Int64 = 0
    private var records: Int64 = 0
    private var before: Int64 = 0

    /// Notes records at a time in monotonic milliseconds.
    mutating func add(_ count: Int64, at now: Int64) {
        advance(to: now)
        records += count
    }

    /// Whether this second or the one before was busy.
    mutating func isBusy(at now: Int64) -> Bool {
        advance(to: now)
        return max(records, before) > Self.busyRecords
    }

    private mutating func advance(to now: Int64) {
        let current = now / 1000
        guard current != second else { return }
        before = current == second + 1 ? records : 0
        records = 0
        second = current
    }
}
