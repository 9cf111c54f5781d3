import Core

/// Which identifiers are wanted for which person. Most are numbered right behind their root, and are
/// met in one walk over a range; the others are looked up one by one.
struct Seats {
    struct Seat {
        var id: Int64
        var person: Int
        var member: Int
    }

    /// The identifiers to walk over.
    let range: ClosedRange<Int64>
    /// Those beyond the range.
    private(set) var far: [Seat] = []
    private var near: [Seat] = []

    /// How far behind the last root its other identifiers are looked for.
    private static let slack: Int64 = 16

    init(of persons: [PersonFacts], from first: Int64, to last: Int64) {
        range = first...(last + Self.slack)
        for (person, facts) in persons.enumerated() {
            for (member, identifier) in facts.members.enumerated() {
                let seat = Seat(id: identifier.id, person: person, member: member)
                if range.contains(seat.id) { near.append(seat) } else { far.append(seat) }
            }
        }
        near.sort { $0.id < $1.id }
    }

    /// The seats of some identifiers, in the order of their numbers as far as they are in the range.
    func of(_ ids: Set<Int64>) -> [Seat] {
        ids.isEmpty ? [] : near.filter { ids.contains($0.id) } + far
    }

    /// The seat of an identifier; ids are asked for in ascending order, and `place` moves with them.
    func near(_ id: Int64, from place: inout Int) -> Seat? {
        while place < near.count, near[place].id < id { place += 1 }
        return place < near.count && near[place].id == id ? near[place] : nil
    }
}
