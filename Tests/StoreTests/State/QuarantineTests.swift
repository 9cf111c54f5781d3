import Core
import Foundation
import TestKit
import Testing

@testable import Store

@Suite struct QuarantineStoreTests {
    private func checkpoint(_ stream: Int64, bad: Int, from offset: Int64 = 0) -> Checkpoint {
        var checkpoint = Checkpoint()
        var tally = StreamTally()
        for place in 0..<bad {
            tally.lines += 1
            tally.count(.json)
            checkpoint.quarantined.append(
                QuarantinedRecord(
                    stream: stream, offset: offset + Int64(place), verdict: .json, bytes: [0x41]))
        }
        checkpoint.tallies[stream] = tally
        checkpoint.positions = [
            StreamPosition(
                id: stream, source: "s\(stream)", path: Array("/p".utf8),
                identity: FileIdentity(device: 1, inode: 1, generation: 1, born: 1),
                offset: offset + Int64(bad))
        ]
        return checkpoint
    }

    @Test func `lines are selected by source and reason, the newest first`() throws {
        let scratch = try StateScratch()
        let now = Instant(RandomEvents.start)
        _ = try scratch.store.commit(checkpoint(1, bad: 3), at: now)
        _ = try scratch.store.commit(checkpoint(2, bad: 2), at: now)
        let store = scratch.store
        #expect(try store.newestQuarantined(.init(), limit: 2).map(\.id) == [5, 4])
        #expect(try store.newestQuarantined(.init(source: "s1"), limit: 9).map(\.id) == [3, 2, 1])
        #expect(try store.newestQuarantined(.init(reason: "nul"), limit: 9).isEmpty)
        #expect(try store.quarantinedCount(.init(source: "s2", reason: "json")) == 2)
        let between = try store.quarantined(.init(), after: 1, through: 4, limit: 2)
        #expect(between.map(\.id) == [2, 3] && between[0].isWhole)
    }

    @Test func `a record moves from one outcome to another with its row, and numbers stay used`()
        throws
    {
        let scratch = try StateScratch()
        let now = Instant(RandomEvents.start)
        _ = try scratch.store.commit(checkpoint(1, bad: 3), at: now)
        var again = Checkpoint()
        var tally = StreamTally()
        tally.recount(.json, as: .noSignal)
        tally.recount(.json, as: .time)
        again.tallies[1] = tally
        again.requeued = [
            RequeuedRecord(id: 3, verdict: .noSignal), RequeuedRecord(id: 2, verdict: .time),
        ]
        _ = try scratch.store.commit(again, at: now)
        let stream = try #require(try scratch.store.streams().first)
        #expect(stream.records == 3 && stream[.quarantined] == 2 && stream[.filtered] == 1)
        #expect(stream.outcomes["quarantined"] == ["json": 1, "ts": 1])
        #expect(try scratch.rows("SELECT reason FROM quarantine ORDER BY id") == ["json", "ts"])
        _ = try scratch.store.commit(checkpoint(1, bad: 1, from: 3), at: now)
        #expect(try scratch.store.newestQuarantined(.init(), limit: 1).map(\.id) == [4])
    }
}
