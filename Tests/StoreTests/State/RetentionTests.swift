import Core
import TestKit
import Testing

@testable import Store

@Suite struct RetentionTests {
    private static let start = Day(of: Instant(RandomEvents.start), in: .utc)

    private static func retention(_ scratch: StateScratch, on day: Day) -> Retention {
        Retention(days: 60, on: day, purchase: scratch.folder.names.number("purchase"))
    }

    /// A new day in small steps.
    private static func begin(_ day: Day, _ scratch: StateScratch) throws {
        let retention = retention(scratch, on: day)
        scratch.store.retention = retention
        var after: Int64? = -1
        while let key = after {
            after = try scratch.store.addUpCells(after: key, before: retention, limit: 3)
        }
    }

    /// The slow way: every count by day, and the old ones added up line by line.
    private static func reference(
        _ events: [OwnedEvent], _ scratch: StateScratch, on day: Day
    ) -> String {
        var delta = FactDelta()
        let folder = Folder(hash: scratch.store.hash, names: scratch.folder.names)
        for event in events { _ = folder.add(event, to: &delta) }
        var lines: [String] = []
        var sums: [String: (n: Int64, value: Int64)] = [:]
        for line in delta.canonicalDump(name: folder.names.name).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words[0] == "cell", words[3] != "purchase", let at = Day(String(words[2])),
                day.days(since: at) > 60
            else {
                lines.append(String(line))
                continue
            }
            let sum = sums["lifetime \(words[1]) \(words[3])"] ?? (0, 0)
            sums["lifetime \(words[1]) \(words[3])"] = (
                sum.n + (Int64(words[4]) ?? 0), sum.value + (Int64(words[5]) ?? 0)
            )
        }
        lines += sums.map { "\($0.key) \($0.value.n) \($0.value.value)" }
        return lines.sorted().joined(separator: "\n")
    }

    /// The signals that are stored by day in periods before the retention.
    private static func putAway(_ scratch: StateScratch, on day: Day) throws -> Set<String> {
        scratch.store.retention = nil
        let first = retention(scratch, on: day).firstPeriod
        var signals: Set<String> = []
        for line in try scratch.store.canonicalDump().split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words[0] == "cell", let at = Day(String(words[2])) else { continue }
            if CellCodec.period(of: at) < first { signals.insert(String(words[3])) }
        }
        return signals
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `old counts add up to the same in any order, at once or day by day`(seed: UInt64) throws {
        var source = RandomEvents(seed: seed, people: 10, days: 400)
        var random = SeededGenerator(seed: seed)
        let events = source.next(400)
        let last = Self.start.adding(400)
        let expected = Self.reference(events, try StateScratch(), on: last)

        let shuffled = events.shuffled(using: &random)
        let late = try StateScratch()
        late.store.retention = Self.retention(late, on: last)
        for chunk in 0..<8 {
            try late.commit(shuffled[chunk * 50..<chunk * 50 + 50])
        }
        #expect(try late.store.canonicalDump() == expected, "seed \(seed)")

        let daily = try StateScratch()
        var rest = events
        for number in stride(from: 40, through: 400, by: 40) {
            let day = Self.start.adding(number)
            // What happened until then, but for some that come later.
            let now = rest.filter {
                Day(of: Instant($0.at), in: .utc) <= day && (number == 400 || !random.oneIn(5))
            }
            rest.removeAll { event in now.contains { $0.description == event.description } }
            try daily.commit(now)
            try Self.begin(day, daily)
            let verdicts = try daily.store.streams().reduce(0) { $0 + $1[.applied] }
            #expect(try daily.store.mass(daily.folder.names) == verdicts, "seed \(seed)")
            if random.oneIn(3) {
                try daily.reopen()
                daily.store.retention = Self.retention(daily, on: day)
            }
        }
        #expect(try daily.store.canonicalDump() == expected, "seed \(seed)")
        #expect(try Self.putAway(daily, on: last) == ["purchase"], "seed \(seed)")
        #expect(try daily.rows("SELECT count(*) > 20 FROM lifetime") == ["1"])
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `what is kept up over days is what a publication from nothing shows`(seed: UInt64) throws {
        var source = RandomEvents(seed: seed, people: 40, days: 500)
        let events = source.next(250)
        let scratch = try StateScratch()
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)
        let publishing = try Publishing(store: scratch.store, model: model, day: Self.start)
        let leads = try PublicationTests.open(scratch.directory + "/kept")
        var old = 0
        for number in stride(from: 50, through: 500, by: 150) {
            publishing.day = Self.start.adding(number)
            scratch.store.retention = Self.retention(scratch, on: publishing.day)
            let from = Self.start.adding(number - 150)
            try scratch.commit(
                events.filter {
                    let at = Day(of: Instant($0.at), in: .utc)
                    return at <= publishing.day && at > from
                })
            let gone = try scratch.store.expireCookies(
                after: 0, on: publishing.day, in: .utc, at: Instant(1))
            old += gone.contacts.count
            if number != 350 { try Self.begin(publishing.day, scratch) }
            try publishing.publishAll(to: leads, chunk: 7)
            #expect(
                try PublicationTests.everything(leads.path)
                    == PublicationTests.fresh(publishing, scratch),
                "seed \(seed), day \(number)")
        }
        #expect(old > 0)
    }

    @Test func `counts show what scores and activity know no more`() throws {
        let scratch = try StateScratch()
        func click(_ day: Int) -> OwnedEvent {
            OwnedEvent(
                at: RandomEvents.start + Int64(day) * 86_400_000, type: "click",
                ["email": "ann@example.com"])
        }
        try scratch.commit([click(0), click(1), click(1), click(100)])
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)
        let day = Self.start.adding(100)
        let publishing = try Publishing(store: scratch.store, model: model, day: day)
        let leads = try PublicationTests.open(scratch.directory + "/shown")
        func shown() throws -> [String] {
            try publishing.publishAll(to: leads, chunk: 7)
            return try StateScratch.rows(
                """
                SELECT counts || ' ' || events || ' ' || engagement || ' '
                    || (SELECT count(*) FROM activity) FROM leads
                """, Connection(path: leads.path, pragmas: []))
        }
        #expect(try shown().map { $0.hasSuffix(" 3") } == [true])
        scratch.store.retention = Self.retention(scratch, on: day)
        #expect(try shown() == [#"{"click":4} 4 5.0 1"#])
        try Self.begin(day, scratch)
        #expect(try shown() == [#"{"click":4} 4 5.0 1"#])
        try scratch.commit([click(2)])
        #expect(try shown() == [#"{"click":5} 5 5.0 1"#])
        #expect(try scratch.rows("SELECT n FROM lifetime") == ["4"])
    }
}
