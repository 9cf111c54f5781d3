import Foundation
import GRDB
import TestKit
import Testing

@testable import Store

@Suite struct LeadsReaderFileTests {
    @Test func `reading sees what is only in the WAL, and changes no byte of it`() throws {
        let fixture = try LeadsFixture()
        try fixture.leaveInWAL("UPDATE leads SET score = 99 WHERE contact_id = 3")
        let before = try fixture.contents()
        let first = try LeadsReader.read(path: fixture.path) { try $0.top(1)[0] }
        #expect(first.contactID == 3)
        let after = try fixture.contents()
        #expect(before.count == 3 && after.keys.sorted() == before.keys.sorted())
        for name in ["leads.db", "leads.db-wal"] { #expect(after[name] == before[name]) }
    }

    @Test func `what is missing or no file is told apart`() throws {
        let fixture = try LeadsFixture()
        let none = fixture.directory.path + "/none.db"
        #expect(refusal(none) == .missing(path: none))
        #expect(refusal(fixture.directory.path) == .notAFile(path: fixture.directory.path))
        #expect(refusal("/dev/null") == .notAFile(path: "/dev/null"))
    }

    @Test func `an empty file and an unfinished one are not ready`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("DELETE FROM meta")
        #expect(refusal(fixture.path) == .empty(path: fixture.path))
        try Data().write(to: URL(filePath: fixture.path))
        #expect(refusal(fixture.path) == .empty(path: fixture.path))
        #expect(LeadsError.empty(path: "").exitCode == 75)
    }

    @Test func `a file of somebody else is not taken for ours`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("PRAGMA application_id = 1")
        #expect(refusal(fixture.path)?.exitCode == 65)
        try Data("#!/bin/sh\necho hello, a text of some length\n".utf8)
            .write(to: URL(filePath: fixture.path))
        guard case .foreign = refusal(fixture.path) else {
            Issue.record("a text is taken for a database")
            return
        }
    }

    @Test func `a newer schema is refused with both numbers`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
        #expect(
            refusal(fixture.path)
                == .newer(path: fixture.path, found: 999, known: LeadsSchema.version))
    }

    @Test func `a table that lacks a column is damaged`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("ALTER TABLE leads DROP COLUMN owner")
        #expect(refusal(fixture.path)?.exitCode == 65)
    }

    @Test(arguments: [40, 100, 5000, 8191, 20_000])
    func `a file cut short is damaged, and never ends the program`(length: Int) throws {
        let fixture = try LeadsFixture()
        let bytes = try #require(try fixture.contents()["leads.db"])
        try bytes.prefix(length).write(to: URL(filePath: fixture.path))
        #expect(refusal(fixture.path)?.exitCode == 65)
    }

    @Test func `damage anywhere in the file gives rows or an error, never a crash`() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let fixture = try LeadsFixture()
        let bytes = try #require(try fixture.contents()["leads.db"])
        for _ in 0..<60 {
            var bad = bytes
            for _ in 0..<20 {
                bad[Int(random.next() % UInt64(bad.count - 100)) + 100] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            try bad.write(to: URL(filePath: fixture.path))
            _ = refusal(fixture.path)
        }
    }

    @Test(arguments: [
        (ResultCode.SQLITE_BUSY, Int32(75)), (.SQLITE_CORRUPT, 65), (.SQLITE_NOTADB, 65),
        (.SQLITE_IOERR, 74), (.SQLITE_CANTOPEN, 74), (.SQLITE_PERM, 77), (.SQLITE_MISUSE, 70),
    ])
    func `an error of SQLite has its exit code, and something to do`(code: ResultCode, exit: Int32)
    {
        let error = LeadsFile.explain(DatabaseError(resultCode: code), path: "/nowhere/leads.db")
        #expect(error.exitCode == exit)
        #expect(error.message.contains("/nowhere/leads.db"))
        #expect(!error.remedy.isEmpty)
    }

    /// What a reading of everything is refused with; nil if it is not.
    private func refusal(_ path: String) -> LeadsError? {
        do {
            try LeadsReader.read(path: path) { leads in
                let rows = try leads.top(9)
                for row in rows {
                    _ = try leads.identifiers(of: row.contactID)
                    _ = try leads.explain(row, on: try leads.asOfDay())
                }
                _ = try leads.top(9, segment: "hot")
            }
            return nil
        } catch let error as LeadsError {
            return error
        } catch {
            Issue.record("not an error of ours: \(error)")
            return nil
        }
    }
}
