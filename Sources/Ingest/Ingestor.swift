import CLinux
public import Core

/// Reads the logs and folds what they say into the checkpoint that is being made.
///
/// Owned by one thread. Invariant: the positions, counts, facts and duplicate keys of a checkpoint
/// all belong to the same lines, because a block is folded whole before anything is taken.
public final class Ingestor {
    /// Follows the files.
    public let follower: Follower
    /// Memory that a checkpoint in the making may take, in bytes, before it has to be handed over.
    public static let footprintLimit = 7 << 20
    /// After a checkpoint of so many records the next one is as large, and gets its room at once.
    private static let manyRecords = 100_000
    /// Records of all checkpoints since the start.
    public private(set) var records: Int64 = 0
    /// Bytes read since the start.
    public private(set) var bytes: Int64 = 0

    private let hash: KeyedHash
    var fold: EventFold
    var scopes: [SourceScope] = []
    var decoders: [any LineDecoder] = []
    /// The same where a line may hold several events, else nil.
    var batches: [(any BatchDecoder)?] = []
    private var definitions: [SourceDefinition] = []
    private var healths: [LineHealth] = []
    var checkpoint = Checkpoint()
    /// Kept beside the checkpoint, whose facts are in use while a block is read.
    private var quarantined: [QuarantinedRecord] = []
    private var quarantinedBytes = 0
    private var suppressed: [Int64: [Range<Int>]] = [:]
    private var event = Event()

    /// An ingestor of the follower's sources.
    public init(
        follower: Follower, sources: [SourceDefinition], hash: KeyedHash, fold: consuming EventFold
    ) {
        self.follower = follower
        self.hash = hash
        self.fold = fold
        use(sources)
    }

    /// Takes up other sources and rules at a reload, between two blocks.
    public func reconfigure(
        sources: [SourceDefinition], model: Model, matcher: SignalMatcher
    ) {
        follower.reconfigure(sources: sources)
        fold.use(model, matcher: matcher)
        use(sources)
    }

    /// Moves the time after which events are `future`, and at a day change lets old keys go.
    public func advance(latest: Instant, forgetBefore day: Day?) {
        fold.latest = latest
        if let day { fold.deduplicator.forget(before: day) }
    }

    /// Gives a source's decoder what was committed of it; before the first turn.
    public func restore(_ texts: [RememberedText], of source: String) {
        guard let place = definitions.firstIndex(where: { $0.name == source }) else { return }
        (decoders[place] as? any RememberingDecoder)?.restore(texts)
    }

    /// Has events suppressed that name erased persons, from the next block on.
    public func suppress(_ erased: Set<UInt64>) { fold.erased = erased }

    /// Whether the checkpoint in the making is as large as it may get.
    public var isFull: Bool {
        checkpoint.facts.footprint + quarantinedBytes >= Self.footprintLimit
    }

    /// Records in the checkpoint in the making.
    public internal(set) var pendingRecords: Int64 = 0

    /// Events whose value counted as 0 because of their currency.
    public var foreignCurrency: Int64 { fold.foreignCurrency }
    /// Duplicate keys held, and those let go because there were too many.
    public var duplicateKeys: (held: Int, evicted: Int64) {
        (fold.deduplicator.count, fold.deduplicator.evicted)
    }

    /// The sources with too many unusable lines among the last ones.
    public var unhealthy: [(source: String, health: LineHealth)] {
        healths.indices.filter { healths[$0].isBad }.map { (scopes[$0].name, healths[$0]) }
    }

    /// Reads one block of the next stream that has one.
    ///
    /// - Returns: false if no stream has unread lines.
    public func turn() -> Bool {
        follower.turn { block in read(block) }
    }

