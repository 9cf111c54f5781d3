/// Contacts whose row in `leads.db` is behind, and when each may be written again.
///
/// While events pour in a contact is published at most once a second; when it is quiet, at once.
/// Invariant: a contact whose row is behind is in `waiting` or in `stretch`; others are only in
/// `stretch`.
struct DirtyContacts {
    /// Milliseconds between two publications of one contact while it is busy.
    private static let interval: Int64 = 1000
    /// More contacts than this are not kept one by one: some 20 MiB.
    private static let kept = 500_000

    private let limit: Int
    private var waiting: Set<Int64> = []
    /// All numbers in here, when there were too many: what is published without need takes time, where
    /// ten million numbers would take memory.
    private var stretch: Range<Int64> = 0..<0
    /// Those that wait in the order in which they were touched, so that nobody waits for ever behind
    /// contacts that are touched again and again; with some that wait no more.
    private var order: [Int64] = []
    /// When a contact was published last, if within the last interval or so.
    private var published: [Int64: Int64] = [:]
    private var nextLook: Int64 = 0

    /// - Parameter limit: How many contacts are kept one by one.
    init(limit: Int = DirtyContacts.kept) { self.limit = limit }

    /// How many rows are behind, at most.
    var count: Int { waiting.count + stretch.count }
    /// Whether no row is behind.
    var isEmpty: Bool { waiting.isEmpty && stretch.isEmpty }

    /// Notes that the rows of these contacts are behind, in this order.
    mutating func touch(_ contacts: some Sequence<Int64>) {
        order += contacts.filter { !stretch.contains($0) && waiting.insert($0).inserted }
        nextLook = 0
        if waiting.count > limit { stretchOut() }
    }

    /// Makes one stretch of all that wait.
    private mutating func stretchOut() {
        guard let first = waiting.min(), let last = waiting.max() else { return }
        stretch =
            stretch.isEmpty
            ? first..<(last + 1)
            : min(first, stretch.lowerBound)..<max(last + 1, stretch.upperBound)
        waiting = []
        order = []
    }

    /// Notes that a contact is published otherwise.
    ///
    /// - Returns: whether its row was behind.
    @discardableResult
    mutating func remove(_ contact: Int64) -> Bool {
        let wasBehind = stretch.contains(contact) || waiting.contains(contact)
        waiting.remove(contact)
        if contact == stretch.lowerBound, !stretch.isEmpty { stretch.removeFirst() }
        return wasBehind
    }

    /// Lets every contact be published at once.
    mutating func release() {
        published.removeAll()
        nextLook = 0
    }

    /// Whether a contact may be published at a time, in monotonic milliseconds.
    func hasDue(at now: Int64) -> Bool { !isEmpty && now >= nextLook }

    /// Contacts that may be published now, at most `limit`.
    ///
    /// - Complexity: O(contacts that wait).
    mutating func takeDue(at now: Int64, limit: Int, busy: Bool) -> [Int64] {
        guard hasDue(at: now) else { return [] }
        // Half and half, so that neither waits for the other.
        var due = Array(stretch.prefix(waiting.isEmpty ? limit : limit / 2))
        stretch = stretch.dropFirst(due.count)
        for contact in due { waiting.remove(contact) }
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
        nextLook = due.count == limit || !stretch.isEmpty ? 0 : earliest
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
