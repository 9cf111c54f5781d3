/// What one identifier did within one second, as far as it tells machines from people, and what is
/// set aside of it.
///
/// All but `aside` is a fact: it adds up. Invariant: `links` ascend, and are the smallest
/// `TracedSecond.linksAtMost` of all that were followed, so that they too do not depend on the order.
public struct TracedSecond: Sendable, Equatable {
    /// Events that stand or fall together.
    public struct Part: Sendable, Equatable {
        /// How many could be set aside.
        public var events: Int64 = 0
        /// What changes if they are, ascending by signal, none of it zero.
        public var shifts: [Shift] = []
        /// The rule by which they are set aside now; nil if they are not.
        public var aside: OriginRule?
    }

    /// More links than this in one second nobody has to tell apart: no person follows so many.
    public static let linksAtMost = 16

    /// Seconds since 1970.
    public var second: Int64
    /// Whether a honeypot link was followed.
    public var isHoneypot = false
    /// The links of messages that were followed.
    public var links: [UInt64] = []
    /// The clicks on links of messages.
    public var clicks = Part()
    /// Everything else.
    public var others = Part()

    /// A second in which nothing is known to have happened.
    public init(second: Int64) { self.second = second }

    /// Adds an event.
    public mutating func add(_ row: TraceLog.Row, _ shifts: ArraySlice<Shift>) {
        isHoneypot = isHoneypot || row.isHoneypot
        if row.link != 0 { add(link: row.link) }
        guard !shifts.isEmpty else { return }
        if row.link != 0 { clicks.add(shifts) } else { others.add(shifts) }
    }

    private mutating func add(link: UInt64) {
        let place = links.firstIndex { $0 >= link } ?? links.count
        if place < links.count, links[place] == link { return }
        links.insert(link, at: place)
        if links.count > Self.linksAtMost { links.removeLast() }
    }
}

extension TracedSecond.Part {
    /// Adds an event's changes.
    mutating func add(_ changes: ArraySlice<Shift>) {
        events += 1
        for change in changes {
            let place = shifts.firstIndex { $0.signal >= change.signal } ?? shifts.count
            guard place < shifts.count, shifts[place].signal == change.signal else {
                shifts.insert(change, at: place)
                continue
            }
            shifts[place].tally.add(change.tally)
            if shifts[place].tally == Tally(n: 0, value: 0) { shifts.remove(at: place) }
        }
    }
}
