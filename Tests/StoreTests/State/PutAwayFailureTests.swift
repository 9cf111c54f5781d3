import Core
import TestKit
import Testing

@testable import Store

@Suite struct PutAwayFailureTests {
    /// Everything that a new day puts away, from the beginning, in small steps.
    private static func putAway(_ scratch: StateScratch, on day: Day) throws {
        var identifier: Int64? = 0
        while let id = identifier {
            identifier = try scratch.store.expireCookies(
                after: id, on: day, in: .utc, at: Instant(1), looking: 9, limit: 2
            ).last
        }
        let retention = Retention(
            days: 60, on: day, purchase: scratch.folder.names.number("purchase"))
        var row: Int64? = -1
        while let key = row {
            row = try scratch.store.addUpCells(after: key, before: retention, limit: 3)
        }
    }

    @Test(arguments: ["ABORT", "ROLLBACK"], [1, 2, 3] as [UInt64])
    func `wherever it fails and begins again, each count is put away exactly once`(
        how: String, seed: UInt64
    ) throws {
        var source = RandomEvents(seed: seed, people: 30, days: 300)
        let events = source.next(120)
        let day = Day(of: Instant(RandomEvents.start), in: .utc).adding(300)
        let clean = try StateScratch()
        try clean.commit(events)
        try Self.putAway(clean, on: day)

        let scratch = try StateScratch()
        try scratch.commit(events)
        let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }
        let sabotage = try Sabotage(scratch.store.connection, how: how)
        var fuse = 0
        while true {
            try sabotage.set(fuse)
            do throws(any Error) {
                try Self.putAway(scratch, on: day)
                break
            } catch {
                #expect("\(error)".contains("sabotage"))
            }
            try sabotage.set(-1)
            let mass = try scratch.store.mass(scratch.folder.names)
            #expect(try mass + scratch.store.departed() == applied, "seed \(seed), fuse \(fuse)")
            fuse += 1
        }
        try sabotage.set(-1)
        #expect(fuse > 5)
        #expect(try scratch.store.canonicalDump() == clean.store.canonicalDump(), "seed \(seed)")
        #expect(try scratch.store.departed() == clean.store.departed())
        // Whoever is named now is found, whatever the memory of identifiers held when it failed.
        let more = source.next(40)
        try scratch.commit(more)
        try clean.commit(more)
        #expect(try scratch.store.canonicalDump() == clean.store.canonicalDump(), "seed \(seed)")
    }
}
