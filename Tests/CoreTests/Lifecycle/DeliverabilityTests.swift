import Core
import TestKit
import Testing

@Suite("Deliverability")
struct DeliverabilityTests {
    private static let names = [
        "", "opened", "opened:machine", "click", "visit", "delivered", "soft_bounce",
        "hard_bounce", "block", "auto_reply", "unsubscribe", "complaint",
    ]

    private static var signals: MailSignals {
        var model = Model()
        func rule(_ name: String, _ type: String) -> SignalRule {
            SignalRule(
                name: name, when: [ConditionSet(globs: [.type: [Glob(type)]])], weight: 1)
        }
        model.signals =
            [rule("opened", "open"), rule("click", "cl*"), rule("visit", "visit")]
            + SignalRule.builtIns
        return MailSignals(model, number: number, twin: { number($0 + ":machine") })
    }

    private static func number(_ name: String) -> SignalID? {
        names.firstIndex(of: name).map { SignalID($0) }
    }

    private static func person(_ cells: [[DailyCell]], _ kinds: [IdentifierKind]) -> PersonFacts {
        var person = PersonFacts(contact: 1)
        for (place, kind) in kinds.enumerated() {
            person.members.append(
                PersonFacts.Member(
                    id: Int64(place), identifier: Identifier(kind: kind, value: [0x61]), first: 0,
                    last: 0, ambiguous: false, cells: cells[place]))
        }
        return person
    }

    private static func cell(_ day: Int32, _ name: String, _ n: Int64 = 1) -> DailyCell {
        DailyCell(day: Day(day), signal: number(name) ?? 0, tally: Tally(n: n, value: 0))
    }

    private static func standing(_ cells: [DailyCell], on day: Int32 = 100) -> MailStanding? {
        MailStanding(person([cells], [.email]), email: 0, on: Day(day), signals: signals)
    }

    /// The words of the rule, one after the other.
    private static func slow(_ cells: [DailyCell], on day: Day) -> (Int64, Deliverability) {
        let known = cells.filter { $0.day <= day }
        func all(_ names: String...) -> [DailyCell] {
            known.filter { cell in names.contains { number($0) == cell.signal } }
        }
        let signs = all("opened", "opened:machine", "click", "delivered")
        let last = signs.filter { $0.tally.n > 0 }.map(\.day.number).max() ?? .min
        let streak = all("soft_bounce").filter { $0.day.number > last }
            .reduce(0) { $0 + $1.tally.n }
        func happened(_ name: String) -> Bool { all(name).reduce(0) { $0 + $1.tally.n } > 0 }
        if happened("complaint") { return (max(0, streak), .complained) }
        if happened("unsubscribe") { return (max(0, streak), .unsubscribed) }
        if happened("hard_bounce") { return (max(0, streak), .invalid) }
        return (max(0, streak), streak >= 4 ? .quarantined : streak > 0 ? .soft : .ok)
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `the standing equals the rule`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let kinds: [IdentifierKind] = [.email, .customerID, .cookie, .email]
        let few = random.oneIn(2) ? ["soft_bounce", "block", "visit", "opened"] : Self.names
        let cells = kinds.map { _ in
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Self.cell(
                    Int32.random(in: 80...110, using: &random), random.pick(few),
                    Int64.random(in: -1...3, using: &random))
            }
        }
        let person = Self.person(cells, kinds)
        let standing = MailStanding(person, email: 0, on: Day(100), signals: Self.signals)
        // The other address is none of its business.
        let slow = Self.slow(cells[0] + cells[1] + cells[2], on: Day(100))
        #expect(standing?.softStreak == slow.0, "seed \(seed)")
        #expect(standing?.deliverability == slow.1, "seed \(seed)")
    }

    @Test func `four soft bounces without a sign of delivery pause the mail, a sign resets them`() {
        let soft = (1...4).map { Self.cell(Int32($0), "soft_bounce") }
        #expect(Self.standing(Array(soft.prefix(3)))?.deliverability == .soft)
        #expect(Self.standing(soft)?.deliverability == .quarantined)
        for sign in ["opened", "opened:machine", "click", "delivered"] {
            let after = Self.standing(soft + [Self.cell(4, sign)])
            #expect(after?.deliverability == .ok && after?.softStreak == 0)
        }
        #expect(Self.standing(soft + [Self.cell(3, "delivered")])?.softStreak == 1)
    }

    @Test func `blocks and automatic replies never count against a contact`() {
        let cells = [Self.cell(1, "block", 50), Self.cell(2, "auto_reply", 50)]
        #expect(Self.standing(cells)?.deliverability == .ok)
    }

    @Test func `the gravest holds`() {
        let cells = [
            Self.cell(1, "hard_bounce"), Self.cell(2, "delivered"), Self.cell(3, "unsubscribe"),
            Self.cell(4, "complaint"),
        ]
        let expected: [Deliverability] = [.invalid, .invalid, .unsubscribed, .complained]
        for (place, deliverability) in expected.enumerated() {
            let standing = Self.standing(Array(cells.prefix(place + 1)))
            #expect(standing?.deliverability == deliverability)
        }
        #expect(Self.standing(cells, on: 2)?.deliverability == .invalid)
    }

    @Test func `counts of before the retention hold on, and nobody without an address has any`() {
        var person = Self.person([[]], [.email])
        person.members[0].lifetime[Self.number("hard_bounce") ?? 0] = Tally(n: 1, value: 0)
        let standing = MailStanding(person, email: 0, on: Day(9), signals: Self.signals)
        #expect(standing?.deliverability == .invalid)
        let none = MailStanding(person, email: nil, on: Day(9), signals: Self.signals)
        #expect(none == nil)
    }
}
