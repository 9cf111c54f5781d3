import Core
import TestKit

@testable import Store

/// Which cells events come to, decided from all of them at once in the plainest way there is: each
/// event is held against every other.
struct MachineReference {
    /// The model by which is counted.
    static var model: Model {
        func when(
            _ key: ConditionKey, _ glob: String, _ more: [ConditionKey: [Glob]] = [:],
            _ origins: [Origin] = []
        ) -> ConditionSet {
            ConditionSet(
                globs: more.merging([key: [Glob(glob)]]) { $1 }, origins: origins)
        }
        var model = Model()
        model.machines.honeypots = [Glob("/trap*")]
        model.purchaseSignal = "order"
        model.signals =
            [
                SignalRule(
                    name: "bot_click",
                    when: [when(.type, "click", [.campaign: [Glob("k*")]], [.machine])], weight: 0),
                SignalRule(name: "click", when: [when(.type, "click")], weight: 5),
                SignalRule(name: "visit", when: [when(.type, "visit")], weight: 1),
                SignalRule(name: "order", when: [when(.type, "order")], weight: 0),
            ] + SignalRule.builtIns
        model.topics = [
            TopicRule(name: "service", when: [when(.path, "/service*")]),
            TopicRule(name: "tested", when: [when(.path, "*a", [:], [.machine])]),
        ]
        return model
    }

    let events: [OwnedEvent]

    /// The lines of the canonical dump that are about cells, sorted.
    var cells: [String] {
        var sums: [String: (n: Int, value: Int64)] = [:]
        for event in events {
            let day = Day(of: Instant(event.at), in: .utc)
            for (signal, value) in counted(event) {
                let key = "cell \(who(event)) \(day) \(signal)"
                sums[key, default: (0, 0)].n += 1
                sums[key]?.value += value
            }
        }
        return sums.map { "\($0.key) \($0.value.n) \($0.value.value)" }.sorted()
    }

    /// What an event counts for.
    private func counted(_ event: OwnedEvent) -> [(String, Int64)] {
        let rule = event.fields["ua"] == nil ? verdict(event) : "library"
        var counted: [(String, Int64)] = []
        let isTaken = rule != nil && event.type != "order"
        if isTaken, event.type == "click", event.fields["campaign"]?.first == "k" {
            counted.append(("bot_click", event.value))
        } else {
            counted.append((isTaken ? event.type + ":machine" : event.type, event.value))
        }
        let path = event.fields["url"] ?? ""
        if !isTaken, path.hasPrefix("/service") { counted.append(("service", 0)) }
        if isTaken, path.hasSuffix("a") { counted.append(("tested", 0)) }
        if isTaken, let rule { counted.append(("machine:" + rule, 0)) }
        return counted
    }

    private func verdict(_ event: OwnedEvent) -> String? {
        let own = events.filter { who($0) == who(event) }
        let isTrapped = own.contains {
            $0.fields["url"]?.hasPrefix("/trap") == true && abs(second($0) - second(event)) <= 10
        }
        if isTrapped { return "honeypot" }
        guard isLink(event) else { return nil }
        // Clicks of one second stand or fall together.
        let together = own.filter { isLink($0) && second($0) == second(event) }
        return together.contains { isSwept($0, among: own) } ? "sweep" : nil
    }

    private func isSwept(_ click: OwnedEvent, among own: [OwnedEvent]) -> Bool {
        let same = own.filter { isLink($0) && message($0) == message(click) }
        func links(_ from: Int64, _ width: Int64) -> Int {
            Set(same.filter { (from...(from + width)).contains(second($0)) }.map(link)).count
        }
        let all = Set(events.filter { isLink($0) && message($0) == message(click) }.map(link)).count
        if links(second(click), 0) >= 2 { return true }
        return same.contains { first in
            let from = second(first)
            let later = second(click) - from
            if (0...1).contains(later), links(from, 1) >= 5 { return true }
            let some = links(from, 3)
            return (0...3).contains(later) && some >= 3 && some * 5 >= all * 4
        }
    }

    private func isLink(_ event: OwnedEvent) -> Bool {
        event.type == "click" && event.fields["url"] != nil && message(event) != nil
    }

    private func message(_ event: OwnedEvent) -> String? {
        event.fields["message"] ?? event.fields["campaign"]
    }

    private func link(_ event: OwnedEvent) -> String {
        String((event.fields["url"] ?? "").prefix { $0 != "#" })
    }

    private func second(_ event: OwnedEvent) -> Int64 { event.at / 1000 }

    private func who(_ event: OwnedEvent) -> String {
        for kind in ["customer_id", "email", "cookie"] {
            if let value = event.fields[kind] { return "\(kind):\(value)" }
        }
        return ""
    }
}

/// Mailboxes that click, and gateways before them that click on everything.
struct MailClicks {
    private var random: SeededGenerator

    /// A second before which one row of what is remembered ends, and a day.
    static let midnight: Int64 = 1_767_312_000
    private static let rowEnd = (midnight / 1024 + 3) * 1024

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Some hundred events.
    mutating func next() -> [OwnedEvent] {
        var events: [OwnedEvent] = []
        for _ in 0..<40 {
            let about = random.pick([Self.midnight, Self.rowEnd, Self.rowEnd + 700])
            let start = about + Int64.random(in: -40...40, using: &random)
            let who = random.pick(["ann@x.example", "bob@x.example", "cy@y.example"])
            let message = random.pick(["m1", "m2", "k3"])
            var second = start
            for link in 0..<Int.random(in: 1...6, using: &random) {
                events.append(click(who, message, random.oneIn(4) ? 0 : link, at: second))
                second += Int64(random.pick([0, 0, 1, 1, 2, 5, 30]))
            }
            if random.oneIn(3) { events.append(other(who, at: start)) }
        }
        return events
    }

    private mutating func click(
        _ who: String, _ message: String, _ link: Int, at second: Int64
    ) -> OwnedEvent {
        let name = ["/service", "/a", "/b", "/c", "/da", "/e#f", "/g"][link]
        var fields = ["email": who, "url": name]
        if message == "k3" { fields["campaign"] = message } else { fields["message"] = message }
        if random.oneIn(5) { fields["campaign"] = "k\(link)" }
        if random.oneIn(9) { fields["url"] = nil }
        if random.oneIn(9) { fields["ua"] = "curl/8.5.0" }
        if random.oneIn(5) { fields["cookie"] = "c-\(who)" }
        let at = second * 1000 + Int64.random(in: 0...999, using: &random)
        return OwnedEvent(
            at: at, type: "click", fields, value: Int64.random(in: 0...3, using: &random))
    }

    private mutating func other(_ who: String, at second: Int64) -> OwnedEvent {
        let type = random.pick(["visit", "visit", "order", "click"])
        let url = random.oneIn(5) ? "/trap/1?x" : random.pick(["/service/a", "/"])
        let at = (second + Int64.random(in: -15...15, using: &random)) * 1000
        return OwnedEvent(at: at, type: type, ["email": who, "url": url], value: 7)
    }
}
