import Foundation

/// What a log must come to, computed from its lines in the plainest way there is: the manual's
/// formulas once more, sharing nothing with the daemon.
struct SlowRecomputation {
    /// An identifier: rank 0 customer, 1 email, 2 cookie.
    struct Who: Hashable, Comparable {
        var rank: Int
        var value: String
        static let kinds = ["customer_id", "email", "cookie"]
        var kind: String { Self.kinds[rank] }

        static func < (left: Who, right: Who) -> Bool {
            (left.rank, left.value) < (right.rank, right.value)
        }
    }

    /// What a signal is worth.
    struct Worth {
        var weight: Double
        var halfLife = 14.0
        var dailyCap = Int.max
        var cap = Double.infinity
    }

    /// A contact as `leads` must show it.
    struct Expected {
        var engagement = 0.0
        var delta30 = 0.0
        var delta60 = 0.0
        var peak30 = 0.0
        var hotUntil: Int?
        var lastActivity: Int?
        var counts: [String: Int] = [:]
        var purchases = 0
        var value = 0
        var firstPurchase: Int?
        var lastPurchase: Int?
        var members: Set<Who> = []
        var ambiguous = false
    }

    /// The worth of the signals in `DaemonScratch.rules`.
    static let worth: [String: Worth] = [
        "pricing_visit": Worth(weight: 10, dailyCap: 2, cap: 40),
        "visit": Worth(weight: 1, dailyCap: 10), "click": Worth(weight: 5, halfLife: 30),
        "fair": Worth(weight: 30, halfLife: 90), "unhappy": Worth(weight: -15, cap: 25),
    ]
    static let mql = 60.0

    let day: Int
    let offsetMinutes: Int
    private(set) var outcomes: [String: Int] = [:]
    private(set) var contacts: [Who: Expected] = [:]
    /// For every identifier that is shown: the root of its person.
    private(set) var roots: [Who: Who] = [:]

    private var cells: [Who: [Int: [String: Int]]] = [:]
    private var values: [Who: Int] = [:]
    private var edges: [Who: [Who: Int]] = [:]
    private var known: Set<Who> = []
    private var seen: Set<[String]> = []

    /// Computes everything for a day, counted from 1970-01-01.
    init(_ lines: [String], day: Int, offsetMinutes: Int) {
        self.day = day
        self.offsetMinutes = offsetMinutes
        for line in lines { outcomes[count(line), default: 0] += 1 }
        resolve()
    }

    // MARK: Facts

    private mutating func count(_ line: String) -> String {
        if line.allSatisfy(\.isWhitespace) { return "filtered" }
        guard let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let type = json["type"] as? String, type.contains(/^[a-z0-9_.\-]{1,64}$/),
            let at = Self.milliseconds(json["ts"])
        else { return "quarantined" }
        let end = (day + 1) * 86_400_000 - offsetMinutes * 60_000
        if at > end + 86_400_000 { return "quarantined" }
        if at < 946_684_800_000 { return "filtered" }
        var named: [Who] = []
        for (rank, kind) in Who.kinds.enumerated() {
            var value = (json[kind] as? String ?? "").trimmingCharacters(in: .whitespaces)
            if ["", "-", "null", "undefined", "0"].contains(value) { continue }
            if rank == 1 {
                guard value.contains(/^[^@ ]+@[^@ ]+$/) else { return "quarantined" }
                value = value.lowercased()
            }
            named.append(Who(rank: rank, value: value))
        }
        guard let root = named.first else { return "filtered" }
        guard let signal = Self.signal(json, type) else { return "filtered" }
        if let id = json["id"] as? String, !id.isEmpty,
            !seen.insert([id, "\(at)", type, root.kind, root.value]).inserted
        {
            return "duplicate"
        }
        let date = Int((Double(at + offsetMinutes * 60_000) / 86_400_000).rounded(.down))
        cells[root, default: [:]][date, default: [:]][signal, default: 0] += 1
        if signal == "purchase" { values[root, default: 0] += Self.money(json) }
        for lower in named.dropFirst() { edges[lower, default: [:]][root, default: 0] += 1 }
        known.formUnion(named)
        return "applied"
    }

