import Core
import Ingest

/// What a checkpoint brings about, as the database does it: all of it or nothing.
struct Ledger {
    private(set) var positions: [Int64: StreamPosition] = [:]
    /// How often each line was counted, by the identifier in it.
    private(set) var counts: [String: Int64] = [:]
    private(set) var lines: Int64 = 0
    private(set) var outcomes: Int64 = 0
    private(set) var commits = 0

    mutating func commit(_ checkpoint: Checkpoint) {
        commitFacts(of: checkpoint)
        commitPositions(of: checkpoint)
        commits += 1
    }

    mutating func commitFacts(of checkpoint: Checkpoint) {
        checkpoint.facts.cells.forEachAddition { key, tally in
            let value = checkpoint.facts.identifiers[key.identifier].value
            counts[String(decoding: value, as: UTF8.self), default: 0] += tally.n
        }
        for tally in checkpoint.tallies.values {
            lines += tally.lines
            outcomes += Outcome.allCases.reduce(0) { $0 + tally[$1] }
        }
    }

    mutating func commitPositions(of checkpoint: Checkpoint) {
        for position in checkpoint.positions { positions[position.id] = position }
    }

    /// Bytes known to be gone unread.
    var lostBytes: Int64 { positions.values.reduce(0) { $0 + $1.lostBytes } }
}
