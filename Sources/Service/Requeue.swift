import Core
import Ingest
import Store

/// What `leadscore requeue` does: lines in quarantine are read again, some at a time, each exactly once.
struct Requeue {
    /// What became of lines that were read again, by the name of the outcome.
    private var outcomes: [String: Int64] = [:]
    /// Why others were left as they are.
    private var left: [String: Int64] = [:]
    private var looked: Int64 = 0
    private var waiting: [RequeuedLine] = []
    private var waitingBytes = 0

    /// Lines taken from the quarantine at a time.
    private static let chunk = 200
    /// Bytes of lines that are folded at a time.
    private static let chunkBytes = 4 << 20

    /// Folds lines, and commits what comes of it.
    typealias Fold = ([RequeuedLine]) throws -> [RequeueResult]

    /// Reads the lines again that an answer's arguments select.
    static func answer(
        _ request: ControlRequest, _ access: some StateAccess, fold: Fold
    ) throws -> ControlResponse {
        let selection = QuarantineSelection(
            source: request.arguments["source"]?.string, reason: request.arguments["reason"]?.string
        )
        var requeue = Requeue()
        try requeue.run(selection, access, fold)
        return .result(requeue.value)
    }

    private var value: ControlValue {
        .object([
            "looked": .integer(looked),
            "outcomes": .object(outcomes.mapValues { .integer($0) }),
            "left": .object(left.mapValues { .integer($0) }),
        ])
    }

    private mutating func run(
        _ selection: QuarantineSelection, _ access: some StateAccess, _ fold: Fold
    ) throws {
        // What comes into quarantine meanwhile is not looked at.
        let (end, hash) = try access.read { store, _, _ throws(StoreError) in
            (try store.lastQuarantined(), store.hash)
        }
        let recovery = LineRecovery(files: LinuxFileSystem(), hash: hash)
        var after: Int64 = 0
        while true {
            let start = after
            let (lines, streams) = try access.read { store, _, _ throws(StoreError) in
                let lines = try store.quarantined(
                    selection, after: start, through: end, limit: Self.chunk)
                return (lines, try store.streams(Set(lines.map(\.stream))))
            }
            guard let last = lines.last else { break }
            after = last.id
            let positions = Dictionary(
                streams.map { ($0.position.id, $0.position) },
                uniquingKeysWith: { first, _ in first })
            for line in lines {
                try take(line, of: positions[line.stream], recovery, selection, fold)
            }
            try foldWaiting(fold)
        }
    }

    private mutating func take(
        _ line: QuarantinedLine, of position: StreamPosition?, _ recovery: LineRecovery,
        _ selection: QuarantineSelection, _ fold: Fold
    ) throws {
        looked += 1
        let verdict = Verdict.allCases.first {
            $0.outcome == .quarantined && $0.reason == line.reason
        }
        guard let position, let verdict else { return leave("unknown") }
        // Half a line may look like a whole one: somebody has to say that it is none.
        // A poisonous one may end the daemon again: somebody has to say that it is mended.
        if verdict == .unterminated || verdict == .poison, selection.reason != line.reason {
            return leave(line.reason)
        }
        var bytes = line.bytes
        if !line.isWhole {
            switch recovery.line(at: line.offset, beginning: line.bytes, of: position) {
            case .line(let whole): bytes = whole
            case .missing: return leave("missing")
            case .changed: return leave("changed")
            case .packed: return leave("packed")
            }
        }
        waiting.append(
            RequeuedLine(
                id: line.id, stream: line.stream, source: line.source, head: position.head,
                offset: line.offset, verdict: verdict, line: bytes))
        waitingBytes += bytes.count
        if waitingBytes > Self.chunkBytes { try foldWaiting(fold) }
    }

    private mutating func leave(_ why: String) { left[why, default: 0] += 1 }

    private mutating func foldWaiting(_ fold: Fold) throws {
        guard !waiting.isEmpty else { return }
        for result in try fold(waiting) {
            switch result {
            case .became(let verdict): outcomes[verdict.outcome.name, default: 0] += 1
            case .several: leave("several")
            case .noSource: leave("no_source")
            }
        }
        waiting.removeAll()
        waitingBytes = 0
    }
}

/// What `leadscore quarantine` shows.
enum QuarantineList {
    /// Lines at most: with all that may have to be escaped they fit into one answer.
    static let limit: Int64 = 5000

    static func answer(
        _ request: ControlRequest, _ access: some StateAccess
    ) throws(StoreError) -> ControlResponse {
        let selection = QuarantineSelection(
            source: request.arguments["source"]?.string, reason: request.arguments["reason"]?.string
        )
        let asked = request.arguments["limit"]?.integer ?? 20
        let limit = Int(max(0, min(asked, Self.limit)))
        let (lines, total) = try access.read { store, _, _ throws(StoreError) in
            (
                try store.newestQuarantined(selection, limit: limit),
                try store.quarantinedCount(selection)
            )
        }
        return .result(
            .object(["total": .integer(total), "lines": .array(lines.map(Self.value))]))
    }

    private static func value(_ line: QuarantinedLine) -> ControlValue {
        .object([
            "id": .integer(line.id), "source": .string(line.source),
            "path": .string(String(decoding: line.path, as: UTF8.self)),
            "offset": .integer(line.offset), "reason": .string(line.reason),
            "line": .string(String(decoding: line.bytes, as: UTF8.self)),
            "whole": .bool(line.isWhole),
        ])
    }
}
