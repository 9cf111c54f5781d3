import CHash
import Glibc

/// The identifiers that occur in one delta, each with its registers, numbered from 0 in the order in
/// which they first occurred.
///
/// Open addressing with linear probing. Invariants: `slots.count` is a power of two, at most half of
/// the slots are taken; a slot holds a row's number plus one in its lower half and the upper half of
/// the row's hash, so that other rows are passed by without being looked at; 0 if it is free. A row
/// takes 32 bytes.
public struct IdentifierTable: Sendable {
    /// One identifier with the time of its first and last event.
    public struct Row: Sendable {
        /// The keyed hash of kind and value.
        public var hash: UInt64
        /// Milliseconds of the first event.
        public var first: Int64
        /// Milliseconds of the last event.
        public var last: Int64
        /// Where its value starts among the table's bytes.
        var offset: UInt32
        /// How long its value is, in bytes.
        var count: UInt16
        /// What kind it is.
        public var kind: IdentifierKind
    }

    /// The identifiers by number.
    public private(set) var rows: [Row] = []
    private var slots: [UInt64] = []
    private var bytes: [UInt8] = []

    /// An empty table.
    public init() {}

    /// An empty table with room for so many identifiers.
    init(roomFor count: Int) {
        var capacity = 64
        while count * 2 >= capacity { capacity *= 2 }
        slots = [UInt64](repeating: 0, count: capacity)
        rows.reserveCapacity(count)
    }

    /// How many identifiers there are.
    public var count: Int { rows.count }

    /// Bytes held, for bounding memory.
    public var footprint: Int {
        rows.count * MemoryLayout<Row>.stride + slots.count * 8 + bytes.count
    }

    /// The number of an identifier, which joins the table if it is new.
    public mutating func number(of value: ByteSlice, kind: IdentifierKind, hash: UInt64) -> Int {
        if rows.count * 2 >= slots.count { grow() }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32 {
                let number = Int(UInt32(truncatingIfNeeded: slots[slot])) - 1
                if rows[number].hash == hash, rows[number].kind == kind, holds(number, value) {
                    return number
                }
            }
            slot = (slot + 1) & mask
        }
        rows.append(
            Row(
                hash: hash, first: .max, last: .min, offset: UInt32(bytes.count),
                count: UInt16(value.count), kind: kind))
        unsafe bytes.append(contentsOf: value.buffer)
        slots[slot] = (hash >> 32) << 32 | UInt64(rows.count)
        return rows.count - 1
    }

    /// Asks memory for the place of a hash.
    func prefetch(_ hash: UInt64) {
        guard !slots.isEmpty else { return }
        slots.prefetch(Int(truncatingIfNeeded: hash) & (slots.count - 1))
    }

    /// Asks memory for the row that a hash likely stands for.
    func prefetchRow(_ hash: UInt64) {
        if let number = likelyNumber(hash) { rows.prefetch(number) }
    }

    /// Asks memory for the value that a hash likely stands for.
    func prefetchValue(_ hash: UInt64) {
        if let number = likelyNumber(hash) { bytes.prefetch(Int(rows[number].offset)) }
    }

    private func likelyNumber(_ hash: UInt64) -> Int? {
        guard !slots.isEmpty else { return nil }
        let slot = slots[Int(truncatingIfNeeded: hash) & (slots.count - 1)]
        return slot == 0 ? nil : Int(UInt32(truncatingIfNeeded: slot)) - 1
    }

    /// Widens the registers of an identifier to include a time.
    public mutating func saw(_ number: Int, at milliseconds: Int64) {
        if milliseconds < rows[number].first { rows[number].first = milliseconds }
        if milliseconds > rows[number].last { rows[number].last = milliseconds }
    }

    /// Calls `body` with the value of an identifier.
    public func withValue<T, E: Error>(
        of number: Int, _ body: (ByteSlice) throws(E) -> T
    ) throws(E) -> T {
        try withValues { (values) throws(E) in try body(value(of: number, in: values)) }
    }

    /// Calls `body` with the bytes in which `value(of:in:)` finds the values.
    package func withValues<T, E: Error>(_ body: (ByteSlice) throws(E) -> T) throws(E) -> T {
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(E) in
            try body(unsafe ByteSlice(bytes))
        }
    }

    /// The value of an identifier, as a part of all `values`.
    package func value(of number: Int, in values: ByteSlice) -> ByteSlice {
        let row = rows[number]
        return values[Int(row.offset)..<(Int(row.offset) + Int(row.count))]
    }

    /// The identifier with this number.
    public subscript(number: Int) -> Identifier {
        Identifier(kind: rows[number].kind, value: withValue(of: number) { $0.array })
    }

    private func holds(_ number: Int, _ value: ByteSlice) -> Bool {
        let row = rows[number]
        guard Int(row.count) == value.count else { return false }
        return unsafe bytes.withUnsafeBufferPointer {
            unsafe memcmp($0.baseAddress! + Int(row.offset), value.start!, value.count) == 0
        }
    }

    private mutating func grow() {
        let capacity = max(64, slots.count * 2)
        slots = [UInt64](repeating: 0, count: capacity)
        for (number, row) in rows.enumerated() {
            var slot = Int(truncatingIfNeeded: row.hash) & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = (row.hash >> 32) << 32 | UInt64(number + 1)
        }
    }
}

extension Array {
    /// Asks memory for an element that will be needed soon.
    @inline(__always)
    package func prefetch(_ index: Int) {
        unsafe withUnsafeBufferPointer {
            // SAFETY: an address is only hinted at, never read through here.
            guard let start = $0.baseAddress else { return }
            unsafe leadscored_prefetch(start + index)
        }
    }
}