    /// The checkpoint in the making, which starts anew.
    public func takeCheckpoint() -> Checkpoint {
        var taken = checkpoint
        checkpoint = Checkpoint()
        if pendingRecords > Self.manyRecords {
            checkpoint.facts = FactDelta(roomAs: taken.facts)
        }
        swap(&taken.quarantined, &quarantined)
        swap(&taken.suppressed, &suppressed)
        quarantinedBytes = 0
        pendingRecords = 0
        taken.positions = follower.takePositions()
        for place in decoders.indices {
            guard let decoder = decoders[place] as? any RememberingDecoder else { continue }
            let name = scopes[place].name
            taken.remembered += decoder.takeRemembered().map { (source: name, text: $0) }
        }
        let keys = fold.deduplicator.takeChanges()
        taken.duplicateKeys = keys.added
        taken.droppedDays = keys.dropped
        return taken
    }

    /// Lets go of what only reading needs, after which nothing is read any more.
    public func letGo() {
        checkpoint = Checkpoint()
        fold.deduplicator = Deduplicator(limit: 1)
        clinux_trim_memory()
    }

    private func use(_ sources: [SourceDefinition]) {
        // What was configured anew may have been mended: nothing is held against it.
        healths = sources.map { _ in LineHealth() }
        scopes = sources.map { source in
            // By name, so that it outlives a change of order in the configuration.
            let own = UInt32(truncatingIfNeeded: hash(Array(source.name.utf8))) | 1
            return SourceScope(
                name: source.name, trust: source.trust, scope: source.trust == .full ? 0 : own,
                isImport: source.format == "csv")
        }
        decoders = sources.map { source in
            // One that remembers earlier lines goes on as long as its source means the same.
            if let old = definitions.firstIndex(where: {
                $0.name == source.name && $0.format == source.format && $0.layout == source.layout
            }), decoders[old] is any RememberingDecoder {
                return decoders[old]
            }
            guard let format = LogFormat.named(source.format) else {
                preconditionFailure("the configuration let an unknown format pass")
            }
            return format.makeDecoder(source)
        }
        definitions = sources
        batches = decoders.map { $0 as? any BatchDecoder }
    }

    private func read(_ block: Block) {
        var tally = StreamTally()
        switch block.content {
        case .lines: readLines(of: block, &tally)
        case .oversize(let length):
            tally.lines += 1
            tally.count(.oversize)
            healths[block.source].add(good: 0, bad: .oversize)
            bytes += length + 1
            quarantine(block.bytes, at: block.offset, of: block.stream, .oversize)
        case .unterminated(let length):
            tally.lines += 1
            tally.count(.unterminated)
            bytes += length
            quarantine(block.bytes, at: block.offset, of: block.stream, .unterminated)
        case .poison(let length):
            tally.lines += 1
            tally.count(.poison)
            bytes += length + 1
            quarantine(block.bytes, at: block.offset, of: block.stream, .poison)
        }
        records += tally.records
        pendingRecords += tally.records
        checkpoint.tallies[block.stream, default: StreamTally()].add(tally)
    }

    private func readLines(of block: Block, _ tally: inout StreamTally) {
        // Taken out for the length of the block, so that nothing is checked for exclusive access,
        // line by line.
        var event = Event()
        swap(&event, &self.event)
        var health = LineHealth()
        swap(&health, &healths[block.source])
        let decoder = decoders[block.source]
        if let calendar = decoder as? any CalendarDecoder {
            calendar.zone = fold.zone
            calendar.latest = fold.latest
        }
        decoder.begin(stream: block.stream, head: block.head, offset: block.offset)
        if block.isSeam {
            readSeam(block, decoder, &event, &tally)
        } else {
            Self.readLines(
                of: block, decoder: decoder, batch: batches[block.source],
                scope: scopes[block.source], &event, &fold, &checkpoint.facts, &tally, &health
            ) {
                quarantine($0, at: $1, of: block.stream, $2)
            } suppress: { line, offset in
                let start = Int(offset)
                suppressed[block.stream, default: []].append(start..<(start + line.count))
            }
        }
        swap(&health, &healths[block.source])
        swap(&event, &self.event)
        bytes += Int64(block.bytes.count)
    }

