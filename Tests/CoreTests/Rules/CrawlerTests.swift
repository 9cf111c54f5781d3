import Core
import TestKit
import Testing

@Suite("Crawlers")
struct CrawlerTests {
    private static var model: Model {
        var model = Model()
        func when(_ type: String, _ origins: [Origin] = []) -> [ConditionSet] {
            [ConditionSet(globs: [.type: [Glob(type)]], origins: origins)]
        }
        model.machines.pageHits = 10
        model.purchaseSignal = "order"
        model.signals = [
            SignalRule(name: "visit", when: when("visit"), weight: 1),
            SignalRule(name: "click", when: when("click"), weight: 5),
            SignalRule(name: "bot", when: when("open", [.machine]), weight: 0),
            SignalRule(name: "order", when: when("order"), weight: 0),
        ]
        return model
    }

    private static let names =
        ["visit", "click", "bot", "order"].flatMap { [$0, $0 + ":machine"] }
        + OriginRule.machines.map { "machine:" + $0.name }

    private static func number(_ name: String) -> SignalID? {
        names.firstIndex(of: name).map { SignalID($0 + 1) }
    }

    private static func crawlers(_ model: Model = model) -> Crawlers {
        Crawlers(
            model, number: number, twin: { number($0 + ":machine") },
            rule: { number("machine:" + $0.name) })
    }

    /// A person with one set of counts for each identifier, and what is left of them: by day the
    /// names and numbers.
    private static func read(
        _ members: [(kind: IdentifierKind, isAmbiguous: Bool, cells: [(Int32, String, Int64)])],
        _ model: Model = model
    ) -> [String] {
        var person = PersonFacts(contact: 1)
        for (place, member) in members.enumerated() {
            let cells = member.cells.map {
                DailyCell(
                    day: Day($0.0), signal: number($0.1) ?? 0, tally: Tally(n: $0.2, value: 3))
            }
            person.members.append(
                PersonFacts.Member(
                    id: Int64(place + 1), identifier: Identifier(kind: member.kind, value: [1]),
                    first: 0, last: 0, ambiguous: member.isAmbiguous,
                    cells: cells.sorted { ($0.day, $0.signal) < ($1.day, $1.signal) }))
        }
        crawlers(model).setAside(in: &person)
        return person.members.flatMap(\.cells).map {
            "\($0.day.number) \(names[Int($0.signal) - 1]) \($0.tally.n) \($0.tally.value)"
        }
    }

    @Test func `a day of more page hits than anybody reads is a machine's, and only that day`() {
        let cells: [(Int32, String, Int64)] = [
            (1, "visit", 8), (1, "visit:machine", 3), (1, "click", 1), (1, "order", 1),
            (2, "visit", 10),
        ]
        #expect(
            Self.read([(.cookie, false, cells)]) == [
                "1 visit:machine 11 6", "1 click:machine 1 3", "1 order 1 3",
                "1 machine:volume 9 0", "2 visit 10 3",
            ])
    }

    @Test func `who is known reads as much as they like`() {
        let many: [(Int32, String, Int64)] = [(1, "visit", 500)]
        #expect(Self.read([(.email, false, many)]) == ["1 visit 500 3"])
        #expect(Self.read([(.customerID, false, []), (.cookie, false, many)]) == ["1 visit 500 3"])
        // It belongs to somebody, even if nobody knows to whom.
        #expect(Self.read([(.cookie, true, many)]) == ["1 visit 500 3"])
    }

    @Test func `who reads robots.txt is a machine on every day, unless somebody is known`() {
        let cells: [(Int32, String, Int64)] = [
            (1, "visit", 2), (3, "machine:robots", 1), (3, "visit", 1),
        ]
        #expect(
            Self.read([(.cookie, false, cells)]) == [
                "1 visit:machine 2 3", "1 machine:robots 2 0", "3 visit:machine 1 3",
                "3 machine:robots 1 0",
            ])
        let known = Self.read([(.email, false, []), (.cookie, false, cells)])
        #expect(known == ["1 visit 2 3", "3 visit 1 3"])
    }

    @Test func `rules that are turned off set nothing aside`() {
        var model = Self.model
        model.machines.pageHits = nil
        model.machines.robots = false
        let cells: [(Int32, String, Int64)] = [(1, "visit", 500), (1, "machine:robots", 1)]
        #expect(Self.read([(.cookie, false, cells)], model) == ["1 visit 500 3"])
    }

    @Test func `lifetime counts of who read robots.txt are a machine's too`() {
        var person = PersonFacts(contact: 1)
        var member = PersonFacts.Member(
            id: 1, identifier: Identifier(kind: .cookie, value: [1]), first: 0, last: 0,
            ambiguous: false, cells: [])
        let visit = Self.number("visit") ?? 0
        let robots = Self.number("machine:robots") ?? 0
        let twin = Self.number("visit:machine") ?? 0
        member.lifetime = [
            visit: Tally(n: 5, value: 1), robots: Tally(n: 1, value: 0),
            twin: Tally(n: 2, value: 0),
        ]
        person.members = [member]
        Self.crawlers().setAside(in: &person)
        #expect(
            person.members[0].lifetime == [
                twin: Tally(n: 7, value: 1), robots: Tally(n: 5, value: 0),
            ])
    }
}
