/// Remembers which events were counted, by a keyed 64-bit hash of each, one set for each day.
///
/// A second record with equal (source scope, id, ts, type, identifier) is a duplicate. Both copies
/// have the same day, so the sets never need to be searched together, and letting a day go frees its
/// whole set.
public struct Deduplicator: Sendable {
    /// The keys of one day, and those of them that are not kept on disk yet.
    private struct DayKeys {
        let day: Int32
        var keys: HashSet64
        var added: [UInt64] = []
    }

    /// A new day gets room for at most so many keys at once, 0.6 MB: it may be a quiet one.
    private static let mostRoom = 1 << 16

    private var days: [DayKeys] = []
    /// Where the day of the last event lies: the next one is likely of the same day.
    private var recent = 0
    /// Keys held.
    public private(set) var count = 0
    /// Keys that were let go because `limit` was reached.
    public private(set) var evicted: Int64 = 0
    private var limit: Int
    /// Days whose keys were let go since `takeChanges` was last called.
    private var dropped: [Int32] = []

    /// Bytes that the sets take.
    package var footprint: Int { days.reduce(0) { $0 + $1.keys.footprint } }

    /// Remembers at most `limit` events.
    public init(limit: Int) { self.limit = max(limit, 1) }

    /// Remembers at most `limit` events from now on.
    public mutating func use(limit: Int) {
        self.limit = max(limit, 1)
        while count > self.limit { evictOldest() }
    }

    /// Takes back a key that was remembered before a restart.
    public mutating func restore(_ key: UInt64, day: Day) {
        find(day)
        if days[recent].keys.insert(key) { count += 1 }
    }

    /// Whether this is the first event with the key; it is remembered.
    ///
    /// - Complexity: O(1), O(days) where the day differs from the last event's.
    public mutating func isFirst(_ key: UInt64, day: Day) -> Bool {
        find(day)
        guard days[recent].keys.insert(key) else { return false }
        days[recent].added.append(key)
        count += 1
        if count > limit { evictOldest() }
        return true
    }

    /// Asks memory for the place of a key that `isFirst` will be asked for.
    mutating func prefetch(_ key: UInt64, day: Day) {
        find(day)
        days[recent].keys.prefetch(key)
    }

    /// Lets go of the days before `day`.
    public mutating func forget(before day: Day) {
        while let place = days.firstIndex(where: { $0.day < day.number }) { drop(place) }
    }

    /// What is to be kept on disk: new keys and days that were let go, in ascending order.
    public mutating func takeChanges() -> (added: [(day: Day, keys: [UInt64])], dropped: [Day]) {
        var added: [(day: Day, keys: [UInt64])] = []
        for place in days.indices where !days[place].added.isEmpty {
            added.append((day: Day(days[place].day), keys: days[place].added))
            days[place].added = []
        }
        defer { dropped.removeAll() }
        return (added.sorted { $0.day < $1.day }, dropped.sorted().map { Day($0) })
    }

    private mutating func find(_ day: Day) {
        if recent < days.count, days[recent].day == day.number { return }
        if let place = days.firstIndex(where: { $0.day == day.number }) {
            recent = place
        } else {
            // One day is much like the one before; what comes late is not.
            let newest = days.max { $0.day < $1.day }
            let likely = newest.map { $0.day < day.number ? $0.keys.count : 0 } ?? 0
            let room = min(likely, Self.mostRoom)
            days.append(DayKeys(day: day.number, keys: HashSet64(roomFor: room)))
            recent = days.count - 1
        }
    }

    /// The oldest day goes, whole: its events are the least likely to come again.
    private mutating func evictOldest() {
        guard let oldest = days.indices.min(by: { days[$0].day < days[$1].day }) else { return }
        evicted += Int64(days[oldest].keys.count)
        drop(oldest)
    }

    private mutating func drop(_ place: Int) {
        count -= days[place].keys.count
        dropped.append(days[place].day)
        days.remove(at: place)
        recent = 0
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

    /// Bytes held.
    var footprint: Int { slots.count * 8 }

    /// A set with room for about so many members before it grows.
    init(roomFor members: Int) {
        if members > 0 { slots = [UInt64](repeating: 0, count: members + members / 4 + 32) }
    }

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

    /// Asks memory for the place of a hash.
    func prefetch(_ hash: UInt64) {
        guard !slots.isEmpty else { return }
        slots.prefetch(Int(hash.multipliedFullWidth(by: UInt64(slots.count)).high))
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
