/// Remembers which events were counted, by a keyed 64-bit hash of each, one set for each day.
///
/// A second record with equal (source scope, id, ts, type, identifier) is a duplicate. Both copies
/// have the same day, so the sets never need to be searched together, and letting a day go frees its
/// whole set.
public struct Deduplicator: Sendable {
    private var days: [Int32: HashSet64] = [:]
    private var added: [Int32: [UInt64]] = [:]
    /// Keys held.
    public private(set) var count = 0
    /// Keys that were let go because `limit` was reached.
    public private(set) var evicted: Int64 = 0
    private let limit: Int

    /// Days whose keys were let go since `takeChanges` was last called.
    private var dropped: [Int32] = []

    /// Remembers at most `limit` events.
    public init(limit: Int) { self.limit = max(limit, 1) }

    /// Takes back a key that was remembered before a restart.
    public mutating func restore(_ key: UInt64, day: Day) {
        if days[day.number, default: HashSet64()].insert(key) { count += 1 }
    }

    /// Whether this is the first event with the key; it is remembered.
    public mutating func isFirst(_ key: UInt64, day: Day) -> Bool {
        guard days[day.number, default: HashSet64()].insert(key) else { return false }
        added[day.number, default: []].append(key)
        count += 1
        if count > limit { evictOldest() }
        return true
    }

    /// Lets go of the days before `day`.
    public mutating func forget(before day: Day) {
        for old in days.keys.sorted() where old < day.number { drop(old) }
    }

    /// What is to be kept on disk: new keys and days that were let go, in ascending order.
    public mutating func takeChanges() -> (added: [(day: Day, keys: [UInt64])], dropped: [Day]) {
        defer {
            added.removeAll()
            dropped.removeAll()
        }
        return (
            added.keys.sorted().map { (day: Day($0), keys: added[$0] ?? []) },
            dropped.sorted().map { Day($0) }
        )
    }

    /// The oldest day goes, whole: its events are the least likely to come again.
    private mutating func evictOldest() {
        guard let oldest = days.keys.min() else { return }
        evicted += Int64(days[oldest]?.count ?? 0)
        drop(oldest)
    }

    private mutating func drop(_ day: Int32) {
        count -= days.removeValue(forKey: day)?.count ?? 0
        added.removeValue(forKey: day)
        dropped.append(day)
    }
}

/// A set of 64-bit hashes of which no two need to be told apart any further.
///
/// Open addressing; the place follows from the top of the hash, so growing walks both tables once in
/// order. Invariants: 0 stands for a free slot and is never a member (it is stored as 1); at most 5/6
/// of the slots are taken, which with growth by half keeps 10 to 14 bytes a member.
struct HashSet64: Sendable {
    private var slots: [UInt64] = []
    private(set) var count = 0

    /// Adds a member; false if it was there.
    mutating func insert(_ hash: UInt64) -> Bool {
        if count * 6 >= slots.count * 5 { grow() }
        let member = hash == 0 ? 1 : hash
        let place = find(member)
        guard slots[place] == 0 else { return false }
        slots[place] = member
        count += 1
        return true
    }

    private func find(_ member: UInt64) -> Int {
        var place = Int(member.multipliedFullWidth(by: UInt64(slots.count)).high)
        while slots[place] != 0, slots[place] != member {
            place += 1
            if place == slots.count { place = 0 }
        }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(32, old.count + old.count / 2))
        for member in old where member != 0 { slots[find(member)] = member }
    }
}
