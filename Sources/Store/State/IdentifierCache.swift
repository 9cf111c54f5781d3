import Core

/// The numbers of identifiers that were met lately, so that a known one needs no look at the disk.
///
/// Open addressing with linear probing, 24 bytes a slot, at most `limit` identifiers: then it starts
/// anew. Invariants: the number of slots is a power of two, at most 5/8 of them are taken; what it
/// says is what the tables say, so whoever deletes identifiers or abandons a transaction clears it.
/// Two different identifiers are taken for one only if their keyed hashes of 64 bits are equal and
/// 24 bits of a hash of another make are too.
struct IdentifierCache {
    /// What is known of an identifier.
    struct Known {
        /// Its number.
        var id: Int64
        /// The root of its person; itself if it is one.
        var root: Int64
        /// Whether its edges disagree.
        var isAmbiguous: Bool
    }

    /// Both numbers have 40 bits; above the id stand 24 bits of the second hash, above the root one
    /// for those that are ambiguous.
    private struct Slot {
        var hash: UInt64
        var checkAndID: UInt64
        var root: UInt64
    }

    /// Identifiers held at most: 12 MiB of slots.
    private static let limit = 320_000
    private static let numberBits: UInt64 = 0xFF_FFFF_FFFF

    private var slots: [Slot] = []
    private(set) var count = 0

    /// Whether every identifier of the state is in it: what it does not know does not exist.
    private(set) var isComplete: Bool

    /// An empty cache, complete if there are no identifiers at all.
    init(isComplete: Bool) { self.isComplete = isComplete }

    /// The second hash of an identifier.
    ///
    /// - Source: FNV-1a (Fowler, Noll, Vo), folded to 24 bits.
    static func check(_ kind: IdentifierKind, _ value: ByteSlice) -> UInt64 {
        var hash = (0xCBF2_9CE4_8422_2325 ^ UInt64(kind.rawValue)) &* 0x100_0000_01B3
        for place in 0..<value.count { hash = (hash ^ UInt64(value[place])) &* 0x100_0000_01B3 }
        return (hash ^ hash >> 24 ^ hash >> 48) & 0xFF_FFFF
    }

    /// Forgets everything.
    mutating func clear() {
        slots = []
        count = 0
        isComplete = false
    }

    /// Asks memory for the place of a hash.
    func prefetch(_ hash: UInt64) {
        guard !slots.isEmpty else { return }
        slots.prefetch(Int(truncatingIfNeeded: hash) & (slots.count - 1))
    }

    /// What is known under a hash whose second hash agrees.
    func find(_ hash: UInt64, check: UInt64) -> Known? {
        guard !slots.isEmpty else { return nil }
        let place = place(of: hash, check)
        guard slots[place].checkAndID != 0 else { return nil }
        return Known(
            id: Int64(slots[place].checkAndID & Self.numberBits),
            root: Int64(slots[place].root & Self.numberBits),
            isAmbiguous: slots[place].root > Self.numberBits)
    }

    /// Takes up an identifier, or its new root.
    mutating func set(_ known: Known, for hash: UInt64, check: UInt64) {
        if count >= Self.limit { clear() }
        if count * 8 >= slots.count * 5 { grow() }
        let place = place(of: hash, check)
        if slots[place].checkAndID == 0 { count += 1 }
        slots[place] = Slot(
            hash: hash, checkAndID: check << 40 | UInt64(known.id),
            root: (known.isAmbiguous ? 1 << 40 : 0) | UInt64(known.root))
    }

    private func place(of hash: UInt64, _ check: UInt64) -> Int {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place].checkAndID != 0 {
            if slots[place].hash == hash,
                slots[place].checkAndID >> 40 == check
            {
                break
            }
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](
            repeating: Slot(hash: 0, checkAndID: 0, root: 0), count: max(1024, old.count * 2))
        for slot in old where slot.checkAndID != 0 {
            slots[place(of: slot.hash, slot.checkAndID >> 40)] = slot
        }
    }
}
