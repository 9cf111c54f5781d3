/// The order of many 64-bit keys, found without comparing them.
///
/// Least significant digit first, 11 bits a pass; digits that all keys share cost one look
/// (Knuth, The Art of Computer Programming, vol. 3, 5.2.5).
enum RadixOrder {
    private static let bits: UInt64 = 11
    private static let digits = 1 << 11

    /// The indices of `keys` in ascending order of the keys; equal ones keep their order.
    ///
    /// - Complexity: O(n) for each of the at most six digits in which keys differ.
    static func indices(of keys: [UInt64]) -> [UInt32] {
        guard let first = keys.first else { return [] }
        var differing: UInt64 = 0
        for key in keys { differing |= key ^ first }
        var indices = (0..<UInt32(keys.count)).map { $0 }
        var other = indices
        var shift: UInt64 = 0
        while shift < 64 {
            if differing >> shift & UInt64(digits - 1) != 0 {
                distribute(indices, of: keys, into: &other, by: shift)
                swap(&indices, &other)
            }
            shift += bits
        }
        return indices
    }

    /// Sorts keys, where nothing else hangs on them.
    ///
    /// - Complexity: as `indices(of:)`.
    static func sort(_ keys: inout [UInt64]) {
        guard let first = keys.first else { return }
        var differing: UInt64 = 0
        for key in keys { differing |= key ^ first }
        var other = [UInt64](repeating: 0, count: keys.count)
        for shift in stride(from: 0, to: 64, by: Int(bits))
        where differing >> UInt64(shift) & UInt64(digits - 1) != 0 {
            var starts = Self.starts(of: keys, UInt64(shift))
            for key in keys {
                let digit = Int(truncatingIfNeeded: key >> UInt64(shift)) & (digits - 1)
                other[starts[digit]] = key
                starts[digit] += 1
            }
            swap(&keys, &other)
        }
    }

    /// Where the keys of each digit begin.
    private static func starts(of keys: [UInt64], _ shift: UInt64) -> [Int] {
        var starts = [Int](repeating: 0, count: digits)
        for key in keys { starts[Int(truncatingIfNeeded: key >> shift) & (digits - 1)] += 1 }
        var start = 0
        for digit in 0..<digits {
            let count = starts[digit]
            starts[digit] = start
            start += count
        }
        return starts
    }

    private static func distribute(
        _ indices: [UInt32], of keys: [UInt64], into other: inout [UInt32], by shift: UInt64
    ) {
        var starts = Self.starts(of: keys, shift)
        for index in indices {
            let digit = Int(truncatingIfNeeded: keys[Int(index)] >> shift) & (digits - 1)
            other[starts[digit]] = index
            starts[digit] += 1
        }
    }
}
