import Core
import TestKit
import Testing

@testable import Store

@Suite struct MachineTests {
    /// A state that tells machines from people.
    private final class Watched {
        let scratch: StateScratch
        private(set) var names: NameTable
        private(set) var folder: Folder
        let model: Model

        init(_ model: Model = MachineReference.model) throws {
            self.model = model
            scratch = try StateScratch()
            names = NameTable()
            folder = Folder(hash: scratch.store.hash, names: names)
            try begin()
        }

        func begin(on day: Day = Day(of: Instant(MailClicks.midnight * 1000), in: .utc)) throws {
            names = try scratch.store.intern(
                signals: model.signals.map(\.name), topics: model.topics.map(\.name))
            let names = names
            folder = Folder(
                hash: scratch.store.hash, names: names, folder.deduplicator, model: model)
            scratch.store.machines = MachineWatch(
                model, on: day, number: { names.number($0) },
                twin: { names.number($0, .machineTwin) },
                rule: { names.number($0.name, .originRule) })
        }

        @discardableResult
        func commit(_ events: some Sequence<OwnedEvent>) throws -> [Int64] {
            let checkpoint = folder.checkpoint(of: events)
            let touched = try scratch.store.commit(checkpoint, at: Instant(0))
            let applied = try scratch.store.streams().reduce(0) { $0 + $1[.applied] }
            #expect(try scratch.store.mass(names) + scratch.store.departed() == applied)
            return touched
        }

        func reopen() throws {
            try scratch.reopen()
            try begin()
        }

        var cells: [String] {
            get throws {
                try scratch.store.canonicalDump().split(separator: "\n").map(String.init)
                    .filter { $0.hasPrefix("cell") }.sorted()
            }
        }

        func counts(_ who: String) throws -> [String] {
            try cells.filter { $0.contains(" \(who) ") }.map { line in
                let words = line.split(separator: " ")
                return "\(words[3]) \(words[4])"
            }
        }
    }

