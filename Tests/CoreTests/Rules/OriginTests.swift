import Core
import TestKit
import Testing

@Suite("Origin")
struct OriginTests {
    private static let bot = "Googlebot/2.1 (+http://www.google.com/bot.html)"
    private static let browser =
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

    private static var model: Model {
        var model = Model()
        func when(_ type: String, _ origins: [Origin] = []) -> [ConditionSet] {
            [ConditionSet(globs: [.type: [Glob(type)]], origins: origins)]
        }
        model.signals =
            [
                SignalRule(name: "machine_open", when: when("open", [.machine]), weight: 0),
                SignalRule(name: "seen", when: when("look", [.human]), weight: 1),
                SignalRule(name: "open", when: when("open"), weight: 1),
                SignalRule(name: "visit", when: when("visit"), weight: 1),
            ] + SignalRule.builtIns
        return model
    }

    /// What an event of a type by a user agent is counted for.
    private static func cells(
        _ type: String, _ agent: String, _ stated: Origin = .unknown,
        _ rule: OriginRule = .none
    ) -> (verdict: Verdict, cells: [String]) {
        let names =
            model.signals.map(\.name) + model.signals.map { $0.name + ":machine" }
            + OriginRule.machines.map { "machine:" + $0.name }
        func number(_ name: String) -> SignalID? {
            names.firstIndex(of: name).map { SignalID($0 + 1) }
        }
        var fold = EventFold(
            model: model,
            matcher: SignalMatcher(
                model: model, signalID: { number($0) ?? 0 }, topicID: { _ in 0 },
                twinID: { number($0 + ":machine") }, originID: { number("machine:" + $0.name) }),
            hash: KeyedHash(secret: Array(repeating: 7, count: KeyedHash.secretLength)),
            deduplicator: Deduplicator(limit: 10), latest: Instant(.max))
        var delta = FactDelta()
        let fields = ["email": "ann@example.com", "ua": agent, "status": "5.1.1"]
        let event = OwnedEvent(at: 1_700_000_000_000, type: type, fields)
        let verdict = event.withEvent { event in
            var event = event
            event.origin = stated
            event.originRule = rule
            return fold.fold(
                event, from: SourceScope(name: "s", trust: .full, scope: 0), into: &delta)
        }
        var found: [String] = []
        delta.cells.forEachAddition { key, tally in
            for _ in 0..<tally.n { found.append(names[Int(key.signal) - 1]) }
        }
        return (verdict, found.sorted())
    }

    @Test func `a person's event counts for the signal`() {
        #expect(Self.cells("visit", Self.browser).cells == ["visit"])
        #expect(Self.cells("visit", "").cells == ["visit"])
        #expect(Self.cells("look", Self.browser).cells == ["seen"])
        #expect(Self.cells("look", "").verdict == .noSignal)
    }

    @Test func `a machine's event counts for the twin, with the rule that said so`() {
        #expect(Self.cells("visit", Self.bot).cells == ["machine:crawler", "visit:machine"])
        #expect(Self.cells("visit", "curl/8.5.0").cells == ["machine:library", "visit:machine"])
    }

    @Test func `a program without a name is a machine where people would browse`() {
        let agent = "Shop/3.2"
        #expect(Self.cells("visit", agent).cells == ["machine:nameless", "visit:machine"])
        #expect(Self.cells("purchase", agent).cells == ["purchase"])
        #expect(Self.cells("unsubscribe", agent).cells == ["unsubscribe"])
    }

    @Test func `a signal that asks for machines takes them`() {
        #expect(Self.cells("open", "Mozilla/5.0").cells == ["machine:prefetch", "machine_open"])
        #expect(Self.cells("open", Self.browser).cells == ["open"])
        #expect(Self.cells("look", Self.bot).verdict == .noSignal)
    }

    @Test func `what systems report counts, whatever they call themselves`() {
        #expect(Self.cells("bounce", Self.bot).cells == ["hard_bounce"])
        #expect(Self.cells("purchase", Self.bot).cells == ["purchase"])
        let followed = Self.cells("unsubscribe", Self.bot).cells
        #expect(followed == ["machine:crawler", "unsubscribe:machine"])
    }

    @Test func `a decoder that knows more is believed`() {
        let stated = Self.cells("visit", Self.browser, .machine).cells
        #expect(stated == ["machine:stated", "visit:machine"])
        let head = Self.cells("visit", Self.browser, .unknown, .head).cells
        #expect(head == ["machine:head", "visit:machine"])
        #expect(Self.cells("visit", Self.bot, .human).cells == ["visit"])
    }
}
