import Store

/// What `metrics.prom` says, in the text form of Prometheus.
///
/// - Source: "Exposition formats", <https://prometheus.io/docs/instrumenting/exposition_formats/>.
struct MetricsPage: Equatable {
    /// What is known of the state as of a checkpoint.
    struct Counted: Equatable {
        var sources: [SourceTotals] = []
        var sequence: Int64 = 0
    }

    /// A number with its labels.
    private typealias Sample = (labels: [(String, String)], value: String)

    var counted = Counted()
    var contacts: Int64 = 0
    var lagBytes: Int64 = 0
    var partialBytes: Int64 = 0
    var openFiles = 0
    var duplicateKeys: Int64 = 0
    var evictedKeys: Int64 = 0
    var publishedSequence: Int64 = 0
    var pendingContacts: Int64 = 0
    /// Milliseconds since 1970; 0: not since the start.
    var lastCommit: Int64 = 0
    var lastPublication: Int64 = 0
    var started: Int64 = 0
    /// The reasons of the degraded states.
    var degraded: [String] = []

    /// The whole file.
    var text: String {
        var text = ""
        for metric in Self.all {
            text += "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.type)\n"
            for sample in metric.samples(self) {
                let labels = sample.labels.map { "\($0.0)=\"\(Self.escape($0.1))\"" }
                let inBraces = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
                text += "\(metric.name)\(inBraces) \(sample.value)\n"
            }
        }
        return text
    }

    /// A registry: a metric is a line here, and one in docs/OPERATING.md.
    private struct Metric {
        var name: String
        var type: String
        var help: String
        var samples: (MetricsPage) -> [Sample]

        init(
            _ name: String, _ type: String, _ help: String,
            _ samples: @escaping (MetricsPage) -> [Sample]
        ) {
            self.name = "leadscored_" + name
            self.type = type
            self.help = help
            self.samples = samples
        }

        init(
            _ name: String, _ type: String, _ help: String, one: @escaping (MetricsPage) -> Int64
        ) {
            self.init(name, type, help) { [([], "\(one($0))")] }
        }
    }

    /// The names of all metrics.
    static var names: [String] { all.map(\.name) }

    private static var all: [Metric] {
        [
            Metric("info", "gauge", "The version, always 1.") { _ in
                [([("version", Version.current)], "1")]
            },
            Metric("start_time_seconds", "gauge", "When the daemon was started.") {
                [([], seconds($0.started))]
            },
            Metric("lines_read_total", "counter", "Lines read.") { $0.bySource(\.lines) },
            Metric("records_read_total", "counter", "Records read.") { $0.bySource(\.records) },
            Metric("records", "gauge", "Records by what became of them.") { page in
                page.counted.sources.flatMap { source in
                    source.counts.map { count in
                        let labels = [
                            ("source", source.source), ("outcome", count.outcome),
                            ("reason", count.reason),
                        ]
                        return (labels, "\(count.n)")
                    }
                }
            },
            Metric("lost_bytes_total", "counter", "Bytes known to be gone unread.") {
                $0.bySource(\.lostBytes)
            },
            Metric(
                "lag_bytes", "gauge", "Bytes not read, or read and not committed.", one: \.lagBytes),
            Metric(
                "partial_bytes", "gauge", "Bytes of last lines without a newline.",
                one: \.partialBytes),
            Metric("open_files", "gauge", "Log files held open.") { [([], "\($0.openFiles)")] },
            Metric("checkpoints_total", "counter", "Checkpoints of the state.") {
                [([], "\($0.counted.sequence)")]
            },
            Metric(
                "published_checkpoint", "gauge", "The checkpoint that leads.db shows.",
                one: \.publishedSequence),
            Metric(
                "pending_contacts", "gauge", "Contacts whose row is not published yet.",
                one: \.pendingContacts),
            Metric("last_commit_timestamp_seconds", "gauge", "When a checkpoint was committed.") {
                [([], seconds($0.lastCommit))]
            },
            Metric("last_publication_timestamp_seconds", "gauge", "When leads.db was written.") {
                [([], seconds($0.lastPublication))]
            },
            Metric("contacts", "gauge", "Persons, known and anonymous.", one: \.contacts),
            Metric(
                "duplicate_keys", "gauge", "Events remembered to tell duplicates.",
                one: \.duplicateKeys),
            Metric(
                "duplicate_keys_evicted_total", "counter", "Events forgotten for want of room.",
                one: \.evictedKeys),
            Metric("degraded", "gauge", "1 where something does not work as it should.") { page in
                Set(Degraded.reasons + page.degraded).sorted().map {
                    ([("reason", $0)], page.degraded.contains($0) ? "1" : "0")
                }
            },
        ]
    }

    private func bySource(_ count: (SourceTotals) -> Int64) -> [Sample] {
        counted.sources.map { ([("source", $0.source)], "\(count($0))") }
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(rest)"
    }

    private static func escape(_ label: String) -> String {
        var text = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