    private static func click(
        _ link: String, _ second: Int64, _ who: String = "ann@x.example", message: String = "m",
        _ fields: [String: String] = [:]
    ) -> OwnedEvent {
        let own = ["email": who, "url": link, "message": message]
        return OwnedEvent(
            at: (MailClicks.midnight + second) * 1000, type: "click",
            own.merging(fields) { $1 })
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `what is set aside does not depend on the order of lines, nor on how they were committed`(
        seed: UInt64
    ) throws {
        var source = MailClicks(seed: seed)
        var random = SeededGenerator(seed: seed)
        let events = source.next()
        let expected = MachineReference(events: events).cells
        #expect(expected.contains { $0.contains("machine:sweep") }, "seed \(seed)")
        var dumps: Set<String> = []
        for parts in [1, 4, 40] {
            let watched = try Watched()
            var rest = events.shuffled(using: &random)
            while !rest.isEmpty {
                let most = max(1, events.count / parts * 2)
                let count = parts == 1 ? rest.count : Int.random(in: 1...most, using: &random)
                try watched.commit(rest.prefix(count))
                rest.removeFirst(min(count, rest.count))
                if random.oneIn(4) { try watched.reopen() }
            }
            #expect(try watched.cells == expected, "seed \(seed), \(parts) parts")
            dumps.insert(try watched.scratch.store.canonicalDump())
        }
        #expect(dumps.count == 1, "seed \(seed)")
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `deltas that were merged are judged as one`(seed: UInt64) throws {
        var source = MailClicks(seed: seed)
        let events = source.next()
        let watched = try Watched()
        var one = watched.folder.checkpoint(of: events.prefix(60))
        let two = watched.folder.checkpoint(of: events.dropFirst(60))
        one.facts.merge(two.facts)
        one.tallies[1]?.add(two.tallies[1] ?? StreamTally())
        one.positions = two.positions
        _ = try watched.scratch.store.commit(one, at: Instant(0))
        #expect(try watched.cells == MachineReference(events: events).cells, "seed \(seed)")
    }

    @Test func `a gateway's sweep is taken back though its clicks came one by one`() throws {
        let watched = try Watched()
        try watched.commit([Self.click("/a", 70), Self.click("/b", 95)])
        #expect(try watched.counts("email:ann@x.example") == ["click 2"])
        for link in 0..<5 { try watched.commit([Self.click("/l\(link)", 200 + Int64(link / 3))]) }
        #expect(
            try watched.counts("email:ann@x.example") == [
                "click 2", "click:machine 5", "machine:sweep 5",
            ])
    }

    @Test func `two links of one message in the same second are no person's`() throws {
        let watched = try Watched()
        try watched.commit([Self.click("/a", 5), Self.click("/a", 5), Self.click("/b", 6)])
        #expect(try watched.counts("email:ann@x.example") == ["click 3"])
        try watched.commit([Self.click("/b", 5, message: "other")])
        #expect(try watched.counts("email:ann@x.example") == ["click 4"])
        try watched.commit([Self.click("/b", 5)])
        let counts = try watched.counts("email:ann@x.example")
        #expect(counts == ["click 1", "click:machine 4", "machine:sweep 4", "tested 2"])
    }

    @Test func `a share of a message is given back when the message turns out to have more links`()
        throws
    {
        let watched = try Watched()
        try watched.commit((0..<3).map { Self.click("/\($0)", Int64($0)) })
        #expect(try watched.counts("email:ann@x.example").contains("machine:sweep 3"))
        let touched = try watched.commit([Self.click("/other", 9000, "bob@x.example")])
        #expect(try watched.counts("email:ann@x.example") == ["click 3"])
        #expect(touched.count == 2, "both have to be published anew")
    }

    @Test(arguments: [false, true])
    func `a verdict reaches over the end of a row, whichever side comes first`(
        isReversed: Bool
    ) throws {
        let watched = try Watched()
        // 2,432 s after this midnight a row of 1,024 s ends.
        let ann = [Self.click("/a", 2429), Self.click("/trap", 2435)]
        let bob = (0..<3).map {
            Self.click("/\($0)", 2430 + Int64($0), "bob@x.example", message: "b")
        }
        for event in isReversed ? (ann + bob).reversed() : ann + bob { try watched.commit([event]) }
        let ofAnn = try watched.counts("email:ann@x.example")
        #expect(ofAnn == ["click:machine 2", "machine:honeypot 2", "tested 1"])
        #expect(
            try watched.counts("email:bob@x.example") == ["click:machine 3", "machine:sweep 3"])
        #expect(try watched.scratch.rows("SELECT count(*) FROM trace") == ["4"])
    }

