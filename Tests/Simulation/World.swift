import Core
import Glibc
import Ingest
import TestKit

/// Writers, rotation, compression, power cuts and a daemon, all by one seed; and the model, which is
/// the multiset of complete lines:
///
/// A line that stands in a file under the patterns at the end counts once. So does one that stood in
/// a file that was removed after all had been read. Any other counts at most once.
package final class World {
    let disk: SimulatedDisk
    let counter: any LineCounter
    var random: SeededGenerator
    private(set) var now: Int64 = 0
    private let clock = Time()
    private var number = 0
    /// Lines that must have been counted although their file is gone.
    private var settled: Set<String> = []
    /// Lines shortly before a cut, which may count once more for each; and lines that a cut may have spoilt.
    private var mayDouble: [String: Int64] = [:]
    private var maySpoil: Set<String> = []
    /// Files that somebody still writes to, whatever their names are.
    var writers: [SimulatedDisk.Node] = []
    /// What rotation is at, step by step; a step that is done gives false.
    var job: (() -> Bool)?
    /// Whether that is a copy.
    var isCopying = false
    private var isMeddling = false
    private var isQuiet = false
    /// Whether reading did not come to an end although nothing was written.
    private var isEndless = false
    private let banner: [UInt8]
    /// Whether lines are such as the real store is asked about.
    private let isStored: Bool
    /// Lines with an id, which may be written again.
    private var told: [(cookie: String, line: [UInt8])] = []
    /// Called with what happens.
    var trace: ((String) -> Void)?

    private final class Time { var now: Int64 = 0 }

    init(seed: UInt64, subject: Subject) {
        random = SeededGenerator(seed: seed)
        disk = SimulatedDisk(
            openFilesLimit: Int.random(in: 4...9, using: &random),
            hasGenerations: !random.oneIn(4))
        let length = random.pick([0, 0, 8])
        banner = length == 0 ? [] : Array(repeating: 0x23, count: length) + [0x0A]
        let clock = clock
        counter =
            switch subject {
            case .daemon(let bug): SimulatedDaemon(disk, bug: bug, clock: { clock.now })
            case .stored(let bug):
                StoredDaemon(disk, seed: seed, bug: bug, clock: { clock.now })
            case .tail: TailCounter(disk)
            }
        isStored = counter is StoredDaemon
        disk.beforeCall = { [unowned self] call in meddle(before: call) }
    }

    func chance(_ count: Int) -> Bool { random.oneIn(count) }
    func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    func say(_ text: @autoclosure () -> String) { trace?(text()) }

    func pass(_ milliseconds: Int64) {
        now += milliseconds
        clock.now = now
    }

    // MARK: Lines

    private func line() -> [UInt8] {
        if isStored, !told.isEmpty, chance(8) { return random.pick(told).line }
        number += 1
        let filler = String(repeating: "x", count: chance(20) ? below(3000) : below(20))
        if isStored {
            let hasID = chance(3)
            let line = StoredLine.text(number, filler: filler, hasID: hasID)
            if hasID { told.append(("c\(number)", line)) }
            return line
        }
        return Array(
            #"{"ts":1700000000000,"type":"identify","cookie":"c\#(number)","u":"\#(filler)"}"#.utf8)
    }

    func create(_ path: String) -> SimulatedDisk.Node { disk.create(path, banner) }

    /// Writes whole lines, after completing the one that is there in part.
    func write(_ count: Int, to node: SimulatedDisk.Node) {
        if let rest = node.rest {
            // A writer that was silent for so long on a file that was rotated away is dead.
            guard isCurrent(node) || now - rest.since < 40_000 else { return }
            disk.append(rest.bytes + [0x0A], to: node)
            node.rest = nil
        }
        for _ in 0..<count {
            let line = line()
            noteSpoilt(line, in: node)
            disk.append(line + [0x0A], to: node)
        }
    }

    /// Begins a line and leaves it at that.
    func begin(_ node: SimulatedDisk.Node) {
        guard node.rest == nil else { return }
        let line = line()
        noteSpoilt(line, in: node)
        let count = 1 + below(line.count - 1)
        disk.append(line.prefix(count), to: node)
        node.rest = (Array(line.dropFirst(count)), now)
    }

    /// What has no id and is written below where a file was cut off may be taken for what was there.
    private func noteSpoilt(_ line: [UInt8], in node: SimulatedDisk.Node) {
        guard node.bytes.count < node.cutFrom, !told.contains(where: { $0.line == line }) else {
            return
        }
        maySpoil.formUnion(Self.cookies(in: line[...]))
    }

    func isCurrent(_ node: SimulatedDisk.Node) -> Bool {
        disk.names.contains { $0.key.hasSuffix(".log") && $0.value === node }
    }

    // MARK: What happens at bad moments

    /// Lets something happen before a call of the follower, or lets the call fail.
    private func meddle(before call: String) -> Int32? {
        guard !isMeddling, !isQuiet else { return nil }
        isMeddling = true
        defer { isMeddling = false }
        if chance(40) { rotateOrWrite() }
        guard call == "pread" || call == "open" || call == "opendir", chance(150) else {
            return nil
        }
        say("\(call) fails")
        return random.pick([EIO, EACCES, EMFILE, EINTR, ENOMEM])
    }

    /// The end of a file is gone. What is written next is joined to the stump.
    func cut(_ node: SimulatedDisk.Node, to size: Int) {
        let lost = node.bytes.count - size
        guard lost > 0 else { return }
        say("cut \(node.inode) from \(node.bytes.count) to \(size)")
        let doubt = max(0, size - 5 * lost - 4096)
        for cookie in Self.cookies(in: node.bytes[doubt..<size]) {
            mayDouble[cookie, default: 0] += 1
        }
        node.cutFrom = max(node.cutFrom, node.bytes.count)
        maySpoil.formUnion(Self.allCookies(in: node.bytes[size...]))
        disk.truncate(node, to: size)
        node.rest = nil
        guard let last = node.bytes.last, last != 0x0A else { return }
        let start = (node.bytes.lastIndex(of: 0x0A) ?? -1) + 1
        disk.append(line() + [0x0A], to: node)
        maySpoil.formUnion(Self.allCookies(in: node.bytes[start...]))
    }

    func powerCut() {
        say("power cut")
        // A copy that is never completed stays beside its original, which is another story.
        if isCopying { while job != nil { step() } }
        for (_, node) in disk.names.sorted(by: { $0.key < $1.key }) where node.content == nil {
            let unsynced = node.bytes.count - node.synced
            if unsynced > 0, chance(2) { cut(node, to: node.bytes.count - below(unsynced + 1)) }
            node.synced = node.bytes.count
        }
        job = nil
        writers = []
        counter.crash()
    }

    // MARK: The end

    /// Reads everything that can be read.
    func settle() {
        while job != nil { step() }
        isQuiet = true
        defer { isQuiet = false }
        say("settle")
        for _ in 0..<30 {
            pass(6000)
            counter.discover()
            var turns = 0
            while turns < 5000, counter.turn() { turns += 1 }
            if turns == 5000 { isEndless = true }
            counter.commit(hasSpace: true, dies: false)
        }
    }

    /// Goes on with what rotation is at.
    func step() {
        guard job?() == false else { return }
        job = nil
        isCopying = false
    }

    /// Everything is read: what the file holds counts for good.
    func remember(_ node: SimulatedDisk.Node) {
        settled.formUnion(Self.cookies(in: (node.content ?? node.bytes)[...]))
    }

    /// What is lost or doubled, and which laws are broken.
    func difference() -> [String] {
        var must = settled
        for node in disk.names.values {
            must.formUnion(Self.cookies(in: (node.content ?? node.bytes)[...]))
        }
        must.subtract(maySpoil)
        let counts = counter.counts
        let known = Set(told.map(\.cookie))
        var result = counter.breaches
        if isEndless { result.append("reading never ends") }
        for cookie in must.sorted() where counts[cookie] ?? 0 < 1 {
            result.append("\(cookie) lost")
        }
        for (cookie, count) in counts.sorted(by: { $0.key < $1.key })
        where count > 1 + (known.contains(cookie) ? 0 : mayDouble[cookie, default: 0]) {
            result.append("\(cookie) counted \(count) times")
        }
        return result
    }

    /// The cookies of the whole lines in some bytes.
    static func cookies(in bytes: ArraySlice<UInt8>) -> Set<String> {
        var result: Set<String> = []
        for line in bytes.split(separator: 0x0A) where line.first == 0x7B && line.last == 0x7D {
            result.formUnion(allCookies(in: line))
        }
        return result
    }

    /// The cookies that are named anywhere in some bytes.
    private static func allCookies(in bytes: ArraySlice<UInt8>) -> Set<String> {
        var result: Set<String> = []
        var rest = bytes
        while let place = rest.firstRange(of: Array(#""cookie":""#.utf8)) {
            rest = rest[place.upperBound...]
            result.insert(String(decoding: rest.prefix { $0 != 0x22 }, as: UTF8.self))
        }
        return result
    }
}
