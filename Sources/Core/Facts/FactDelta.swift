/// What a run of events adds to the facts. Deltas add up: merging is associative and commutative.
///
/// Identifiers in it are (kind, value) pairs with numbers that mean nothing outside, so that a delta
/// can be merged into any other, on this machine or another one.
public struct FactDelta: Sendable {
    /// An attribute of an identifier.
    public struct TraitKey: Hashable, Sendable {
        /// The identifier's number.
        public var identifier: UInt32
        /// The attribute's name.
        public var attribute: [UInt8]
    }

    /// The identifiers with their registers.
    public private(set) var identifiers = IdentifierTable()
    /// The cells of signals and topics.
    public private(set) var cells = CellLog()
    /// The edges.
    public private(set) var edges = EdgeTable()
    /// The traits.
    public private(set) var traits: [TraitKey: Trait] = [:]

    /// What tells machines from people later.
    public private(set) var traces = TraceLog()

    /// Bytes of the traits, roughly; those of values that were replaced are not taken off.
    private var traitBytes = 0

    /// Nothing.
    public init() {}

    /// Nothing yet, with room for about as much as another delta holds.
    public init(roomAs other: borrowing FactDelta) {
        identifiers = IdentifierTable(roomFor: other.identifiers.count)
        cells = CellLog(roomAs: other.cells)
    }

    /// Whether it adds nothing.
    public var isEmpty: Bool { identifiers.count == 0 }

    /// Bytes held, roughly, for bounding memory.
    public var footprint: Int {
        identifiers.footprint + cells.footprint + edges.footprint + traitBytes
            + traces.footprint
    }

    /// The number of an identifier in this delta.
    public mutating func number(of value: ByteSlice, kind: IdentifierKind, hash: UInt64) -> Int {
        identifiers.number(of: value, kind: kind, hash: hash)
    }

    /// Widens an identifier's registers.
    public mutating func saw(_ identifier: Int, at time: Instant) {
        identifiers.saw(identifier, at: time.milliseconds)
    }

    /// Adds to a cell.
    public mutating func add(_ tally: Tally, to key: CellKey) { cells.add(tally, to: key) }

    /// Adds to an edge.
    public mutating func addEdge(lower: Int, higher: Int, at time: Instant) {
        edges.add(
            EdgeTally(first: time.milliseconds, last: time.milliseconds, n: 1), lower: lower,
            higher: higher)
    }

    /// States an attribute.
    public mutating func state(_ trait: Trait, attribute: [UInt8], of identifier: Int) {
        merge(trait, TraitKey(identifier: UInt32(identifier), attribute: attribute))
    }

    /// Adds the trace of an event.
    mutating func add(_ trace: TraceLog.Row, _ shifts: some Collection<Shift>) {
        traces.add(trace, shifts)
    }

    // MARK: Asking memory for what will be needed

    /// Asks for the place of an identifier's hash.
    func prefetch(_ hash: UInt64) { identifiers.prefetch(hash) }

    /// Asks for what the place of the hash leads to.
    func prefetchRow(_ hash: UInt64) { identifiers.prefetchRow(hash) }

    /// Asks for the value that is likely meant by the hash.
    func prefetchValue(_ hash: UInt64) { identifiers.prefetchValue(hash) }

    /// Asks for the place of an edge.
    func prefetchEdge(lower: Int, higher: Int) { edges.prefetch(lower: lower, higher: higher) }

    /// Adds everything that another delta has.
    ///
    /// - Complexity: O(size of `other`).
    public mutating func merge(_ other: FactDelta) {
        let numbers = other.identifiers.rows.indices.map { number -> Int in
            let row = other.identifiers.rows[number]
            let here = other.identifiers.withValue(of: number) {
                identifiers.number(of: $0, kind: row.kind, hash: row.hash)
            }
            identifiers.saw(here, at: row.first)
            identifiers.saw(here, at: row.last)
            return here
        }
        other.cells.forEachAddition { key, tally in
            cells.add(
                tally,
                to: CellKey(
                    identifier: numbers[key.identifier], day: key.day, signal: key.signal))
        }
        for edge in other.edges.rows {
            edges.add(
                edge.tally, lower: numbers[Int(edge.lower)], higher: numbers[Int(edge.higher)])
        }
        traces.merge(other.traces, numbers)
        for (key, trait) in other.traits {
            state(trait, attribute: key.attribute, of: numbers[Int(key.identifier)])
        }
    }

    private mutating func merge(_ trait: Trait, _ key: TraitKey) {
        guard let known = traits[key], !trait.supersedes(known) else {
            traits[key] = trait
            traitBytes += 160 + key.attribute.count + trait.value.count
            return
        }
    }
}

/// A stated attribute of an identifier.
public struct Trait: Hashable, Sendable {
    /// The value as JSON; `null` where it was taken back.
    public var value: [UInt8]
    /// When it was stated, in milliseconds since 1970.
    public var at: Int64
    /// The source that stated it.
    public var source: String

    /// A value stated at a time.
    public init(value: [UInt8], at: Int64, source: String) {
        self.value = value
        self.at = at
        self.source = source
    }

    /// Whether this value stands against another: the latest wins, ties by larger bytes.
    public func supersedes(_ other: Trait) -> Bool {
        if at != other.at { return at > other.at }
        if value != other.value { return other.value.lexicographicallyPrecedes(value) }
        return source > other.source
    }

    /// The names under which a CRM's own statements are kept among the traits; no log can state an
    /// attribute that begins so.
    public static let stageAttribute = Array("$stage".utf8)
    /// As `stageAttribute`, for the sales representative.
    public static let ownerAttribute = Array("$owner".utf8)
}