    @Test func `around a honeypot everything is a machine's but what a shop says`() throws {
        let watched = try Watched()
        let order = OwnedEvent(
            at: (MailClicks.midnight + 3) * 1000, type: "order", ["email": "ann@x.example"],
            value: 5)
        var visit = Self.click("/service", 10)
        visit.type = "visit"
        try watched.commit([visit, order, Self.click("/a", -10), Self.click("/a", 11)])
        try watched.commit([Self.click("/trap/x", 0)])
        // The click 10 s before lies on the day before.
        #expect(
            try watched.counts("email:ann@x.example") == [
                "click:machine 1", "machine:honeypot 1", "tested 1", "click 1", "click:machine 1",
                "machine:honeypot 2", "order 1", "visit:machine 1",
            ])
    }

    @Test func `what was done is forgotten after two days, and what is set aside stays`() throws {
        let watched = try Watched()
        try watched.commit((0..<6).map { Self.click("/\($0)", 0) })
        let before = try watched.cells
        let day = Day(of: Instant(MailClicks.midnight * 1000), in: .utc)
        try watched.begin(on: day.adding(2))
        let kept = watched.scratch.store.machines?.start ?? 0
        #expect(try watched.scratch.store.forgetTraces(before: kept))
        #expect(try watched.scratch.rows("SELECT count(*) FROM trace") == ["1"])
        try watched.begin(on: day.adding(3))
        let start = watched.scratch.store.machines?.start ?? 0
        #expect(try watched.scratch.store.forgetTraces(before: start, limit: 1) == false)
        #expect(try watched.scratch.store.forgetTraces(before: start, limit: 1))
        for table in ["trace", "share", "message_link"] {
            #expect(try watched.scratch.rows("SELECT count(*) FROM \(table)") == ["0"])
        }
        #expect(try watched.cells == before)
        try watched.commit([Self.click("/late", 0)])
        #expect(try watched.counts("email:ann@x.example").contains("click 1"))
    }

    @Test func `of an erased person nothing is remembered`() throws {
        let watched = try Watched()
        try watched.commit((0..<6).map { Self.click("/\($0)", Int64($0)) })
        try watched.commit((0..<6).map { Self.click("/\($0)", Int64($0), "bob@x.example") })
        let store = watched.scratch.store
        let contact = try #require(try store.persons(after: 0, limit: 9).first?.contact)
        _ = try store.erase(contact, at: Instant(0))
        #expect(try watched.scratch.rows("SELECT count(*) FROM trace") == ["1"])
        #expect(
            try watched.scratch.rows("SELECT count(*) FROM share WHERE trace & \(contact) = 0")
                == watched.scratch.rows("SELECT count(*) FROM share"))
        // Who was erased is named by lines that were read before.
        try watched.commit((0..<6).map { Self.click("/\($0)", Int64($0)) })
        #expect(try watched.scratch.rows("SELECT count(*) FROM trace") == ["1"])
    }

    @Test func `rules that are turned off set nothing aside`() throws {
        var model = MachineReference.model
        model.machines.sameSecond = nil
        model.machines.sweepLinks = nil
        model.machines.sweepShare = nil
        let watched = try Watched(model)
        try watched.commit((0..<15).map { Self.click("/\($0)", 0) })
        #expect(try watched.counts("email:ann@x.example") == ["click 15"])
        try watched.commit([Self.click("/15", 0)])
        #expect(
            try watched.counts("email:ann@x.example").contains("click:machine 16"),
            "no person follows more links in a second than are told apart")
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `what is packed is unpacked, and nothing else`(seed: UInt64) {
        var source = MailClicks(seed: seed)
        var random = SeededGenerator(seed: seed)
        var seconds: [TracedSecond] = []
        for number in 0..<Int.random(in: 0...6, using: &random) {
            var second = TracedSecond(second: 5 * 1024 + Int64(number * 170))
            second.isHoneypot = random.oneIn(2)
            second.links = (0..<Int.random(in: 0...16, using: &random)).map { _ in random.next() }
            second.clicks.events = Int64.random(in: 0...9, using: &random)
            second.clicks.shifts = [Shift(signal: 7, tally: Tally(n: -3, value: .min))]
            second.clicks.aside = random.pick([nil, .sweep, .honeypot])
            second.others.aside = random.pick([nil, .honeypot])
            seconds.append(second)
        }
        _ = source.next()
        var bytes: [UInt8] = []
        TraceCodec.encode(seconds[...], into: &bytes)
        func decode(_ bytes: [UInt8]) -> [TracedSecond]? {
            var found: [TracedSecond] = []
            let isRead = unsafe bytes.withUnsafeBufferPointer {
                TraceCodec.decode(unsafe ByteSlice($0), row: 5, into: &found)
            }
            return isRead ? found : nil
        }
        #expect(decode(bytes) == seconds, "seed \(seed)")
        for count in 0..<bytes.count {
            if let found = decode(Array(bytes.prefix(count))) {
                #expect(found == Array(seconds.prefix(found.count)) && found.count < seconds.count)
            }
        }
        for _ in 0..<20 where !bytes.isEmpty {
            var broken = bytes
            broken[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
            _ = decode(broken)  // may mean something else, but does no harm
        }
    }
}
