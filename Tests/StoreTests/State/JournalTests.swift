import Core
import TestKit
import Testing

@testable import Store

@Suite struct JournalTests {
    @Test func `what both journals forget is not shown any more, but for the last entry`() throws {
        let scratch = try StateScratch()
        var source = RandomEvents(seed: 5, people: 10)
        try scratch.commit(source.next(200))
        var model = RandomEvents.model
        model.signals[3].halfLife = .days(45)
        model.segments = [
            SegmentRule(name: "some", condition: Condition(sql: "score > 20", place: "")),
            SegmentRule(name: "all", condition: Condition(sql: "score >= 0", place: "")),
        ]
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(200)
        let publishing = try Publishing(store: scratch.store, model: model, day: day)
        let leads = try PublicationTests.open(scratch.directory + "/shown")
        try publishing.publishAll(to: leads, chunk: 7)
        func shown(_ table: String) throws -> [String] {
            try StateScratch.rows(
                "SELECT seq FROM \(table) ORDER BY seq", Connection(path: leads.path, pragmas: []))
        }
        let before = try (shown("segment_changes"), shown("stage_changes"))
        #expect(before.0.count > 8 && before.1.count > 2)

        // Everything was noticed at 7,000.
        try scratch.store.forgetJournal(before: Instant(7_000))
        try publishing.publishAll(to: leads, chunk: 7)
        #expect(try shown("segment_changes") == before.0)
        try scratch.store.forgetJournal(before: Instant(7_001))
        try publishing.publishAll(to: leads, chunk: 7)
        #expect(try shown("segment_changes") == before.0.suffix(1))
        #expect(try shown("stage_changes") == before.1.suffix(1))
        #expect(
            try PublicationTests.everything(leads.path)
                == PublicationTests.fresh(publishing, scratch))
    }
}
