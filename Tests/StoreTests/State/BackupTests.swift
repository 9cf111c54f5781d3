import Core
import Foundation
import TestKit
import Testing

@testable import Store

@Suite struct BackupTests {
    @Test func `a copy made between commits holds what was committed at its end`() throws {
        let scratch = try StateScratch()
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = RandomEvents(seed: seed, people: 300)
        let path = scratch.directory + "/copy/state.db"
        try FileManager.default.createDirectory(
            atPath: scratch.directory + "/copy", withIntermediateDirectories: true)
        try scratch.commit(random.next(2000))
        let backup = try StateBackup(of: scratch.store, to: path)
        var steps = 0
        while try !backup.step(pages: 5) {
            steps += 1
            if steps < 20 { try scratch.commit(random.next(50)) }
        }
        #expect(steps > 3)
        let expected = try scratch.store.canonicalDump()
        let sequence = scratch.store.sequence
        try scratch.commit(random.next(50))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let copy = try StateScratch.open(scratch.directory + "/copy")
        #expect(copy.sequence == sequence)
        #expect(try copy.canonicalDump() == expected)
        #expect(try copy.damage(budgetSeconds: 5) == nil)
    }
}
