import Core
import Foundation
import Ingest
import Testing

/// Random actions of writers, rotation and crashes against a model of one line: every complete line
/// that can still be reached is handed over exactly once.
@Suite struct RandomActionTests {
    @Test func `whatever happens to the files, each complete line is counted once`() {
        // SEED=n begins with that seed, SEEDS=n tries so many.
        let first = Self.setting("SEED") ?? UInt64.random(in: 0...UInt64.max / 2)
        print("seed \(first)")
        for seed in first..<(first + (Self.setting("SEEDS") ?? 100)) {
            var world = World(seed: seed)
            for _ in 0..<120 { world.act() }
            world.finish()
            let difference = world.difference()
            #expect(difference.isEmpty, "seed \(seed): \(difference)")
            if !difference.isEmpty { break }
        }
    }
}

extension RandomActionTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }
}

private struct World {
    private var random: Generator
    private let reading: Reading
    private var number = 0
    /// Every line that was completed, and those that a crash made the reader forget.
    private var written: [String: Int] = [:]
    private var counted: [String: Int] = [:]
    private var nameless: [MemoryFileSystem.Node] = []

    init(seed: UInt64) {
        random = Generator(seed: seed)
        let files = MemoryFileSystem()
        files.hasGenerations = random.next(4) > 0
        files.openFilesLimit = 2 + random.next(6)
        reading = Reading(files)
    }

    private var names: [String] { reading.files.nodes.keys.sorted() }

    mutating func act() {
        let name = "/log/\(["a", "b", "c"][random.next(3)]).log"
        switch random.next(21) {
        case 0...5: write(to: name)
        case 6: partial(to: name)
        case 7, 8: rotate(name)
        case 9: copyTruncate(name)
        case 10: lateWrite()
        case 11: remove(name)
        case 12: crash()
        case 13: commit()
        case 14: reading.now += Int64(random.next(90_000))
        case 15, 16: look()
        case 17: touch(name)
        default: for _ in 0..<random.next(4) { _ = reading.turn() }
        }
    }

    private mutating func line() -> String {
        number += 1
        let line = "line \(number) " + String(repeating: "x", count: random.next(60))
        written[line, default: 0] += 1
        return line + "\n"
    }

    private mutating func write(to name: String) {
        var text = ""
        for _ in 0...random.next(5) { text += line() }
        // A partial line that stands there is completed by the first of them.
        if let node = reading.files.nodes[name], let last = node.bytes.last, last != 0x0A {
            complete(node)
        }
        reading.files.append(name, text)
    }

    /// Ends the partial line of a file, which makes it a line.
    private mutating func complete(_ node: MemoryFileSystem.Node) {
        let start = (node.bytes.lastIndex(of: 0x0A) ?? -1) + 1
        reading.files.append(to: node, "\n")
        written[String(decoding: node.bytes[start...].dropLast(), as: UTF8.self), default: 0] += 1
    }

    private mutating func partial(to name: String) {
        number += 1
        reading.files.append(name, "part \(number) ")
    }

    private mutating func rotate(_ name: String) {
        guard let node = reading.files.nodes[name] else { return }
        shift(name)
        reading.files.rename(name, "\(name).1")
        if random.next(3) == 0 { nameless.append(node) }
        if random.next(2) == 0 { reading.files.create(name) }
    }

    /// Makes room for the next rotated name.
    private func shift(_ name: String) {
        for place in (1...99).reversed() where reading.files.nodes["\(name).\(place)"] != nil {
            reading.files.rename("\(name).\(place)", "\(name).\(place + 1)")
        }
    }

    private mutating func copyTruncate(_ name: String) {
        guard let node = reading.files.nodes[name], node.bytes.last == 0x0A else { return }
        shift(name)
        reading.files.copy(name, "\(name).1")
        if random.next(3) == 0 { look() }
        reading.files.truncate(name)
        if random.next(2) == 0 { write(to: name) }
        look()
    }

    /// A writer that still has the renamed file open.
    private mutating func lateWrite() {
        nameless.removeAll { $0.links == 0 }
        guard let node = nameless.first, node.bytes.last ?? 0x0A == 0x0A else { return }
        reading.files.append(to: node, line())
    }

    /// Deletes a file that was read to its end.
    private mutating func remove(_ name: String) {
        let oldest = names.last { $0.hasPrefix(name) }
        guard let oldest, reading.files.nodes[oldest]?.bytes.last ?? 0x0A == 0x0A else { return }
        finishReading()
        reading.files.remove(oldest)
        reading.wait(seconds: 5)
        commit()
    }

    /// Gives a file a time that is no guide to anything.
    private mutating func touch(_ name: String) {
        reading.files.nodes[name]?.touched = Int64(random.next(1 << 40)) - 1 << 39
    }

    private mutating func finishReading() {
        reading.settle()
        reading.wait(seconds: 65)
        commit()
    }

    private mutating func commit() {
        reading.commit()
        for line in reading.drain() { counted[line, default: 0] += 1 }
    }

    /// What was handed over and not committed is forgotten, facts and positions alike.
    private mutating func crash() {
        _ = reading.drain()
        reading.restart()
        look()
    }

    private func look() {
        reading.now += 200
        reading.follower.discover()
    }

    mutating func finish() {
        finishReading()
    }

    /// What is lost or doubled.
    func difference() -> [String] {
        Set(written.keys).union(counted.keys).sorted().compactMap { line in
            let expected = written[line] ?? 0
            let found = counted[line] ?? 0
            return expected == found
                ? nil : "\(line.prefix(12)): \(expected) written, \(found) counted"
        }
    }
}

private struct Generator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
