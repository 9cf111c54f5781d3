import Core
import Foundation
import Glibc
import TestKit
import Testing

@testable import Store

@Suite struct StateFileTests {
    /// Changes a file as another program would, leaving what it writes in the WAL if it is told to.
    private func change(_ scratch: StateScratch, _ sql: [String]) throws {
        scratch.close()
        let connection = try Connection(path: scratch.path, pragmas: [])
        for statement in sql { try connection.execute(statement) }
        // Its files as they are now, as a crash would leave them.
        for suffix in ["", "-wal"] {
            let path = scratch.path + suffix
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.copyItem(atPath: path, toPath: path + ".kept")
        }
        withExtendedLifetime(connection) {}
    }

    private func restore(_ scratch: StateScratch) throws {
        for suffix in ["", "-wal", "-shm"] {
            let path = scratch.path + suffix
            try? FileManager.default.removeItem(atPath: path)
            guard suffix != "-shm" else { continue }
            try FileManager.default.moveItem(atPath: path + ".kept", toPath: path)
        }
    }

    @Test func `the version that counts is the one in the WAL`() throws {
        let scratch = try StateScratch()
        try scratch.commit([OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": "k"])])
        let dump = try scratch.store.canonicalDump()
        try change(
            scratch,
            [
                "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0",
                "PRAGMA user_version = 0", "PRAGMA wal_checkpoint(TRUNCATE)",
                "PRAGMA user_version = \(StateSchema.version)",
            ])
        try restore(scratch)
        try scratch.reopen()
        #expect(try scratch.store.canonicalDump() == dump)
        try change(
            scratch,
            [
                "PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_checkpoint(TRUNCATE)",
                "PRAGMA user_version = 99",
            ])
        try restore(scratch)
        let path = scratch.path
        #expect(
            throws: StoreError.newer(path: path, found: 99, supported: StateSchema.version)
        ) { try scratch.reopen() }
    }

    @Test func `a state from before sightings had rows of their own keeps them`() throws {
        let scratch = try StateScratch()
        try scratch.commit(
            (0..<300).map { number in
                OwnedEvent(
                    at: RandomEvents.start + Int64(number) * 4_000_000_007, type: "click",
                    ["cookie": "k\(number % 200)"])
            })
        _ = try scratch.store.erase(70, at: Instant(RandomEvents.start))
        let dump = try scratch.store.canonicalDump()
        let ids = try scratch.rows("SELECT id FROM identifier").compactMap(Int64.init)
        let updates = try ids.map { id in
            let row = try scratch.store.sightings(SightingRow.key(of: id))
            let times = try #require(row.times(of: id))
            return "UPDATE identifier SET first_seen = \(times.first), last_seen = \(times.last) "
                + "WHERE id = \(id)"
        }
        #expect(updates.count == 199)
        scratch.close()
        do {
            let connection = try Connection(path: scratch.path, pragmas: [])
            for column in ["first_seen", "last_seen"] {
                try connection.execute(
                    "ALTER TABLE identifier ADD COLUMN \(column) INTEGER NOT NULL DEFAULT 0")
            }
            let undone = [
                "ALTER TABLE stream DROP COLUMN seam", "DROP TABLE sighting",
                "PRAGMA user_version = 6",
            ]
            for sql in updates + undone { try connection.execute(sql) }
            try Self.separateCells(connection)
        }
        try scratch.reopen()
        #expect(try scratch.store.canonicalDump() == dump)
        #expect(
            try scratch.rows("SELECT name FROM pragma_table_info('identifier') ORDER BY cid")
                == ["id", "hash", "kind", "value", "root", "ambiguous"])
    }

