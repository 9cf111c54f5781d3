/// The order of many 64-bit keys, found without comparing them.
///
/// Least significant digit first, 11 bits a pass; digits that all keys share cost one look
/// (Knuth, The Art of Computer Programming, vol. 3, 5.2.5).
enum RadixOrder {
    private struct Pair {
        var key: UInt64
        var index: UInt32
    }

    private static let bits: UInt64 = 11
    private static let digits = 1 << 11

    /// The indices of `keys` in ascending order of the keys; equal ones keep their order.
    ///
    /// - Complexity: O(n) for each of the at most six digits in which keys differ.
    static func indices(of keys: [UInt64]) -> [UInt32] {
        guard let first = keys.first else { return [] }
        var differing: UInt64 = 0
        for key in keys { differing |= key ^ first }
        var pairs: [Pair] = []
        pairs.reserveCapacity(keys.count)
        for (index, key) in keys.enumerated() { pairs.append(Pair(key: key, index: UInt32(index))) }
        var other = pairs
        var shift: UInt64 = 0
        while shift < 64 {
            if differing >> shift & UInt64(digits - 1) != 0 {
                distribute(pairs, into: &other, by: shift)
                swap(&pairs, &other)
            }
            shift += bits
        }
        var indices: [UInt32] = []
        indices.reserveCapacity(pairs.count)
        for pair in pairs { indices.append(pair.index) }
        return indices
    }

    private static func distribute(_ pairs: [Pair], into other: inout [Pair], by shift: UInt64) {
        var starts = [Int](repeating: 0, count: digits)
        for pair in pairs { starts[Int(pair.key >> shift) & (digits - 1)] += 1 }
        var start = 0
        for digit in 0..<digits {
            let count = starts[digit]
            starts[digit] = start
            start += count
        }
        for pair in pairs {
            let digit = Int(truncatingIfNeeded: pair.key >> shift) & (digits - 1)
            other[starts[digit]] = pair
            starts[digit] += 1
        }
    }
}
