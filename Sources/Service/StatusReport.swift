import CLinux
import Core
import Glibc
import Store

/// What `leadscore status` shows, of a running daemon or of a state at rest.
struct StatusReport {
    var isRunning = false
    var sequence: Int64 = 0
    var day: Day?
    var lagBytes: Int64 = 0
    var partialBytes: Int64 = 0
    var openFiles = 0
    var rate = 0.0
    var degraded: [Degraded.State] = []
    var configurationHash: String?
    var publishedSequence: Int64?
    var pendingContacts = 0
    var duplicateKeys = (held: 0, evicted: Int64(0))
    var foreignCurrency: Int64 = 0
    var started: Instant?
    private let streams: [StreamSummary]

    init(streams: [StreamSummary]) { self.streams = streams }

    /// The report as JSON.
    var value: ControlValue {
        .object([
            "running": .bool(isRunning),
            "pid": isRunning ? .integer(Int64(getpid())) : .null,
            "version": .string(Version.current),
            "started": started.map { .string($0.rfc3339) } ?? .null,
            "as_of_day": day.map { .string($0.description) } ?? .null,
            "seq": .integer(sequence),
            "lag_bytes": .integer(lagBytes),
            "lag_seconds": rate > 0 && lagBytes > 0 ? .number(lagSeconds) : .integer(0),
            "events_per_second": .number((rate * 10).rounded() / 10),
            "partial_bytes": .integer(partialBytes),
            "open_files": .integer(Int64(openFiles)),
            "resident_bytes": isRunning ? .integer(clinux_resident_bytes()) : .null,
            "config_hash": configurationHash.map { .string($0) } ?? .null,
            "duplicate_keys": .integer(Int64(duplicateKeys.held)),
            "duplicate_keys_evicted": .integer(duplicateKeys.evicted),
            "foreign_currency": .integer(foreignCurrency),
            "degraded": .array(
                degraded.map {
                    .object([
                        "reason": .string($0.reason), "since": .string($0.since),
                        "remedy": .string($0.remedy),
                    ])
                }),
            "lines_read": .integer(streams.reduce(0) { $0 + $1.lines }),
            "records_read": .integer(streams.reduce(0) { $0 + $1.records }),
            "lost_bytes": .integer(streams.reduce(0) { $0 + $1.position.lostBytes }),
            "outcomes": outcomes, "reasons": reasons,
            "sources": .array(streams.map(Self.row)),
            "publication": .object([
                "seq": publishedSequence.map { .integer($0) } ?? .null,
                "pending": .integer(Int64(pendingContacts)),
            ]),
        ])
    }

    /// A guess from the present rate, at the average length of the lines read so far.
    private var lagSeconds: Double {
        let records = streams.reduce(0) { $0 + $1.records }
        let bytes = streams.reduce(0) { $0 + $1.position.offset }
        guard records > 0, bytes > 0 else { return 0 }
        let lines = Double(lagBytes) * Double(records) / Double(bytes)
        return (lines / rate * 10).rounded() / 10
    }

    private var outcomes: ControlValue {
        var counts: [String: ControlValue] = [:]
        for outcome in Outcome.allCases {
            counts[outcome.name] = .integer(streams.reduce(0) { $0 + $1[outcome] })
        }
        return .object(counts)
    }

    private var reasons: ControlValue {
        var counts: [String: [String: Int64]] = [:]
        for stream in streams {
            for (outcome, reasons) in stream.outcomes {
                for (reason, n) in reasons where !reason.isEmpty {
                    counts[outcome, default: [:]][reason, default: 0] += n
                }
            }
        }
        return .object(counts.mapValues { .object($0.mapValues { .integer($0) }) })
    }

    private static func row(_ stream: StreamSummary) -> ControlValue {
        let position = stream.position
        // What a file that is gone still had is lost, and nothing to wait for.
        let lag = position.retired ? 0 : max(position.size - position.offset, 0)
        var row: [String: ControlValue] = [
            "name": .string(position.source), "path": .string(position.displayPath),
            "offset": .integer(position.offset), "size": .integer(position.size),
            "lag_bytes": .integer(lag),
            "lines_read": .integer(stream.lines), "records_read": .integer(stream.records),
            "lost_bytes": .integer(position.lostBytes), "retired": .bool(position.retired),
        ]
        for outcome in Outcome.allCases { row[outcome.name] = .integer(stream[outcome]) }
        if !position.retired, position.isWeak { row["identity"] = .string("weak") }
        return .object(row)
    }
}