    /// Lines that may have been counted before: what has an id is counted if it was not, and everything
    /// else is taken for counted.
    private func readSeam(
        _ block: Block, _ decoder: any LineDecoder, _ event: inout Event, _ tally: inout StreamTally
    ) {
        let scope = scopes[block.source]
        let batch = batches[block.source]
        func count(_ flaw: Verdict?, of line: ByteSlice, at offset: Int64) {
            if flaw != nil { return tally.count(.duplicate) }
            // The beginning of a file is kept: not what it says of erased persons.
            if fold.namesErased(event), offset < Generation.headBytes {
                let start = Int(offset)
                suppressed[block.stream, default: []].append(start..<(start + line.count))
            }
            if event.id.isEmpty { return tally.count(.duplicate) }
            let verdict = fold.admit(event, from: scope, into: &checkpoint.facts)
            if let verdict { tally.count(verdict.outcome == .quarantined ? .duplicate : verdict) }
        }
        for (line, offset) in block.lines {
            unsafe clinux_take_line(line.start, line.count, offset)
            tally.lines += 1
            count(decoder.decode(line, into: &event), of: line, at: offset)
            while let batch, batch.remaining > 0 {
                count(batch.decodeNext(into: &event), of: line, at: offset)
            }
        }
        clinux_let_go_of_line()
        let settled = fold.settle(into: &checkpoint.facts)
        tally.count(.applied, times: settled.applied)
        tally.count(.duplicate, times: settled.duplicates)
    }

    private static func readLines(
        of block: Block, decoder: any LineDecoder, batch: (any BatchDecoder)?, scope: SourceScope,
        _ event: inout Event, _ fold: inout EventFold, _ facts: inout FactDelta,
        _ tally: inout StreamTally, _ health: inout LineHealth,
        quarantine: (ByteSlice, Int64, Verdict) -> Void, suppress: (ByteSlice, Int64) -> Void
    ) {
        var lastBad = tally.lines
        defer { clinux_let_go_of_line() }
        for (line, offset) in block.lines {
            unsafe clinux_take_line(line.start, line.count, offset)
            tally.lines += 1
            let verdict =
                decoder.decode(line, into: &event) ?? fold.admit(event, from: scope, into: &facts)
            // The beginning of a file is kept: not what it says of erased persons.
            if verdict == .suppressed, offset < Generation.headBytes { suppress(line, offset) }
            var flaw = count(verdict, &tally)
            if let flaw { quarantine(line, offset, flaw) }
            while let batch, batch.remaining > 0 {
                let verdict =
                    batch.decodeNext(into: &event) ?? fold.admit(event, from: scope, into: &facts)
                if verdict == .suppressed, offset < Generation.headBytes { suppress(line, offset) }
                let next = count(verdict, &tally)
                guard let next else { continue }
                quarantine(line, offset, next)
                flaw = flaw ?? next
            }
            guard let flaw else { continue }
            health.add(good: tally.lines - 1 - lastBad, bad: flaw)
            lastBad = tally.lines
        }
        health.add(good: tally.lines - lastBad)
        let settled = fold.settle(into: &facts)
        tally.count(.applied, times: settled.applied)
        tally.count(.duplicate, times: settled.duplicates)
    }

    /// Counts a verdict, if there is one already.
    ///
    /// - Returns: the verdict if the record is to be quarantined.
    @inline(__always)
    private static func count(_ verdict: Verdict?, _ tally: inout StreamTally) -> Verdict? {
        guard let verdict else { return nil }
        tally.count(verdict)
        return verdict.outcome == .quarantined ? verdict : nil
    }

    private func quarantine(
        _ line: ByteSlice, at offset: Int64, of stream: Int64, _ verdict: Verdict
    ) {
        let kept = line[0..<min(line.count, Bounds.quarantinedBytes)].array
        quarantinedBytes += kept.count + MemoryLayout<QuarantinedRecord>.stride
        quarantined.append(
            QuarantinedRecord(stream: stream, offset: offset, verdict: verdict, bytes: kept))
    }
}
