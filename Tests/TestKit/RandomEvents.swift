public import Core

/// Plausible events of a few people who share computers and mailboxes more than is good.
public struct RandomEvents {
    private var random: SeededGenerator
    private let people: Int
    private let days: Int

    /// The first millisecond of the days in which events happen: 2026-01-01T00:00:00Z.
    public static let start: Int64 = 1_767_225_600_000

    /// Events of so many people over so many days.
    public init(seed: UInt64, people: Int = 12, days: Int = 200) {
        random = SeededGenerator(seed: seed)
        self.people = people
        self.days = days
    }

    /// User agents of machines, and the names of the rules that know them.
    public static let machines = [
        "Mozilla/5.0": "prefetch", "curl/8.5.0": "library",
        "Googlebot/2.1 (+http://www.google.com/bot.html)": "crawler",
    ]
    private static let browser =
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

    /// The model that the tests count by.
    public static var model: Model {
        var model = Model()
        model.signals =
            [
                SignalRule(
                    name: "pricing_visit",
                    when: [
                        ConditionSet(globs: [.type: [Glob("visit")], .path: [Glob("/pricing*")]])
                    ],
                    weight: 10, halfLife: .days(14), dailyCap: 2, cap: 40),
                SignalRule(
                    name: "visit", when: [ConditionSet(globs: [.type: [Glob("visit")]])], weight: 1,
                    halfLife: .days(7), dailyCap: 10),
                SignalRule(
                    name: "click", when: [ConditionSet(globs: [.type: [Glob("click")]])], weight: 5,
                    halfLife: .days(30)),
                SignalRule(
                    name: "fair", when: [ConditionSet(globs: [.type: [Glob("fair")]])], weight: 30,
                    halfLife: HalfLife.none),
                SignalRule(
                    name: "unhappy", when: [ConditionSet(globs: [.type: [Glob("unhappy")]])],
                    weight: -15, halfLife: .days(20), cap: 25),
            ] + SignalRule.builtIns
        model.topics = [
            TopicRule(
                name: "service",
                when: [
                    ConditionSet(globs: [.path: [Glob("/service*")]]),
                    ConditionSet(globs: [.campaign: [Glob("*service*")]]),
                ])
        ]
        return model
    }

    /// The number of each name of `model`, from 1.
    public static let numbers: [String: SignalID] = {
        let signals = model.signals.map(\.name)
        let names =
            signals + model.topics.map { "topic " + $0.name } + signals.map { $0 + ":machine" }
            + OriginRule.machines.map { "machine:" + $0.name }
        return Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, SignalID($0 + 1)) })
    }()

    /// The name of a number.
    public static func name(_ number: SignalID) -> String {
        numbers.first { $0.value == number }?.key ?? "?"
    }

    /// The matcher of `model`.
    public static var matcher: SignalMatcher {
        SignalMatcher(
            model: model, signalID: { numbers[$0] ?? 0 },
            topicID: { numbers["topic " + $0] ?? 0 }, twinID: { numbers[$0 + ":machine"] },
            originID: { numbers["machine:" + $0.name] })
    }

    /// The next `count` events.
    public mutating func next(_ count: Int) -> [OwnedEvent] { (0..<count).map { _ in next() } }

    private mutating func next() -> OwnedEvent {
        let person = Int.random(in: 0..<people, using: &random)
        let at = Self.start + Int64.random(in: 0..<(Int64(days) * 86_400_000), using: &random)
        let type = random.pick([
            "visit", "visit", "visit", "click", "click", "fair", "unhappy", "purchase", "profile",
            "bounce", "unknown_thing",
        ])
        var event = OwnedEvent(at: at, type: type)
        if random.oneIn(3) { event.fields["customer_id"] = "C\(person / 2)" }
        if random.oneIn(2) { event.fields["email"] = "Person\(person)@Example.com" }
        // Some computers are shared, some people have several.
        if random.oneIn(2) {
            event.fields["cookie"] =
                "cookie\((person + Int.random(in: 0...1, using: &random)) % people)"
        }
        if random.oneIn(4) { event.fields["id"] = "e\(Int.random(in: 0..<50, using: &random))" }
        if random.oneIn(4) {
            event.fields["ua"] = random.pick(Self.machines.keys.sorted() + [Self.browser])
        }
        if type == "visit" {
            event.fields["url"] = random.pick(["/pricing?x=1", "/", "/service/a"])
        }
        if type == "click", random.oneIn(2) { event.fields["campaign"] = "autumn service" }
        if type == "purchase" { event.value = Int64.random(in: 1...9_999_999, using: &random) }
        if type == "bounce" { event.fields["status"] = random.pick(["5.1.1", "4.2.2", "5.7.1"]) }
        if type == "profile" {
            event.traits = [("job_title", "\"\(random.pick(["Director", "Clerk"]))\"")]
        }
        return event
    }
}
