import Core
import TestKit
import Testing

@testable import Store

/// Streams without files are rows of their own for 30 days, and then part of a sum.
@Suite struct GoneStreamTests {
    private static let day: Int64 = 86_400_000

    /// Forty streams with events, of which all but the last and the fifth are retired.
    private func filled() throws -> StateScratch {
        let scratch = try StateScratch()
        var events = RandomEvents(seed: 3, people: 20, days: 20)
        for stream in Int64(1)...40 {
            var checkpoint = scratch.folder.checkpoint(of: events.next(10), stream: stream)
            checkpoint.quarantined = []
            checkpoint.positions[0].retired = stream < 40 && stream != 5
            checkpoint.positions[0].source = stream % 2 == 0 ? "even" : "odd"
            _ = try scratch.store.commit(checkpoint, at: Instant(0))
        }
        return scratch
    }

    private struct Totals: Equatable {
        var lines: Int64 = 0
        var records: Int64 = 0
        var lost: Int64 = 0
        var offset: Int64 = 0
        var outcomes: [String: Int64] = [:]
    }

    private func totals(_ store: StateStore) throws -> [String: Totals] {
        var result: [String: Totals] = [:]
        for stream in try store.streams() {
            var sum = result[stream.position.source] ?? Totals()
            sum.lines += stream.lines
            sum.records += stream.records
            sum.lost += stream.position.lostBytes
            sum.offset += stream.position.offset
            for (outcome, reasons) in stream.outcomes {
                for (reason, n) in reasons { sum.outcomes[outcome + reason, default: 0] += n }
            }
            result[stream.position.source] = sum
        }
        return result
    }

    @Test func `after 30 days they are one row of their source, and the totals stay`() throws {
        let scratch = try filled()
        let before = try totals(scratch.store)
        #expect(try scratch.store.addUpStreams(at: Instant(0)) == [])
        #expect(try scratch.store.addUpStreams(at: Instant(30 * Self.day)) == [])
        var gone: [Int64] = []
        while true {
            let step = try scratch.store.addUpStreams(at: Instant(31 * Self.day), limit: 7)
            gone += step
            if step.isEmpty { break }
        }
        #expect(gone == (1...39).filter { $0 != 5 })
        #expect(try scratch.store.streams().count == 4)
        #expect(try totals(scratch.store) == before)
        #expect(try scratch.store.breach(within: 1000, clock: { 0 }).detail == nil)
        #expect(try scratch.store.positions().map(\.id) == [5, 40])
        try scratch.reopen()
        #expect(try totals(scratch.store) == before)
    }

    @Test func `one that goes on, and one with lines in quarantine, stay apart`() throws {
        let scratch = try filled()
        try scratch.store.connection.execute(
            "INSERT INTO quarantine(stream, offset, reason, bytes) VALUES (7, 0, 'json', x'00')")
        _ = try scratch.store.addUpStreams(at: Instant(0))
        var checkpoint = Checkpoint()
        var position = Folder.position(9, offset: 10)
        position.source = "odd"
        checkpoint.positions = [position]
        _ = try scratch.store.commit(checkpoint, at: Instant(0))
        let before = try totals(scratch.store)
        let gone = try scratch.store.addUpStreams(at: Instant(31 * Self.day))
        #expect(!gone.contains(7) && !gone.contains(9) && gone.count == 36)
        #expect(try totals(scratch.store) == before)
        #expect(try scratch.store.positions().map(\.id) == [5, 7, 9, 40])
    }
}
