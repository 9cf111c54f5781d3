import Core

/// How many links the messages have that a checkpoint speaks of, within its transaction.
///
/// A message's links are all that anybody was seen to follow, and the smallest
/// `MachineVerdict.messageLinksAtMost` of them are kept: enough to know how many there are up to that.
struct MessageLinks {
    private let statements: StateStatements
    private var counts: [UInt32: Int] = [:]

    init(_ statements: StateStatements) { self.statements = statements }

    /// The number of links of a message that was looked up.
    func count(_ message: UInt32) -> Int { counts[message] ?? 0 }

    /// Looks up messages.
    mutating func look(up messages: some Sequence<UInt32>) throws(StoreError) {
        for message in messages where counts[message] == nil {
            counts[message] = try read(message).links.count
        }
    }

    /// Adds links that were followed.
    ///
    /// - Returns: the messages that are known to have more links than before, ascending.
    mutating func add(
        _ rows: [TraceLog.Row], of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) -> [UInt32] {
        var found: [UInt32: (links: Set<UInt32>, last: Int64)] = [:]
        for row in rows where row.link != 0 && !identifiers[Int(row.identifier)].isErased {
            let message = TraceLog.message(of: row.link)
            var entry = found.removeValue(forKey: message) ?? ([], 0)
            entry.links.insert(UInt32(truncatingIfNeeded: row.link))
            entry.last = max(entry.last, row.second)
            found[message] = entry
        }
        let write = statements.writeMessageLinks
        var grown: [UInt32] = []
        for (message, new) in found.sorted(by: { $0.key < $1.key }) {
            let known = try read(message)
            let all = new.links.union(known.links).sorted()
            let kept = Array(all.prefix(MachineVerdict.messageLinksAtMost))
            counts[message] = kept.count
            if kept.count > known.links.count { grown.append(message) }
            guard kept != known.links || new.last > known.last else { continue }
            write.bind(1, Int64(message))
            write.bind(2, max(new.last, known.last))
            try write.run(binding: Self.packed(kept), 3)
        }
        return grown
    }

    private func read(_ message: UInt32) throws(StoreError) -> (links: [UInt32], last: Int64) {
        let read = statements.readMessageLinks
        read.bind(1, Int64(message))
        guard try read.step() else { return ([], 0) }
        defer { read.reset() }
        let bytes = read.bytes(0)
        let links = (0..<(bytes.count / 4)).map { place in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place * 4 + $1]) << UInt32($1 * 8) }
        }
        return (links, read.int(1))
    }

    /// 4 bytes each, little-endian.
    private static func packed(_ links: [UInt32]) -> [UInt8] {
        links.flatMap { link in (0..<4).map { UInt8(truncatingIfNeeded: link >> ($0 * 8)) } }
    }
}
