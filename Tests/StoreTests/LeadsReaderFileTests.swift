import Foundation
import TestKit
import Testing

@testable import Store

@Suite struct LeadsReaderFileTests {
    @Test func `reading changes no byte of any file`() throws {
        let fixture = try LeadsFixture()
        try fixture.execute("PRAGMA journal_mode = WAL")
        let before = try fixture.contents()
        try LeadsReader.read(path: fixture.path) { _ = try $0.top(5) }
        let after = try fixture.contents()
        #expect(after["leads.db"] == before["leads.db"])
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

    @Test func `a lock that stays is waited for, then said`() throws {
        #expect(LeadsError.busy(path: "x").exitCode == 75)
        #expect(LeadsError.busy(path: "x").remedy.contains("try again"))
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
