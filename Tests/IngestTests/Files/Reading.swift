import Core
import Ingest

/// A follower over files in memory, with what it handed over and what a database would know.
final class Reading {
    let files: MemoryFileSystem
    let sources: [SourceDefinition]
    var follower: Follower
    var now: Int64 = 0
    /// Whole lines in the order in which they came.
    var lines: [String] = []
    /// Those that may have been counted before.
    var seam: [String] = []
    var oversize: [(offset: Int64, length: Int64, bytes: Int)] = []
    /// Lengths of last lines without a newline that were given up.
    var unterminated: [Int64] = []
    /// Lines that were passed over without looking into them.
    var poison: [(offset: Int64, length: Int64)] = []
    var notices: [Notice] = []
    /// Positions as committed.
    var positions: [Int64: StreamPosition] = [:]

    init(
        _ files: MemoryFileSystem = MemoryFileSystem(), patterns: [String] = ["/log/*.log"],
        sources: [SourceDefinition]? = nil
    ) {
        self.files = files
        self.sources = sources ?? [SourceDefinition(name: "s", paths: patterns)]
        follower = Reading.follow(files, self.sources, [:], { 0 })
        restart()
    }

    private static func follow(
        _ files: MemoryFileSystem, _ sources: [SourceDefinition],
        _ positions: [Int64: StreamPosition], _ clock: @escaping () -> Int64
    ) -> Follower {
        Follower(
            sources: sources, files: files, watcher: nil, positions: Array(positions.values),
            nextStreamID: (positions.keys.max() ?? 0) + 1,
            hash: KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength)),
            clock: clock)
    }

    /// Ends the follower as a crash would, and begins where the committed positions end.
    func restart() {
        follower = Reading.follow(files, sources, positions, { [unowned self] in now })
    }

    func take(_ block: Block) {
        if case .oversize(let length) = block.content {
            oversize.append((block.offset, length, block.bytes.count))
        }
        if case .poison(let length) = block.content { poison.append((block.offset, length)) }
        if case .unterminated(let length) = block.content { unterminated.append(length) }
        for (line, _) in block.lines {
            if block.isSeam { seam.append(line.text) } else { lines.append(line.text) }
        }
    }

    func turn() -> Bool { follower.turn(take) }

    func commit() {
        for position in follower.takePositions() { positions[position.id] = position }
        notices += follower.takeNotices()
    }

    /// Looks and reads until there is nothing to do, then commits.
    func settle() {
        for _ in 0..<3 {
            now += 1000
            follower.discover()
            while turn() {}
        }
        commit()
    }

    /// Lets time pass, with the looks that belong to it.
    func wait(seconds: Int64) {
        for _ in 0..<(seconds / 5 + 1) {
            now += 5000
            settle()
        }
    }

    func drain() -> [String] {
        defer { lines = [] }
        return lines
    }

    func kinds() -> [Notice.Kind] { notices.map(\.kind) }
    var lost: Int64 { positions.values.reduce(0) { $0 + $1.lostBytes } }
}
