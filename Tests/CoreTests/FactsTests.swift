import Core
import TestKit
import Testing

/// The facts as anyone would write them down first: dictionaries of identifiers.
private struct SlowFacts {
    var seen: [Identifier: (Int64, Int64)] = [:]
    var cells: [String: Tally] = [:]
    var edges: [String: (Int64, Int64, Int64)] = [:]
    var traits: [String: Core.Trait] = [:]
    var keys: Set<String> = []
    var verdicts: [Verdict: Int] = [:]

    mutating func apply(_ event: OwnedEvent) {
        let names = [
            Identifier(kind: .customerID, text: event.fields["customer_id"] ?? ""),
            Identifier(kind: .email, text: event.fields["email"] ?? ""),
            Identifier(kind: .cookie, text: event.fields["cookie"] ?? ""),
        ].compactMap { $0 }
        guard let root = names.first else { return count(.noIdentifier) }
        guard var signal = signal(of: event) else { return count(.noSignal) }
        if let id = event.fields["id"] {
            guard keys.insert("\(id) \(event.at) \(event.type) \(root)").inserted else {
                return count(.duplicate)
            }
        }
        count(.applied)
        let day = Day(of: Instant(event.at), in: .utc)
        for name in names {
            let old = seen[name] ?? (event.at, event.at)
            seen[name] = (min(old.0, event.at), max(old.1, event.at))
        }
        let machine = RandomEvents.machines[event.fields["ua"] ?? ""]
        // What people do has a twin; what systems report counts as it is.
        if let machine, BuiltInSignal(rawValue: signal) == nil {
            signal += ":machine"
            cells["\(root) \(day) machine:\(machine)", default: Tally(n: 0, value: 0)]
                .add(Tally(n: 1, value: 0))
        }
        cells["\(root) \(day) \(signal)", default: Tally(n: 0, value: 0)]
            .add(Tally(n: 1, value: event.value))
        let path = event.fields["url"] ?? ""
        if machine != nil {
            // Its interests are nobody's.
        } else if path.hasPrefix("/service")
            || event.fields["campaign"]?.contains("service") == true
        {
            cells["\(root) \(day) topic service", default: Tally(n: 0, value: 0)]
                .add(Tally(n: 1, value: 0))
        }
        for name in names.dropFirst() {
            let old = edges["\(name) \(root)"] ?? (event.at, event.at, 0)
            edges["\(name) \(root)"] = (min(old.0, event.at), max(old.1, event.at), old.2 + 1)
        }
        for (attribute, value) in event.traits {
            let trait = Core.Trait(
                value: Array(value.utf8), at: event.at,
                source: event.type == "profile" ? "stated" : "observed")
            if let old = traits["\(root) \(attribute)"], !trait.supersedes(old) { continue }
            traits["\(root) \(attribute)"] = trait
        }
    }

    private mutating func count(_ verdict: Verdict) { verdicts[verdict, default: 0] += 1 }

    private func signal(of event: OwnedEvent) -> String? {
        switch event.type {
        case "visit": event.fields["url"]?.hasPrefix("/pricing") == true ? "pricing_visit" : "visit"
        case "click", "fair", "unhappy", "purchase", "profile": event.type
        case "bounce":
            ["5.1.1": "hard_bounce", "4.2.2": "soft_bounce", "5.7.1": "block"][
                event.fields["status"] ?? ""]
        default: nil
        }
    }

    var dump: String {
        var lines = seen.map { "seen \($0.key) \($0.value.0) \($0.value.1)" }
        lines += cells.map { "cell \($0.key) \($0.value.n) \($0.value.value)" }
        lines += edges.map { "edge \($0.key) \($0.value.0) \($0.value.1) \($0.value.2)" }
        lines += traits.map {
            "trait \($0.key) \(String(decoding: $0.value.value, as: UTF8.self)) \($0.value.at) "
                + $0.value.source
        }
        return lines.sorted().joined(separator: "\n")
    }
}

