import Core
import Store

/// Where a score comes from, for people.
enum ExplainSheet {
    static func text(_ found: LeadExplanation) -> String {
        let explanation = found.explanation
        let amounts = explanation.rows.map(\.points) + [explanation.score]
        // As many decimals as the longest needs: what is shown adds up to what is shown.
        let decimals = amounts.map(Numbers.decimals).max() ?? 0
        let shown = amounts.map { Numbers.exact($0, decimals: decimals) }
        let width = shown.map(\.count).max() ?? 0
        func line(_ place: Int, _ words: String) -> String {
            "  " + String(repeating: " ", count: width - shown[place].count) + shown[place] + "  "
                + words
        }
        var lines = ["contact \(found.lead.contactID)  \(contactName(found.lead))".harmless]
        lines[0] += ", as of \(found.day)\n"
        for (place, row) in explanation.rows.enumerated() {
            lines.append(line(place, words(row).harmless))
        }
        lines.append("  " + String(repeating: "-", count: width))
        lines.append(line(amounts.count - 1, "score") + "\n")
        lines.append(outlook(found))
        lines += setAside(found.setAside)
        lines += movement(found)
        if let ways = ways(found) { lines.append(ways) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func words(_ row: Explanation.Row) -> String {
        switch row.kind {
        case .signal: row.name
        case .dailyCap: "\(row.name): more than its daily cap"
        case .cap: "\(row.name): more than its cap"
        case .floor: "never below 0"
        case .fit: "fit"
        }
    }

    /// What rose and fell, by new activity and by decay.
    private static func movement(_ found: LeadExplanation) -> [String] {
        let movement = found.movement
        guard !movement.rows.isEmpty else { return [] }
        let total = movement.total
        var lines = ["\nSince 30 days before, engagement changed by \(signed(total)):"]
        for row in movement.rows {
            let name = found.names[row.signal] ?? "signal \(row.signal)"
            var parts: [String] = []
            if row.activity != 0 { parts.append("\(signed(row.activity)) by new activity") }
            if row.decay != 0 { parts.append("\(signed(row.decay)) by decay") }
            lines.append("  \(name): ".harmless + parts.joined(separator: ", "))
        }
        if movement.floor != 0 {
            lines.append("  never below 0: \(signed(movement.floor))")
        }
        return lines
    }

    /// What would bring it to the line.
    private static func ways(_ found: LeadExplanation) -> String? {
        guard let shortfall = found.shortfall, shortfall.missing > 0, let mql = found.mql else {
            return nil
        }
        var text = "To mql (\(short(micropoints(mql)))) it lacks \(short(shortfall.missing))"
        let ways = shortfall.ways.prefix(5).map { way in
            "\(way.events) x \(found.names[way.signal] ?? "signal \(way.signal)")"
        }
        text += ways.isEmpty ? "." : ": today " + ways.joined(separator: ", or ") + " would do."
        return "\n" + text.harmless
    }

    private static func signed(_ points: Micropoints) -> String {
        (points > 0 ? "+" : "") + short(points)
    }

    /// What cools it: time alone.
    private static func outlook(_ found: LeadExplanation) -> String {
        guard let now = found.outlook.first, now.engagement > 0 else {
            return "There is no engagement that could cool."
        }
        let later = found.outlook.dropFirst()
        guard later.contains(where: { $0.engagement != now.engagement }) else {
            return "Nothing in it fades: without new events it stays as it is."
        }
        var text = "Without new events engagement goes from \(short(now.engagement)) to "
        text += later.map { "\(short($0.engagement)) in \($0.days) days" }
            .joined(separator: " and ")
        if let mql = found.mql, let hotUntil = found.hotUntil {
            text += "; it falls below \(short(micropoints(mql))) after \(hotUntil)"
        }
        return text + "."
    }

    /// What machines did, and how they were known.
    private static func setAside(_ found: LeadExplanation.SetAside) -> [String] {
        func list(_ counts: [(name: String, n: Int64)]) -> String {
            counts.map { "\($0.name) \($0.n)" }.joined(separator: ", ").harmless
        }
        var lines: [String] = []
        if !found.signals.isEmpty {
            lines.append("Set aside as done by machines: " + list(found.signals) + ".")
        }
        if !found.rules.isEmpty {
            lines.append("Rules that knew machines: " + list(found.rules) + ".")
        }
        return lines
    }

    private static func short(_ value: Micropoints) -> String {
        Numbers.points(Double(value) / 1_000_000)
    }
}
