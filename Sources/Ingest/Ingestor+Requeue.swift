import CLinux
public import Core

/// A quarantined line that is to be read again.
public struct RequeuedLine: Sendable, Equatable {
    /// Its number in the quarantine.
    public var id: Int64
    /// The generation in which it stands.
    public var stream: Int64
    /// The source of that.
    public var source: String
    /// The first bytes of its file.
    public var head: [UInt8]
    /// Where it starts in the file.
    public var offset: Int64
    /// As what it was counted.
    public var verdict: Verdict
    /// All of it, without its newline.
    public var line: [UInt8]

    /// A line to be read again.
    public init(
        id: Int64, stream: Int64, source: String, head: [UInt8], offset: Int64, verdict: Verdict,
        line: [UInt8]
    ) {
        self.id = id
        self.stream = stream
        self.source = source
        self.head = head
        self.offset = offset
        self.verdict = verdict
        self.line = line
    }
}

/// What came of reading a quarantined line again.
public enum RequeueResult: Sendable, Equatable {
    /// It is counted as this now, in the place of what it was counted as before.
    case became(Verdict)
    /// It holds several events, and which of them was unusable is not known.
    case several
    /// The configuration has no source of that name.
    case noSource
}

/// Reading quarantined lines again, under what is configured now.
extension Ingestor {
    /// Decodes and folds lines into the checkpoint in the making: each keeps its one record, and
    /// changes its outcome in the transaction that changes the facts.
    ///
    /// - Returns: what came of each, in their order.
    public func requeue(_ lines: [RequeuedLine]) -> [RequeueResult] {
        lines.map { line in
            guard let place = scopes.firstIndex(where: { $0.name == line.source }) else {
                return .noSource
            }
            let result = read(line, by: place)
            if case .became(let verdict) = result { recount(line, as: verdict) }
            return result
        }
    }

    private func recount(_ line: RequeuedLine, as verdict: Verdict) {
        guard verdict != line.verdict else { return }
        pendingRecords += 1
        checkpoint.tallies[line.stream, default: StreamTally()].recount(line.verdict, as: verdict)
        checkpoint.requeued.append(RequeuedRecord(id: line.id, verdict: verdict))
    }

    private func read(_ line: RequeuedLine, by place: Int) -> RequeueResult {
        guard line.line.count <= Bounds.lineBytes else { return .became(.oversize) }
        let decoder = decoders[place]
        if let calendar = decoder as? any CalendarDecoder {
            calendar.zone = fold.zone
            calendar.latest = fold.latest
        }
        decoder.begin(stream: line.stream, head: line.head, offset: line.offset)
        let padded = line.line + [UInt8](repeating: 0, count: 64)
        return unsafe padded.withUnsafeBufferPointer {
            unsafe clinux_take_line($0.baseAddress, line.line.count, line.offset)
            defer { clinux_let_go_of_line() }
            return read(unsafe ByteSlice(start: $0.baseAddress, count: line.line.count), by: place)
        }
    }

    private func read(_ line: ByteSlice, by place: Int) -> RequeueResult {
        var event = Event()
        let verdict = decoders[place].decode(line, into: &event)
        if let batch = batches[place], batch.remaining > 0 { return .several }
        return .became(
            verdict ?? fold.fold(event, from: scopes[place], into: &checkpoint.facts))
    }
}
