import Foundation
import TestKit

/// Lines of a log as a company's systems write them: people with several identifiers, shared
/// computers, events told twice or late, and lines that nobody can use.
struct RandomLog {
    private var random: SeededGenerator
    private let people: Int
    private let lastDay: Int
    private var written: [String] = []

    init(seed: UInt64, people: Int, lastDay: Int) {
        random = SeededGenerator(seed: seed)
        self.people = people
        self.lastDay = lastDay
    }

    mutating func lines(_ count: Int) -> [String] {
        (0..<count).map { _ in
            let line = next()
            written.append(line)
            return line
        }
    }

    private mutating func next() -> String {
        if random.oneIn(25) { return unusable() }
        if random.oneIn(15), let old = again() { return old }
        return event()
    }

    /// A line that carries an id, once more.
    private mutating func again() -> String? {
        guard !written.isEmpty else { return nil }
        let old = random.pick(written)
        return old.contains("\"id\"") ? old : nil
    }

    private mutating func event() -> String {
        let person = Int.random(in: 0..<people, using: &random)
        let type = random.pick([
            "visit", "visit", "visit", "visit", "click", "click", "fair", "unhappy", "purchase",
            "profile", "bounce", "unsubscribe", "unheard_of",
        ])
        var fields = ["\"ts\":\(time())", "\"type\":\"\(type)\""]
        let named = Int.random(in: 0..<8, using: &random)
        if named & 1 != 0 || random.oneIn(3) { fields.append("\"customer_id\":\"C\(person / 2)\"") }
        if named & 2 != 0 {
            fields.append("\"email\":\"\(random.pick(["P", "p"]))erson\(person)@Example.COM\"")
        }
        if named & 4 != 0 {
            let stranger = random.oneIn(5) ? Int.random(in: 0..<people, using: &random) : person
            fields.append("\"cookie\":\"k\(stranger)-\(Int.random(in: 0...1, using: &random))\"")
        }
        if random.oneIn(20) { fields.append("\"cookie\":\"undefined\"") }
        if random.oneIn(2) {
            fields.append("\"id\":\"e\(UInt32.random(in: 0...(.max), using: &random))\"")
        }
        switch type {
        case "visit":
            fields.append(
                "\"url\":\"\(random.pick(["/pricing?a=1", "/pricing/b", "/", "/x?/pricing"]))\"")
        case "purchase":
            fields.append(
                "\"value\":\(Int.random(in: 1...99_999, using: &random)).\(random.pick(["5", "25", "0"]))"
            )
            if random.oneIn(3) { fields.append("\"currency\":\"\(random.pick(["EUR", "USD"]))\"") }
        case "bounce": fields.append("\"status\":\"5.1.1\"")
        case "profile":
            fields.append(
                "\"traits\":{\"job_title\":\"T\(Int.random(in: 0..<9, using: &random))\"}")
        default: break
        }
        let first = fields.removeFirst()
        fields.shuffle(using: &random)
        let kept = Set(["\"cookie\":\"undefined\""])
        let cookies = fields.filter { $0.hasPrefix("\"cookie\"") }
        if cookies.count > 1 { fields.removeAll { kept.contains($0) } }
        return "{" + ([first] + fields).joined(separator: ",") + "}"
    }

    /// A time in the last 100 days, most of them in the last 20, some a day ahead.
    private mutating func time() -> String {
        let age =
            random.oneIn(3)
            ? Int.random(in: -1..<100, using: &random) : Int.random(in: 0..<20, using: &random)
        let at = (lastDay - age) * 86_400_000 + Int.random(in: 0..<86_400_000, using: &random)
        if random.oneIn(4) { return "\(at)" }
        let shift = random.pick([0, 0, 120, -330])
        let local = Date(timeIntervalSince1970: Double(at / 1000 + shift * 60))
        let text = local.formatted(
            .iso8601.dateTimeSeparator(.standard).timeZone(separator: .omitted)
        )
        .dropLast()
        let zone =
            shift == 0
            ? "Z"
            : String(format: "%@%02d:%02d", shift < 0 ? "-" : "+", abs(shift) / 60, abs(shift) % 60)
        return String(format: "\"%@.%03d%@\"", String(text), at % 1000, zone)
    }

    private mutating func unusable() -> String {
        let today = lastDay * 86_400_000 + 3_600_000
        return random.pick([
            "", "   ", "not json", "[1,2]", "{\"ts\":\(today)}",
            "{\"type\":\"click\",\"email\":\"a@b.example\"}",
            "{\"ts\":\(today),\"type\":\"Click!\",\"email\":\"a@b.example\"}",
            "{\"ts\":\(today),\"type\":\"click\"}",
            "{\"ts\":\(today),\"type\":\"click\",\"email\":\"nobody\"}",
            "{\"ts\":\(today),\"type\":\"click\",\"cookie\":\"-\"}",
            "{\"ts\":\(today + 3 * 86_400_000),\"type\":\"click\",\"email\":\"a@b.example\"}",
            "{\"ts\":\"1999-12-31T23:59:59Z\",\"type\":\"click\",\"email\":\"a@b.example\"}",
            "{\"ts\":\"yesterday\",\"type\":\"click\",\"email\":\"a@b.example\"}",
            "{\"ts\":\(today),\"type\":\"click\",\"email\":\"a@b.example\"",
        ])
    }
}