    @Test func `a state from before cells of neighbours shared rows keeps them`() throws {
        let scratch = try StateScratch()
        var events = RandomEvents(seed: 3, people: 80, days: 300)
        for _ in 0..<3 { try scratch.commit(events.next(400)) }
        _ = try scratch.store.erase(30, at: Instant(RandomEvents.start))
        // One who did more than two bytes of length can tell.
        let first = Day(320 * CellCodec.periodDays)
        let many = (0..<19_200).map { (number: Int) -> DailyCell in
            let tally = Tally(n: 1000, value: 0)
            return DailyCell(
                day: first.adding(number / 300), signal: SignalID(number % 300), tally: tally)
        }
        var heavy = CellRow(CellRow.key(period: 320, identifier: 31), path: scratch.path)
        try heavy.append(31, adding: many[...])
        #expect(heavy.bytes.count > 1 << 16)
        try scratch.store.write(heavy)
        let rows = try scratch.rows("SELECT key || ' ' || hex(packed) FROM cell ORDER BY key")
        let persons = try scratch.store.persons(after: 0, limit: 1000).map { "\($0)" }
        #expect(rows.count > 20 && persons.count > 50)
        scratch.close()
        do {
            let connection = try Connection(path: scratch.path, pragmas: [])
            try Self.separateCells(connection)
            try connection.execute("PRAGMA user_version = 8")
        }
        try scratch.reopen()
        #expect(
            try scratch.rows("SELECT key || ' ' || hex(packed) FROM cell ORDER BY key") == rows)
        #expect(try scratch.store.persons(after: 0, limit: 1000).map { "\($0)" } == persons)
    }

    @Test func `a state with cells too large to share a row is refused and stays as it is`() throws
    {
        let scratch = try StateScratch()
        scratch.close()
        do {
            let connection = try Connection(path: scratch.path, pragmas: [])
            try Self.separateCells(connection)
            for sql in [
                "INSERT INTO cell(key, packed) VALUES (17, x'00030200'), (18, zeroblob(1 << 24))",
                "PRAGMA user_version = 8",
            ] { try connection.execute(sql) }
        }
        let before = try Data(contentsOf: URL(filePath: scratch.path))
        #expect(throws: StoreError.self) { try scratch.reopen() }
        #expect(try Data(contentsOf: URL(filePath: scratch.path)) == before)
    }

    /// Gives each identifier and period a row of its own, as they were up to version 8.
    private static func separateCells(_ connection: Connection) throws {
        try connection.execute(
            "CREATE TABLE separate(key INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT")
        let read = try connection.prepare("SELECT key, packed FROM cell")
        let write = try connection.prepare("INSERT INTO separate(key, packed) VALUES (?, ?)")
        while try read.step() {
            let key = read.int(0)
            var parts = CellParts(key, read.bytes(1), path: connection.path)
            while let part = try parts.next() {
                write.bind(1, Int64(CellRow.period(of: key)) << 40 | part.identifier)
                try write.run(binding: part.cells.array, 2)
            }
        }
        try connection.execute("DROP TABLE cell; ALTER TABLE separate RENAME TO cell")
    }

    @Test func `nobody else can read a state, from its first moment`() throws {
        let scratch = try StateScratch()
        func mode(_ suffix: String) -> mode_t {
            var status = stat()
            return unsafe stat(scratch.path + suffix, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        #expect(mode("") == 0o600 && mode("-wal") == 0o600)
        let directory = scratch.directory
        let made = try Connection(path: directory + "/new.db", mode: 0o640, pragmas: [])
        var status = stat()
        #expect(unsafe stat(made.path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test func `facts that make no sense are damage and no crash`() throws {
        for sql in [
            "UPDATE identifier SET kind = 9", "UPDATE cell SET packed = x'FF'",
            "UPDATE sighting SET packed = x'FF'", "UPDATE sighting SET packed = zeroblob(768)",
            // Of the identifier with number 1: first seen long after it was last seen.
            "UPDATE sighting SET packed = CAST(zeroblob(12) || x'FFFFFFFFFF01010000000000'"
                + " || zeroblob(744) AS BLOB)",
            // Of a signal that there is not.
            "UPDATE cell SET packed = x'0106000000FFFF030200'",
        ] {
            let scratch = try StateScratch()
            try scratch.commit([
                OwnedEvent(at: RandomEvents.start, type: "click", ["email": "a@example.com"])
            ])
            try scratch.store.connection.execute(sql)
            let publishing = try Publishing(
                store: scratch.store, model: RandomEvents.model, day: Day(20_500))
            let leads = try LeadsStore(directory: scratch.directory, latest: 9)
            do throws(StoreError) {
                _ = try scratch.store.persons(after: 0, limit: 10)
                _ = try scratch.store.person(1)
            } catch {
                #expect(error.exitCode == 65, "\(sql)")
                continue
            }
            try leads.publish(try publishing.step([1], after: leads), at: Instant(0))
        }
    }

    @Test func `a state of another zone is refused and stays as it is`() throws {
        let scratch = try StateScratch()
        let path = scratch.path
        scratch.close()
        let before = try Data(contentsOf: URL(filePath: path))
        let zone = try #require(FixedZone("+02:00"))
        #expect(throws: StoreError.zone(path: path, stored: "+00:00", configured: "+02:00")) {
            _ = try StateStore(path: path, zone: zone, random: { _ in [] })
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    /// The power may fail while a state is made.
    @Test(arguments: [nil, "+00:00"])
    func `of an empty file only a daemon makes a state`(zone: String?) throws {
        let scratch = try StateScratch()
        let path = scratch.path
        scratch.close()
        let empty = path + ".empty"
        try Data().write(to: URL(filePath: empty))
        do throws(StoreError) {
            _ = try StateStore(path: empty, zone: zone.flatMap(FixedZone.init), random: { _ in [] })
            Issue.record("opened")
        } catch {
            #expect("\(error)".contains("there is nothing in it"))
        }
        #expect(try Data(contentsOf: URL(filePath: empty)).isEmpty)
        try FileManager.default.removeItem(atPath: path)
        try Data().write(to: URL(filePath: path))
        let store = try StateScratch.open(scratch.directory)
        let secrets = "SELECT count(*) FROM meta WHERE key = 'secret'"
        #expect(try store.connection.integer(secrets) == 1)
    }

    @Test func `what is no state is left alone`() throws {
        let scratch = try StateScratch()
        let path = scratch.path
        scratch.close()
        let foreign = scratch.directory + "/foreign.db"
        let other = try Connection(path: foreign, pragmas: [])
        try other.execute("CREATE TABLE t(x)")
        for (bytes, code) in [
            (try Data(contentsOf: URL(filePath: foreign)), 78 as Int32),
            (Data("nonsense".utf8), 65), (Data(repeating: 0, count: 8192), 65),
        ] {
            try bytes.write(to: URL(filePath: path))
            do throws(StoreError) {
                _ = try StateScratch.open(scratch.directory)
                Issue.record("opened")
            } catch {
                #expect(error.exitCode == code)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        }
    }
}
