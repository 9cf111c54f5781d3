internal import Glibc

/// Numbers that look random and follow from a seed.
///
/// - Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    @inline(__always)
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Chance.mixed(state)
    }

    /// A number below `limit`. Its bias, below 2^-32 for such small limits, does not matter here.
    @inline(__always)
    mutating func below(_ limit: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    /// Whether something of this percentage happens.
    @inline(__always)
    mutating func happens(_ percent: Double) -> Bool {
        percent > 0 && Double(next() >> 11) * 0x1p-53 * 100 < percent
    }

    /// One to one, so that different numbers stay different.
    @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Draws 0, 1, 2, ... with frequencies that fall as the power -exponent of the rank, in constant
/// time.
///
/// - Source: Vose, "A Linear Algorithm For Generating Random Numbers With a Given Distribution",
///   IEEE Transactions on Software Engineering 17 (1991).
struct Zipf {
    /// Up to which of 2^32 chances the place itself is drawn, and what is drawn beyond.
    private var cells: [(limit: UInt32, other: UInt32)]

    init(count: Int, exponent: Double) {
        var weights = (1...count).map { pow(Double($0), -exponent) }
        let mean = weights.reduce(0, +) / Double(count)
        for place in weights.indices { weights[place] /= mean }
        cells = weights.indices.map { (.max, UInt32($0)) }
        var small: [Int] = []
        var large: [Int] = []
        for (place, weight) in weights.enumerated() {
            if weight < 1 { small.append(place) } else { large.append(place) }
        }
        while let low = small.popLast(), let high = large.last {
            cells[low] = (UInt32(weights[low] * 0x1p32), UInt32(high))
            weights[high] -= 1 - weights[low]
            if weights[high] < 1 { small.append(large.removeLast()) }
        }
    }

    @inline(__always)
    func draw(_ chance: inout Chance) -> Int {
        let random = chance.next()
        let place = Int((random >> 32).multipliedFullWidth(by: UInt64(cells.count) << 32).high)
        let cell = cells[place]
        return UInt32(truncatingIfNeeded: random) <= cell.limit ? place : Int(cell.other)
    }
}