@Suite("Facts")
struct FactsTests {
    private static let hash = KeyedHash(
        secret: [UInt8](repeating: 7, count: KeyedHash.secretLength))
    private static let source = SourceScope(name: "test", trust: .full, scope: 0)

    private static func fold(limit: Int = 1_000_000) -> EventFold {
        EventFold(
            model: RandomEvents.model, matcher: RandomEvents.matcher, hash: hash,
            deduplicator: Deduplicator(limit: limit), latest: Instant(.max))
    }

    private static func dump(_ delta: FactDelta) -> String {
        delta.canonicalDump(name: RandomEvents.name)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the fast facts equal the slow ones`(seed: UInt64) {
        var events = RandomEvents(seed: seed)
        var fold = Self.fold()
        var delta = FactDelta()
        var slow = SlowFacts()
        var verdicts: [Verdict: Int] = [:]
        for event in events.next(400) {
            slow.apply(event)
            let verdict = event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
            verdicts[verdict, default: 0] += 1
        }
        #expect(Self.dump(delta) == slow.dump, "seed \(seed)")
        #expect(verdicts == slow.verdicts, "seed \(seed)")
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `any order and any split and merge give the same facts`(seed: UInt64) {
        var source = RandomEvents(seed: seed)
        var random = SeededGenerator(seed: seed &* 31)
        let events = source.next(300)
        var fold = Self.fold()
        var whole = FactDelta()
        for event in events {
            _ = event.withEvent { fold.fold($0, from: Self.source, into: &whole) }
        }

        var again = Self.fold()
        var parts: [FactDelta] = []
        for event in events.shuffled(using: &random) {
            if parts.isEmpty || random.oneIn(20) { parts.append(FactDelta()) }
            let place = Int.random(in: 0..<parts.count, using: &random)
            _ = event.withEvent { again.fold($0, from: Self.source, into: &parts[place]) }
        }
        while parts.count > 1 {
            let taken = parts.remove(at: Int.random(in: 0..<parts.count, using: &random))
            parts[Int.random(in: 0..<parts.count, using: &random)].merge(taken)
        }
        #expect(Self.dump(parts[0]) == Self.dump(whole), "seed \(seed)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `merging is commutative and associative`(seed: UInt64) {
        var source = RandomEvents(seed: seed)
        let deltas = (0..<3).map { _ in
            var fold = Self.fold()
            var delta = FactDelta()
            for event in source.next(60) {
                _ = event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
            }
            return delta
        }
        func sum(_ left: FactDelta, _ right: FactDelta) -> FactDelta {
            var sum = left
            sum.merge(right)
            return sum
        }
        #expect(Self.dump(sum(deltas[0], deltas[1])) == Self.dump(sum(deltas[1], deltas[0])))
        #expect(
            Self.dump(sum(sum(deltas[0], deltas[1]), deltas[2]))
                == Self.dump(sum(deltas[0], sum(deltas[1], deltas[2]))), "seed \(seed)")
    }

    @Test func `events out of range or without a usable identifier change nothing`() {
        var fold = EventFold(
            model: RandomEvents.model, matcher: RandomEvents.matcher, hash: Self.hash,
            deduplicator: Deduplicator(limit: 10), latest: Instant(1_800_000_000_000))
        var delta = FactDelta()
        let at = RandomEvents.start
        let cases: [(OwnedEvent, Verdict)] = [
            (OwnedEvent(at: 1_800_000_000_001, type: "click", ["cookie": "a"]), .future),
            (OwnedEvent(at: .max, type: "click", ["cookie": "a"]), .future),
            (OwnedEvent(at: 0, type: "click", ["cookie": "a"]), .tooOld),
            (OwnedEvent(at: .min, type: "click", ["cookie": "a"]), .tooOld),
            (OwnedEvent(at: at, type: "click"), .noIdentifier),
            (OwnedEvent(at: at, type: "click", ["cookie": "null", "email": "-"]), .noIdentifier),
            (OwnedEvent(at: at, type: "click", ["email": "nobody"]), .email),
            (OwnedEvent(at: at, type: "click", ["cookie": "a\u{0}b"]), .noIdentifier),
            (OwnedEvent(at: at, type: "nonsense", ["cookie": "a"]), .noSignal),
        ]
        for (event, verdict) in cases {
            let found = event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
            #expect(found == verdict, "\(event)")
        }
        #expect(delta.isEmpty)
    }

    @Test func `a source of low trust binds cookies to mailboxes and claims nothing else`() {
        var fold = Self.fold()
        var delta = FactDelta()
        let low = SourceScope(name: "web", trust: .low, scope: 9)
        let event = OwnedEvent(
            at: RandomEvents.start, type: "click",
            ["customer_id": "C1", "email": "a@example.com", "cookie": "k", "stage": "won"],
            traits: [("job_title", "\"Director\"")])
        let bind = OwnedEvent(
            at: RandomEvents.start, type: "click", ["email": "a@example.com", "cookie": "k"])
        let claimed = event.withEvent { fold.fold($0, from: low, into: &delta) }
        #expect(claimed == .applied)
        #expect(delta.edges.count == 0 && delta.traits.isEmpty)
        let bound = bind.withEvent { fold.fold($0, from: low, into: &delta) }
        #expect(bound == .applied)
        #expect(delta.edges.count == 1)
    }

    @Test func `an event that is vouched for may claim what full trust may`() {
        var fold = Self.fold()
        var delta = FactDelta()
        let low = SourceScope(name: "web", trust: .low, scope: 9)
        let event = OwnedEvent(
            at: RandomEvents.start, type: "click",
            ["customer_id": "C1", "email": "a@example.com", "cookie": "k", "id": "1"],
            traits: [("job_title", "\"Director\"")])
        func told(vouched: Bool, from source: SourceScope) -> Verdict {
            event.withEvent {
                var event = $0
                event.isVouched = vouched
                return fold.fold(event, from: source, into: &delta)
            }
        }
        #expect(told(vouched: true, from: low) == .applied)
        #expect(delta.edges.count == 2 && delta.traits.count == 1)
        // Its duplicates are those of all sources of full trust; without the proof its own.
        #expect(told(vouched: false, from: Self.source) == .duplicate)
        #expect(told(vouched: false, from: low) == .applied)
    }

    @Test func `money in another currency counts as nothing and is reported`() {
        var model = RandomEvents.model
        model.currency = "EUR"
        var fold = EventFold(
            model: model, matcher: RandomEvents.matcher, hash: Self.hash,
            deduplicator: Deduplicator(limit: 10), latest: Instant(.max))
        var delta = FactDelta()
        for (currency, value) in [("EUR", 5), ("USD", 7), ("", 11)] as [(String, Int64)] {
            let event = OwnedEvent(
                at: RandomEvents.start, type: "purchase",
                ["email": "a@example.com", "currency": currency],
                value: value)
            _ = event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
        }
        var sum = Tally(n: 0, value: 0)
        delta.cells.forEachAddition { sum.add($1) }
        #expect(sum == Tally(n: 3, value: 16))
        #expect(fold.foreignCurrency == 1)
    }

    @Test func `a reload takes up another currency`() {
        var model = RandomEvents.model
        model.currency = "EUR"
        var fold = EventFold(
            model: model, matcher: RandomEvents.matcher, hash: Self.hash,
            deduplicator: Deduplicator(limit: 10), latest: Instant(.max))
        model.currency = "USD"
        fold.use(model, matcher: RandomEvents.matcher)
        var delta = FactDelta()
        let event = OwnedEvent(
            at: RandomEvents.start, type: "purchase",
            ["email": "a@example.com", "currency": "USD"], value: 7)
        _ = event.withEvent { fold.fold($0, from: Self.source, into: &delta) }
        #expect(fold.foreignCurrency == 0)
    }
}
