import Core
import Foundation
import TestKit
import Testing

@testable import Store

@Suite struct CellRowTests {
    private static let period: Int32 = 319
    private static let day = Day(period * CellCodec.periodDays)

    private static func cell(_ value: Int64) -> DailyCell {
        DailyCell(day: day, signal: 3, tally: Tally(n: 1, value: value))
    }

    /// What is read of a row, by identifier.
    private static func contents(_ row: CellRow) throws -> [Int64: [DailyCell]] {
        var contents: [Int64: [DailyCell]] = [:]
        try withSlice(row.bytes) { bytes in
            var parts = CellParts(row.key, bytes, path: "state.db")
            var cells: [DailyCell] = []
            while let identifier = try parts.next(into: &cells) {
                contents[identifier] = cells
                cells = []
            }
        }
        return contents
    }

    private static func withSlice<T>(
        _ bytes: [UInt8], _ body: (ByteSlice) throws -> T
    ) rethrows -> T {
        try unsafe bytes.withUnsafeBufferPointer { try body(unsafe ByteSlice($0)) }
    }

    @Test func `a row holds what each of its identifiers did`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let first = Int64.random(in: 0..<1000, using: &random) * CellRow.identifiers
            let key = CellRow.key(period: Self.period, identifier: first)
            var row = CellRow(key, path: "state.db")
            var expected: [Int64: [DailyCell]] = [:]
            for identifier in first..<(first + CellRow.identifiers) {
                #expect(CellRow.key(period: Self.period, identifier: identifier) == key)
                guard Bool.random(using: &random) else { continue }
                let cells = (0..<Int.random(in: 0...200, using: &random)).map { number in
                    DailyCell(
                        day: Self.day.adding(number / 4), signal: SignalID(number % 4),
                        tally: Tally(n: .random(in: 1...500, using: &random), value: 0))
                }
                try row.append(identifier, adding: cells[...])
                if !cells.isEmpty { expected[identifier] = cells }
            }
            #expect(CellRow.period(of: key) == Self.period)
            #expect(try Self.contents(row) == expected)
        }
    }

    @Test func `a part that its length cannot tell is refused`() throws {
        var row = CellRow(path: "state.db")
        let largest = [UInt8](repeating: 0, count: CellRow.partLimit)
        try Self.withSlice(largest) { stored in
            try row.append(1, stored[0..<(CellRow.partLimit - 1)], adding: [])
            #expect(throws: StoreError.self) { try row.append(2, stored, adding: []) }
        }
    }

    @Test(arguments: [
        // Without a length, without cells, with more and with less than its length says.
        "01", "010400", "01000000", "0103000000030200", "0105000000030200",
        // Numbers that do not ascend, one that is too large, and a cell that does not end.
        "01040000000302000104000000030200", "02040000000302000104000000030200",
        "1004000000030200", "0104000000838280",
    ])
    func `a row that is packed otherwise is damaged for whoever reads it`(hex: String) throws {
        let scratch = try StateScratch()
        let event = OwnedEvent(at: RandomEvents.start, type: "click", ["email": "a@example.com"])
        try scratch.commit([event])
        let checkpoint = scratch.folder.checkpoint(of: [event])
        let store = scratch.store
        try store.connection.execute("UPDATE cell SET packed = x'\(hex)'")
        let key = try #require(try scratch.rows("SELECT key FROM cell").first)
        let names = scratch.folder.names
        let late = Retention(days: 1, on: Day(30_000), purchase: nil)
        var purchases = PurchaseCollector(of: 0)
        let readers: [(String, () throws -> Void)] = [
            ("person", { _ = try store.person(1) }),
            ("persons", { _ = try store.persons(after: 0, limit: 9) }),
            ("mass", { _ = try store.mass(names) }), ("dump", { _ = try store.canonicalDump() }),
            ("purchases", { _ = try purchases.advance(in: store, limit: 9) }),
            ("retention", { _ = try store.addUpCells(after: -1, before: late) }),
            ("erasure", { _ = try store.erase(1, at: Instant(0)) }),
            ("commit", { _ = try store.commit(checkpoint, at: Instant(0)) }),
        ]
        let detail = "row \(key) of cell is not packed as it should be"
        for (reader, read) in readers {
            #expect(throws: StoreError.damaged(path: scratch.path, detail: detail), "\(reader)") {
                try read()
            }
        }
        #expect(try scratch.rows("SELECT hex(packed) FROM cell") == [hex])
    }

    @Test func `who goes leaves neighbours as they are, and nothing in the file`() throws {
        let scratch = try StateScratch()
        let values: [Int64] = [0x5A_1234_5678, 0x6B_4321_8765, 0x7C_ABCD_EF01]
        for name in ["a", "b", "c"] {
            try scratch.commit([
                OwnedEvent(at: RandomEvents.start, type: "click", ["cookie": name])
            ])
        }
        var row = CellRow(CellRow.key(period: Self.period, identifier: 1), path: scratch.path)
        var packed: [[UInt8]] = []
        for (value, identifier) in zip(values, 1...) {
            var bytes: [UInt8] = []
            CellCodec.encode([Self.cell(value)], into: &bytes)
            packed.append(bytes)
            try row.append(Int64(identifier), adding: [Self.cell(value)])
        }
        try scratch.store.connection.execute("DELETE FROM cell")
        try scratch.store.write(row)
        scratch.store.connection.checkpointWAL(truncate: true)
        func inFile() throws -> [Bool] {
            let file = try Data(contentsOf: URL(filePath: scratch.path))
            return packed.map { file.range(of: Data($0)) != nil }
        }
        #expect(try inFile() == [true, true, true])
        _ = try scratch.store.erase(2, at: Instant(RandomEvents.start))
        #expect(try inFile() == [true, false, true])
        #expect(
            try scratch.store.persons(after: 0, limit: 9).map { $0.members[0].cells }
                == [[Self.cell(values[0])], [Self.cell(values[2])]])
        for identifier in [Int64(1), 3] {
            _ = try scratch.store.erase(identifier, at: Instant(RandomEvents.start))
        }
        #expect(try scratch.rows("SELECT count(*) FROM cell") == ["0"])
        #expect(try inFile() == [false, false, false])
    }
}
