import Core
import TestKit
import Testing

@Suite("CellCodec")
struct CellCodecTests {
    private static func random(_ random: inout SeededGenerator, period: Int32) -> [DailyCell] {
        var cells: [UInt64: DailyCell] = [:]
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let day = period * 64 + Int32.random(in: 0..<64, using: &random)
            let signal = random.pick([1, 2, 127, 128, 65_000] as [SignalID])
            let n = random.pick([1, -1, 2, 64, .max, .min] as [Int64])
            cells[UInt64(day) << 16 | UInt64(signal)] = DailyCell(
                day: Day(day), signal: signal,
                tally: Tally(n: n, value: random.pick([0, 0, 199_900, .min, .max])))
        }
        return cells.sorted { $0.key < $1.key }.map(\.value)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `what is packed is unpacked the same`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let cells = Self.random(&random, period: 320)
        var bytes: [UInt8] = []
        CellCodec.encode(cells[...], into: &bytes)
        var back: [DailyCell] = []
        let isRead = unsafe bytes.withUnsafeBufferPointer {
            CellCodec.decode(unsafe ByteSlice($0), period: 320, into: &back)
        }
        #expect(isRead)
        #expect(back == cells, "seed \(seed)")
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `adding to a packed row adds equal cells up and keeps the order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let left = Self.random(&random, period: 3)
        let right = Self.random(&random, period: 3)
        var expected: [UInt64: DailyCell] = [:]
        for cell in left + right {
            let key = UInt64(cell.day.number) << 16 | UInt64(cell.signal)
            expected[
                key,
                default: DailyCell(day: cell.day, signal: cell.signal, tally: Tally(n: 0, value: 0))
            ]
            .tally.add(cell.tally)
        }
        var packed: [UInt8] = []
        CellCodec.encode(left[...], into: &packed)
        var bytes: [UInt8] = []
        let isAdded = unsafe packed.withUnsafeBufferPointer {
            CellCodec.add(right[...], to: unsafe ByteSlice($0), into: &bytes)
        }
        #expect(isAdded)
        var merged: [DailyCell] = []
        let isRead = unsafe bytes.withUnsafeBufferPointer {
            CellCodec.decode(unsafe ByteSlice($0), period: 3, into: &merged)
        }
        #expect(isRead)
        let wanted = expected.sorted { $0.key < $1.key }.map(\.value)
            .filter { $0.tally != Tally(n: 0, value: 0) }
        #expect(merged == wanted, "seed \(seed)")
    }

    @Test func `damaged bytes are refused, never trapped on`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var cells: [DailyCell] = []
            unsafe bytes.withUnsafeBufferPointer {
                let isRead = CellCodec.decode(unsafe ByteSlice($0), period: 1, into: &cells)
                if !isRead { #expect(cells.isEmpty) }
                var added: [UInt8] = []
                _ = CellCodec.add(
                    Self.random(&random, period: 1)[...], to: unsafe ByteSlice($0), into: &added)
            }
        }
    }
}
