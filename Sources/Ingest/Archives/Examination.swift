import Core

/// Finds out, step by step, which stream an archive holds: its content is held against the anchors of
/// the streams that it may be, in one pass from the front to the back.
struct Examination {
    /// What was found.
    enum Finding {
        /// It holds what was read of the stream, and perhaps more; with the last line that proves it.
        case same(LogStream, Anchor?)
        /// It seems to be the beginning of what was read of the stream: there is nothing new in it.
        case contained(LogStream, Anchor?)
        /// It ends in the middle, and may become one of the streams.
        case growing
        /// It is none that is known, or one that was cut off or written to since.
        case new
    }

    /// Every stream that was considered, and how far it was read.
    private let considered: [Int64: Int64]

    private struct Proof {
        var anchor: Anchor
        var candidate: Int
    }

    private var candidates: [LogStream]
    /// Those of which only some of the first lines are the same, and these.
    private var parted: [(stream: LogStream, anchor: Anchor)] = []
    /// Its first bytes, once they are known.
    private(set) var head: [UInt8]?
    private var proofs: [Proof] = []
    private var next = 0
    /// By candidate: how far it is proven, and the last anchor within the archive and whether it held.
    private var proven: [Int64]
    /// By candidate: its offset when it was taken up; one with a file of its own goes on meanwhile.
    private var offsets: [Int64] = []
    private var last: [(offset: Int64, holds: Bool)]
    /// By candidate: the last anchor that holds behind a line.
    private var lines: [Anchor?] = []
    /// By candidate: whether an anchor lies beyond the end.
    private var isShort: [Bool]

    /// - Parameter candidates: Streams that the archive may be by its name.
    init(among candidates: [LogStream]) {
        self.candidates = candidates
        considered = Dictionary(
            candidates.map { ($0.position.id, $0.position.offset) }, uniquingKeysWith: { $1 })
        proven = Array(repeating: 0, count: candidates.count)
        last = Array(repeating: (0, true), count: candidates.count)
        isShort = Array(repeating: false, count: candidates.count)
    }

    /// Whether a stream was considered as far as it is read now; one that was not read at all when it
    /// began, was not.
    func considers(_ stream: LogStream) -> Bool {
        considered[stream.position.id] == stream.position.offset
    }

    /// Goes on; nil if it has to be asked again. Unpacking takes more than one turn: `EAGAIN`.
    mutating func step(
        _ reader: StreamReader, _ file: Int32, _ state: () -> Unpacker.State
    ) throws(SystemError) -> Finding? {
        guard let head else {
            prepare(try reader.head(of: file), reader)
            return nil
        }
        while next < proofs.count {
            let proof = proofs[next]
            let hold = try reader.hold(of: proof.anchor, in: file)
            next += 1
            let (offset, candidate) = (proof.anchor.offset, proof.candidate)
            if hold == .beyondEnd {
                isShort[candidate] = true
                continue
            }
            let holds = hold != .broken
            if offset >= last[candidate].offset { last[candidate] = (offset, holds) }
            if holds { proven[candidate] = max(proven[candidate], offset) }
            if hold == .holdsBehindNewline, offset > lines[candidate]?.offset ?? 0 {
                lines[candidate] = proof.anchor
            }
        }
        return try conclude(head, state()) { (offset) throws(SystemError) in
            try reader.reaches(beyond: offset, in: file)
        }
    }

    private mutating func prepare(_ head: [UInt8], _ reader: StreamReader) {
        self.head = head
        for stream in candidates {
            guard let shared = Generation.sharedLines(head, stream.position),
                let anchor = reader.anchor(of: head.prefix(shared))
            else { continue }
            parted.append((stream, anchor))
        }
        candidates.removeAll { !Generation.headsAgree(head, $0.position) }
        // The farthest first: it is the one to go on with. Of two, the one that has its file still: with
        // that the archive can wait.
        candidates.sort {
            ($0.position.offset, $0.hasFile ? 1 : 0) > ($1.position.offset, $1.hasFile ? 1 : 0)
        }
        offsets = candidates.map(\.position.offset)
        proven = candidates.map { Int64(min(head.count, $0.position.head.count)) }
        last = Array(repeating: (0, true), count: candidates.count)
        lines = Array(repeating: nil, count: candidates.count)
        for (place, stream) in candidates.enumerated() {
            let position = stream.position
            let last = Anchor(
                offset: position.offset, length: position.anchorLength, hash: position.anchor)
            for anchor in position.anchors + [last] where anchor.length > 0 {
                proofs.append(Proof(anchor: anchor, candidate: place))
            }
        }
        // By where they start, so that nothing has to be unpacked twice.
        proofs.sort { left, right in
            let starts = (
                left.anchor.offset - Int64(left.anchor.length),
                right.anchor.offset - Int64(right.anchor.length)
            )
            return starts.0 != starts.1
                ? starts.0 < starts.1 : left.anchor.offset < right.anchor.offset
        }
    }

    private func conclude(
        _ head: [UInt8], _ state: Unpacker.State, reaches: (Int64) throws(SystemError) -> Bool
    ) throws(SystemError) -> Finding {
        // What is proven farthest says most: a stub of which little was read is the beginning of many.
        let order = candidates.indices.sorted { (proven[$0], $1) > (proven[$1], $0) }
        for place in order {
            if proven[place] == offsets[place] {
                // What ended in the middle of a line begins like many files.
                let isEnough =
                    lines[place]?.offset == offsets[place]
                    || Generation.isMoreThanHeading(candidates[place].position)
                let goesOn = try reaches(offsets[place])
                if isEnough || !goesOn { return .same(candidates[place], lines[place]) }
                continue
            }
            if isShort[place], last[place].holds {
                return state == .complete
                    ? .contained(candidates[place], lines[place]) : .growing
            }
        }
        if head.isEmpty, state != .complete { return .growing }
        return .new
    }

    /// Behind what is proven to have been read before.
    ///
    /// - Parameter isTwin: Whether it stands beside the file that it was made of. Another file may have the
    ///   same first lines as one that is there, and count each.
    func start(isTwin: Bool) -> Follower.Start {
        let isSingular = Generation.isSingular(head ?? [])
        let order = candidates.indices.sorted { (proven[$0], $1) > (proven[$1], $0) }
        for place in order {
            guard isTwin || !candidates[place].hasFile || isSingular, let anchor = lines[place],
                Generation.isMost(anchor.offset, of: candidates[place].position, isRotated: true)
            else { continue }
            return Follower.Start(after: candidates[place].position, anchor)
        }
        let best = parted.filter {
            (isTwin || !$0.stream.hasFile || isSingular)
                && $0.anchor.offset >= $0.stream.position.offset / 2
        }.max { $0.anchor.offset < $1.anchor.offset }
        return Follower.Start(after: best?.stream.position, best?.anchor)
    }
}