    private static func signal(_ json: [String: Any], _ type: String) -> String? {
        let path = (json["url"] as? String ?? "").prefix { $0 != "?" }
        switch type {
        case "visit": return path.hasPrefix("/pricing") ? "pricing_visit" : "visit"
        case "click", "fair", "unhappy", "purchase", "profile", "unsubscribe": return type
        case "bounce":
            return (json["status"] as? String)?.hasPrefix("5.1") == true ? "hard_bounce" : nil
        default: return nil
        }
    }

    private static func money(_ json: [String: Any]) -> Int {
        guard let value = json["value"] as? NSNumber else { return 0 }
        if let currency = json["currency"] as? String, currency != "EUR" { return 0 }
        return Int((value.doubleValue * 10_000).rounded())
    }

    private static func milliseconds(_ value: Any?) -> Int? {
        if let text = value as? String {
            let parser = ISO8601DateFormatter()
            parser.formatOptions = [.withInternetDateTime]
            let plain = text.replacing(/\.[0-9]+/, with: "")
            guard let date = parser.date(from: plain) else { return nil }
            let fraction = text.firstMatch(of: /\.([0-9]{3})/).flatMap { Int($0.1) } ?? 0
            return Int(date.timeIntervalSince1970) * 1000 + fraction
        }
        return (value as? NSNumber)?.intValue
    }

    // MARK: Persons

    private mutating func resolve() {
        var ambiguous: Set<Who> = []
        for who in known.sorted() {
            var votes: [Who: Int] = [:]
            for (higher, n) in edges[who] ?? [:] { votes[roots[higher] ?? higher, default: 0] += n }
            let all = votes.values.reduce(0, +)
            let winner = votes.first { $0.value * 4 >= all * 3 }?.key
            roots[who] = winner ?? who
            if winner == nil, all > 0 { ambiguous.insert(who) }
        }
        for who in known { contacts[roots[who] ?? who, default: Expected()].members.insert(who) }
        for (root, contact) in contacts {
            var contact = contact
            contact.ambiguous = ambiguous.contains(root)
            derive(&contact)
            contacts[root] = isShown(root, contact) ? contact : nil
        }
        let shown = contacts
        roots = roots.filter { shown[$0.value] != nil }
    }

    private func isShown(_ root: Who, _ contact: Expected) -> Bool {
        guard root.rank == 2, edges[root] == nil else { return true }
        return (cells[root]?.count ?? 0) >= 2 || contact.engagement >= Self.mql / 5
    }

    // MARK: Scores

    private func derive(_ contact: inout Expected) {
        var days: [Int: [String: Int]] = [:]
        for member in contact.members {
            for (date, counts) in cells[member] ?? [:] {
                for (signal, n) in counts { days[date, default: [:]][signal, default: 0] += n }
            }
            contact.value += values[member] ?? 0
        }
        let level = { (date: Int) in Self.engagement(days, on: date) }
        contact.engagement = level(day)
        contact.delta30 = contact.engagement - level(day - 30)
        contact.delta60 = contact.engagement - level(day - 60)
        contact.peak30 = (0...30).map { level(day - $0) }.max() ?? 0
        if contact.engagement >= Self.mql {
            contact.hotUntil = (day + 1...day + 2000).first { level($0) < Self.mql }.map { $0 - 1 }
        }
        for (date, counts) in days {
            for (signal, n) in counts { contact.counts[signal, default: 0] += n }
            if date <= day, counts.keys.contains(where: { (Self.worth[$0]?.weight ?? 0) > 0 }) {
                contact.lastActivity = max(contact.lastActivity ?? date, date)
            }
            if counts["purchase"] != nil {
                contact.firstPurchase = min(contact.firstPurchase ?? date, date)
                contact.lastPurchase = max(contact.lastPurchase ?? date, date)
            }
        }
        contact.purchases = contact.counts["purchase"] ?? 0
    }

    private static func engagement(_ days: [Int: [String: Int]], on day: Int) -> Double {
        var total = 0.0
        for (signal, worth) in worth {
            var points = 0.0
            for (date, counts) in days where date <= day {
                let n = Double(min(counts[signal] ?? 0, worth.dailyCap))
                points += worth.weight * n * pow(2, -Double(day - date) / worth.halfLife)
            }
            points = min(max(points, -worth.cap), worth.cap)
            total += (points * 1e6).rounded() / 1e6
        }
        return max(0, total)
    }
}
