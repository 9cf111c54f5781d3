/// How the daemon is doing, for people, from the JSON that it answers with.
enum StatusSheet {
    /// The status; what the answer leaves out is left out.
    static func text(_ status: JSONValue, width: Int?) -> String {
        var text = heading(status) + Table.pairs(facts(status))
        for entry in status["degraded"].elements {
            let since = entry["since"].text.map { " since \($0)" } ?? ""
            text += "\n" + "DEGRADED \(entry["reason"].text ?? "?")\(since)".harmless + "\n"
            if let remedy = entry["remedy"].text { text += "  \(remedy.harmless)\n" }
        }
        text += counts(status)
        let sources = status["sources"].elements
        return sources.isEmpty ? text : text + "\n" + table(sources).text(width: width)
    }

    /// The verdict of `verify`.
    static func text(ofVerdict verdict: JSONValue) -> String {
        let rows = verdict["checks"].elements.map { check in
            [
                check["ok"].bool == true ? "ok" : "FAILED", check["name"].text ?? "?",
                check["detail"].text ?? "",
            ]
        }
        let columns = ["", "check", ""].map { Table.Column(title: $0) }
        return Table(columns: columns, rows: rows).text(width: nil)
            + (verdict["ok"].bool == true ? "\neverything adds up\n" : "\nnot everything adds up\n")
    }

    private static func heading(_ status: JSONValue) -> String {
        guard let running = status["running"].bool else { return "" }
        guard running else { return "not running\n\n" }
        let version = status["version"].text.map { " \($0)" } ?? ""
        let pid = status["pid"].int.map { ", process \($0)" } ?? ""
        return "leadscored\(version) is running\(pid)".harmless + "\n\n"
    }

    private static func facts(_ status: JSONValue) -> [(String, String)] {
        let running = status["running"].bool == true ? status : .null
        let partial = status["partial_bytes"].int ?? 0
        let pairs: [(String, String?)] = [
            ("as of", status["as_of_day"].text),
            ("behind", behind(status)),
            ("partial lines", partial > 0 ? Numbers.bytes(partial) : nil),
            (
                "speed",
                running["events_per_second"].double.map { "\(Numbers.rounded($0)) events/s" }
            ),
            ("checkpoint", status["seq"].int.map(Numbers.count)),
            ("published", published(status["publication"])),
            ("open files", running["open_files"].int.map(Numbers.count)),
            ("memory", status["resident_bytes"].int.map(Numbers.bytes)),
            ("configuration", status["config_hash"].text),
            ("other currency", otherCurrency(running)),
        ]
        return pairs.compactMap { name, value in value.map { (name, $0) } }
    }

    private static func otherCurrency(_ running: JSONValue) -> String? {
        guard let events = running["foreign_currency"].int, events > 0 else { return nil }
        return "\(Numbers.count(events)) events since the start, whose money counted as 0"
    }

    private static func behind(_ status: JSONValue) -> String? {
        guard let bytes = status["lag_bytes"].int else { return nil }
        guard bytes > 0 else { return "nothing" }
        let seconds = status["lag_seconds"].double.map { ", \(Numbers.points($0)) s" } ?? ""
        return Numbers.bytes(bytes) + seconds
    }

    private static func published(_ publication: JSONValue) -> String? {
        guard let seq = publication["seq"].int else { return nil }
        var text = "checkpoint \(Numbers.count(seq))"
        if let at = publication["published_at"].text { text += " at \(at)" }
        if let pending = publication["pending"].int, pending > 0 {
            text += ", \(Numbers.count(pending)) contacts to come"
        }
        return text
    }

    /// What became of the records, and for which reasons some do not count.
    private static func counts(_ status: JSONValue) -> String {
        let outcomes = status["outcomes"].members
        guard !outcomes.isEmpty else { return "" }
        let reasons = status["reasons"]
        let pairs = outcomes.map { outcome in
            let why = reasons[outcome.key].members.compactMap { reason in
                reason.value.int.map { "\(reason.key) \(Numbers.count($0))" }
            }
            let count = outcome.value.int.map(Numbers.count) ?? "-"
            return (
                "  " + outcome.key, why.isEmpty ? count : count + ": " + why.joined(separator: ", ")
            )
        }
        return "\nrecords\n" + Table.pairs(pairs)
    }

    private static func table(_ sources: [JSONValue]) -> Table {
        let numbers = ["behind", "read", "applied", "quarantined", "lost"]
        let titles = ["source", "file"] + numbers
        var columns = titles.map { Table.Column(title: $0, right: numbers.contains($0)) }
        columns[1].shortest = 16
        let rows = sources.map { source -> [String] in
            let count = { (key: String) in source[key].int.map(Numbers.count) ?? "-" }
            let bytes = { (key: String) in source[key].int.map(Numbers.bytes) ?? "-" }
            return [
                source["name"].text ?? "?", source["path"].text ?? "?", bytes("lag_bytes"),
                count("records_read"), count("applied"), count("quarantined"), bytes("lost_bytes"),
            ]
        }
        return Table(columns: columns, rows: rows)
    }
}
