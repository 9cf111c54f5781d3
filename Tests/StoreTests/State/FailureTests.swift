import Core
import Foundation
import Glibc
import TestKit
import Testing

@testable import Store

/// A state whose writes fail when they are told to.
struct Sabotage {
    private let connection: Connection

    /// Every row that is written to the state counts down; at zero the write fails.
    ///
    /// - Parameter how: `ABORT` undoes the statement, `ROLLBACK` the whole transaction.
    init(_ connection: Connection, how: String) throws {
        self.connection = connection
        try connection.execute("CREATE TEMP TABLE fuse(left INTEGER); INSERT INTO fuse VALUES (-1)")
        for table in [
            "identifier", "cell", "edge", "trait", "stream", "outcome", "quarantine", "duplicate",
            "journal", "meta", "lifetime",
        ] {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                try connection.execute(
                    """
                    CREATE TEMP TRIGGER \(event)_\(table) BEFORE \(event) ON main.\(table) BEGIN
                        SELECT RAISE(\(how), 'sabotage') FROM fuse WHERE left = 0;
                        UPDATE fuse SET left = left - 1 WHERE left > 0;
                    END
                    """)
            }
        }
    }

    func set(_ left: Int) throws { try connection.execute("UPDATE fuse SET left = \(left)") }
}

@Suite struct FailureTests {
    private static let tables = [
        "identifier", "cell", "edge", "trait", "stream", "outcome", "quarantine", "duplicate",
        "journal", "meta",
    ]

    /// Every row of the state, to the last byte.
    private func everything(_ scratch: StateScratch) throws -> [String] {
        try Self.tables.flatMap { table in
            let columns = try scratch.rows("SELECT name FROM pragma_table_info('\(table)')")
            let row = columns.map { "quote(\($0))" }.joined(separator: "||','||")
            return try scratch.rows("SELECT '\(table) '||\(row) FROM \(table) ORDER BY 1")
        }
    }

    private func checkpoints(_ seed: UInt64, _ scratch: StateScratch) -> [Checkpoint] {
        var source = RandomEvents(seed: seed, people: 5, days: 3)
        return (0..<3).map { place in
            var events = source.next(14)
            events.append(OwnedEvent(at: RandomEvents.start, type: "click", ["email": "nobody"]))
            var checkpoint = scratch.folder.checkpoint(of: events)
            if place == 2 { checkpoint.droppedDays = [Day(20_454)] }
            return checkpoint
        }
    }

    @Test(arguments: ["ABORT", "ROLLBACK"], [1, 2, 3] as [UInt64])
    func `a commit that fails at any write changes nothing and succeeds later`(
        how: String, seed: UInt64
    ) throws {
        let scratch = try StateScratch()
        let clean = try StateScratch()
        let sabotage = try Sabotage(scratch.store.connection, how: how)
        for checkpoint in checkpoints(seed, scratch) {
            let before = try everything(scratch)
            let sequence = scratch.store.sequence
            var failures = 0
            var touched: [Int64]?
            while touched == nil {
                try sabotage.set(failures)
                do throws(StoreError) {
                    touched = try scratch.store.commit(checkpoint, at: Instant(7))
                } catch {
                    failures += 1
                    #expect(try everything(scratch) == before, "write \(failures), seed \(seed)")
                    #expect(scratch.store.sequence == sequence, "write \(failures), seed \(seed)")
                }
            }
            #expect(failures > 20)
            try sabotage.set(-1)
            let expected = try clean.store.commit(checkpoint, at: Instant(7))
            #expect(touched == expected)
            #expect(try everything(scratch) == everything(clean), "seed \(seed)")
        }
        #expect(scratch.store.sequence == 3)
        #expect(try StateScratch.rows("PRAGMA integrity_check", scratch.store.connection) == ["ok"])
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a full disk at any page changes nothing and is over when there is space`(
        seed: UInt64
    ) throws {
        let scratch = try StateScratch()
        let clean = try StateScratch()
        var source = RandomEvents(seed: seed, people: 300, days: 300)
        let checkpoint = scratch.folder.checkpoint(of: source.next(1500))
        let before = try everything(scratch)
        var pages = try #require(try scratch.store.connection.integer("PRAGMA page_count"))
        var failures = 0
        var isDone = false
        while !isDone {
            try scratch.store.connection.execute("PRAGMA max_page_count = \(pages)")
            do throws(StoreError) {
                _ = try scratch.store.commit(checkpoint, at: Instant(7))
                isDone = true
            } catch {
                failures += 1
                pages += 7
                #expect(error.isTransient && error.exitCode == 74)
                #expect(try everything(scratch) == before && scratch.store.sequence == 0)
            }
        }
        #expect(failures > 3)
        _ = try clean.store.commit(checkpoint, at: Instant(7))
        #expect(try everything(scratch) == everything(clean))
        #expect(scratch.store.sequence == 1)
    }

    @Test func `counts that do not add up are not committed`() throws {
        let scratch = try StateScratch()
        var checkpoint = scratch.folder.checkpoint(
            of: [OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": "k"])])
        checkpoint.tallies[1]?.records += 1
        let before = try everything(scratch)
        let wrong = checkpoint
        let error = #expect(throws: StoreError.self) {
            try scratch.store.commit(wrong, at: Instant(0))
        }
        #expect(error?.exitCode == 70)
        #expect(try everything(scratch) == before)
    }

    @Test func `a file that is gone or replaced is noticed before the commit`() throws {
        for replace in [false, true] {
            let scratch = try StateScratch()
            let path = scratch.path
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            if replace { try FileManager.default.copyItem(atPath: path + ".away", toPath: path) }
            #expect(throws: StoreError.replaced(path: path)) { try scratch.commit([]) }
        }
    }
}
