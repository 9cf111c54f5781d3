import Core
import TestKit
import Testing

@testable import Store

/// A contact's row written down from its facts once more, without any cleverness.
private struct SlowRow: Equatable {
    var email: String?
    var customer: String?
    var domain: String?
    var events: Int64
    var purchases: Int64
    var value: Int64
    var firstPurchase: Day?
    var lastPurchase: Day?
    var engagement: Engagement
    var counts: [String: Int64]

    init(_ person: PersonFacts, on day: Day, model: Model, names: NameTable) {
        let emails = person.members.filter { $0.identifier.kind == .email }
            .map { ($0.last, String(decoding: $0.identifier.value, as: UTF8.self)) }
        let latest = emails.map(\.0).max()
        email = emails.filter { $0.0 == latest }.map(\.1).min()
        domain = email.flatMap { $0.split(separator: "@").last.map(String.init) }
        customer = person.members.first { $0.identifier.kind == .customerID }
            .map { String(decoding: $0.identifier.value, as: UTF8.self) }
        let all = person.members.flatMap(\.cells)
        let cells = all.filter { names.isSignal($0.signal) }
        counts = Dictionary(grouping: all) { names.name($0.signal) }
            .mapValues { $0.reduce(0) { $0 + $1.tally.n } }
        for topic in model.topics { counts[topic.name] = nil }
        events = cells.reduce(0) { $0 + $1.tally.n }
        let bought = cells.filter { names.name($0.signal) == "purchase" }
        purchases = bought.reduce(0) { $0 + $1.tally.n }
        value = bought.reduce(0) { $0 + $1.tally.value }
        firstPurchase = bought.map(\.day).min()
        lastPurchase = bought.map(\.day).max()
        var signals: [SignalID: ScoredSignal] = [:]
        for rule in model.signals {
            if let number = names.number(rule.name) {
                signals[number] = ScoredSignal(rule, in: model)
            }
        }
        engagement = EngagementReference.engagement(
            of: person.members.flatMap(\.cells), on: day, signals: signals, mql: model.mql)
    }
}

@Suite struct LeadRowTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `the row that is shown is the one that the facts say`(seed: UInt64) throws {
        let scratch = try StateScratch()
        var source = RandomEvents(seed: seed, people: 8)
        for _ in 0..<4 { try scratch.commit(source.next(60)) }
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)
        model.mql = 20
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(Int(seed) * 40)
        let publishing = try Publishing(store: scratch.store, model: model, day: day)
        let leads = try LeadsStore(directory: scratch.directory, latest: 9)
        try publishing.publishAll(to: leads, chunk: 7)
        let shown = try Connection(path: leads.path, pragmas: []).prepare(
            """
            SELECT contact_id, email, customer_id, domain, events, purchases, value,
                first_purchase, last_purchase, engagement, delta_30d, delta_60d, peak_30d,
                hot_until, last_activity_day, counts, points, score, as_of_day
            FROM leads ORDER BY contact_id
            """)
        var rows = 0
        while try shown.step() {
            rows += 1
            let person = try #require(try scratch.store.person(shown.int(0)))
            let slow = SlowRow(person, on: day, model: model, names: scratch.folder.names)
            func text(_ column: Int32) -> String? {
                shown.isNull(column) ? nil : shown.text(column)
            }
            func points(_ column: Int32) -> Micropoints { micropoints(shown.double(column)) }
            let note: Comment = "seed \(seed), contact \(person.contact)"
            #expect(text(1) == slow.email && text(2) == slow.customer, note)
            #expect(text(3) == slow.domain, note)
            #expect(shown.int(4) == slow.events && shown.int(5) == slow.purchases, note)
            #expect(Int64((shown.double(6) * 10_000).rounded()) == slow.value, note)
            #expect(text(7) == slow.firstPurchase?.description, note)
            #expect(text(8) == slow.lastPurchase?.description, note)
            #expect(points(9) == slow.engagement.engagement, note)
            #expect(points(10) == slow.engagement.delta30, note)
            #expect(points(11) == slow.engagement.delta60, note)
            #expect(points(12) == slow.engagement.peak30, note)
            #expect(text(13) == slow.engagement.hotUntil?.description, note)
            #expect(text(14) == slow.engagement.lastActivity?.description, note)
            let counts = try scratch.rows(
                "SELECT key || ' ' || value FROM json_each('\(shown.text(15))')")
            #expect(counts.sorted() == slow.counts.map { "\($0.key) \($0.value)" }.sorted(), note)
            let sum = try scratch.rows(
                "SELECT coalesce(sum(value), 0) FROM json_each('\(shown.text(16))')")
            let total = micropoints(try #require(Double(sum[0])))
            #expect(max(total, 0) == points(9) && points(17) == points(9), note)
            #expect(text(18) == day.description, note)
        }
        #expect(rows > 5)
    }
}
