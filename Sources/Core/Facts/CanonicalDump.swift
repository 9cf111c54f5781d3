/// The facts as text, by (kind, value, day, signal name), with no number that depends on the order in
/// which things were learned: two sets of facts are the same exactly if their dumps are equal.
public struct CanonicalDump {
    private var lines: [String] = []

    /// Nothing yet.
    public init() {}

    /// The text, a fact a line.
    public var text: String { lines.sorted().joined(separator: "\n") }

    /// An identifier's registers, in milliseconds.
    public mutating func add(_ identifier: String, first: Int64, last: Int64) {
        lines.append("seen \(identifier) \(first) \(last)")
    }

    /// A cell.
    public mutating func add(_ identifier: String, _ day: Day, _ signal: String, _ tally: Tally) {
        lines.append("cell \(identifier) \(day) \(signal) \(tally.n) \(tally.value)")
    }

    /// Counts of before the retention.
    public mutating func add(_ identifier: String, lifetime signal: String, _ tally: Tally) {
        lines.append("lifetime \(identifier) \(signal) \(tally.n) \(tally.value)")
    }

    /// An edge.
    public mutating func add(
        lower: String, higher: String, first: Int64, last: Int64, n: Int64
    ) {
        lines.append("edge \(lower) \(higher) \(first) \(last) \(n)")
    }

    /// What was done in a second. Links are under the secret of a state, so that only their number
    /// can be compared.
    public mutating func add(
        _ identifier: String, _ second: TracedSecond, name: (SignalID) -> String
    ) {
        func text(_ part: TracedSecond.Part) -> String {
            let shifts = part.shifts.map { "\(name($0.signal)) \($0.tally.n) \($0.tally.value)" }
            let changes = shifts.sorted().joined(separator: ", ")
            return "\(part.events) \(part.aside?.name ?? "-") [\(changes)]"
        }
        lines.append(
            "trace \(identifier) \(second.second) \(second.isHoneypot) \(second.links.count) "
                + "\(text(second.clicks)) \(text(second.others))")
    }

    /// A trait.
    public mutating func add(_ identifier: String, attribute: String, _ trait: Trait) {
        let value = String(decoding: trait.value, as: UTF8.self)
        lines.append("trait \(identifier) \(attribute) \(value) \(trait.at) \(trait.source)")
    }
}

extension FactDelta {
    /// The canonical dump of a delta.
    public func canonicalDump(name: (SignalID) -> String) -> String {
        var dump = CanonicalDump()
        let names = identifiers.rows.indices.map { identifiers[$0].description }
        for (number, row) in identifiers.rows.enumerated() {
            dump.add(names[number], first: row.first, last: row.last)
        }
        for (key, tally) in cells.sums() {
            dump.add(names[key.identifier], key.day, name(key.signal), tally)
        }
        for edge in edges.rows {
            dump.add(
                lower: names[Int(edge.lower)], higher: names[Int(edge.higher)],
                first: edge.tally.first, last: edge.tally.last, n: edge.tally.n)
        }
        for (key, trait) in traits {
            dump.add(
                names[Int(key.identifier)],
                attribute: String(decoding: key.attribute, as: UTF8.self), trait)
        }
        return dump.text
    }
}
