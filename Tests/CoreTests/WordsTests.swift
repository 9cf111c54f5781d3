import Core
import TestKit
import Testing

@Suite("Day and Instant")
struct TimeTests {
    @Test func `every day of 400 years goes to text and back`() {
        for number in stride(from: Int32(-100_000), through: 100_000, by: 7) {
            let day = Day(number)
            #expect(Day(day.description) == day)
        }
        #expect(Day("2026-09-14")?.number == 20_710)
        #expect(Day("1970-01-01")?.number == 0)
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1", "2026-01-011", "",
    ])
    func `what is no day is refused`(text: String) { #expect(Day(text) == nil) }

    @Test(arguments: [
        ("2026-09-14T08:21:07.123Z", 1_789_374_067_123),
        ("2026-09-14T08:21:07Z", 1_789_374_067_000),
        ("2026-09-14T10:21:07.123456789+02:00", 1_789_374_067_123),
        ("2026-09-14t08:21:07.1z", 1_789_374_067_100),
        ("2026-09-13 22:21:07-10:00", 1_789_374_067_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2000-02-29T00:00:00+14:00", 951_732_000_000 + 14_400_000),
    ])
    func `RFC 3339 times are read`(text: String, milliseconds: Int64) {
        let expected = text.hasPrefix("2000") ? 951_782_400_000 - 14 * 3_600_000 : milliseconds
        #expect(text.withSlice { Instant(rfc3339: $0) } == Instant(expected))
    }

    @Test(arguments: [
        "2026-09-14T08:21:07", "2026-09-14", "2026-09-14T25:00:00Z", "2026-09-14T08:60:00Z",
        "2026-09-14T08:21:61Z", "2026-02-30T00:00:00Z", "2026-09-14T08:21:07.Z",
        "2026-09-14T08:21:07+0200",
        "2026-09-14T08:21:07Zx", "", "now", "10000-01-01T00:00:00Z", "2026-09-14T08:21:07+24:00",
    ])
    func `what is no RFC 3339 time with a zone is refused`(text: String) {
        #expect(text.withSlice { Instant(rfc3339: $0) } == nil)
    }

    @Test func `instants go to text and back`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5000 {
            let instant = Instant(
                Int64.random(in: -62_000_000_000_000...253_000_000_000_000, using: &random))
            #expect(instant.rfc3339.withSlice { Instant(rfc3339: $0) } == instant)
        }
    }

    @Test func `a day begins at midnight of its zone`() {
        let zone = FixedZone("+02:00")
        #expect(zone?.description == "+02:00")
        let instant = "2026-09-13T22:30:00Z".withSlice { Instant(rfc3339: $0) }
        #expect(instant.flatMap { i in zone.map { Day(of: i, in: $0) } } == Day("2026-09-14"))
        #expect(Day("2026-09-14")?.end(in: .utc).rfc3339 == "2026-09-15T00:00:00Z")
        #expect(FixedZone("Europe/Berlin") == nil)
    }
}

@Suite("Money")
struct MoneyTests {
    @Test(arguments: [
        ("19.9", 199_000), ("0", 0), ("-3", -30_000), ("1.5e3", 15_000_000), ("0.00005", 1),
        ("0.00004", 0),
        ("-0.00005", -1), ("1e-4", 1), ("0.1", 1000), ("123456789.1234", 1_234_567_891_234),
        ("1E2", 1_000_000),
        ("0e999999999", 0), ("1e-400", 0), ("0.99995", 10_000),
    ])
    func `decimals are read exactly`(text: String, tenThousandths: Int64) {
        #expect(text.withSlice { Money(decimal: $0) } == Money(tenThousandths: tenThousandths))
    }

    @Test(arguments: [
        "1e400", "NaN", "inf", "0x10", "", "-", "1.", ".5", "1e", "1e+", "1 ", "99999999999999999",
    ])
    func `what is no decimal or too much is refused`(text: String) {
        #expect(text.withSlice { Money(decimal: $0) } == nil)
    }
}

@Suite("Glob")
struct GlobTests {
    @Test(arguments: [
        ("/pricing*", "/pricing/x/y", true), ("/pricing*", "/Pricing", false), ("*", "", true),
        ("a*b*c", "abc", true), ("a*b*c", "aXbYc", true), ("a*b*c", "acb", false),
        ("ab*ba", "aba", false),
        ("*service*", "our service desk", true), ("", "", true), ("", "x", false),
        ("**", "x", true),
        ("*a*a*a*", "aa", false), ("/x", "/x", true), ("/x", "/xy", false),
    ])
    func `stars match any bytes`(pattern: String, text: String, matches: Bool) {
        #expect(text.withSlice { Glob(pattern).matches($0) } == matches)
    }

    @Test func `a pattern of many stars takes no time`() {
        let text = String(repeating: "a", count: 5000)
        #expect(!text.withSlice { Glob(String(repeating: "*a", count: 50) + "*b").matches($0) })
    }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test(arguments: [
        ("  Ann@Example.COM ", "ann@example.com"), ("a.b+tag@x.org", "a.b+tag@x.org"),
        ("ANN@BÜCHER.example", "ann@xn--bcher-kva.example"), ("o'neil@x.org", "o'neil@x.org"),
        ("e\u{301}va@x.org", "\u{E9}va@x.org"), ("\u{E9}va@x.org", "\u{E9}va@x.org"),
        ("root@localhost", "root@localhost"),
    ])
    func `an email address has one form`(raw: String, normal: String) {
        let identifier = Identifier(kind: .email, text: raw)
        #expect(identifier?.value == Array(normal.utf8))
        let again = Identifier(kind: .email, text: normal)
        #expect(again == identifier)
    }

    @Test(arguments: [
        "ann", "@example.com", "ann@", "a@b@c", "a b@x.org", "ann@ex ample.com", "ann@.com",
        "ann@x..com",
        "ann@-\u{7F}", "\u{1}@x.org",
    ])
    func `what is no email address is refused`(raw: String) {
        #expect(Identifier(kind: .email, text: raw) == nil)
    }

    @Test func `254 bytes are the most that an email address may have`() {
        let domain = "@" + String(repeating: "d", count: 60) + ".example"
        let fits = String(repeating: "a", count: 254 - domain.utf8.count) + domain
        #expect(Identifier(kind: .email, text: fits) != nil)
        #expect(Identifier(kind: .email, text: "a" + fits) == nil)
    }

    @Test(arguments: ["", "-", "null", "undefined", "0", "  ", " - "])
    func `placeholders are nobody`(raw: String) {
        for kind in IdentifierKind.allCases { #expect(Identifier(kind: kind, text: raw) == nil) }
    }

    @Test func `normalising twice is normalising once`() {
        var random = SeededGenerator(seed: 8)
        let pieces = [
            "a", "É", "e\u{301}", "ß", "@", ".", "-", "+", "ü", "x.org", " ", "Ω", "日本", "0",
        ]
        for _ in 0..<20_000 {
            let raw = (0..<Int.random(in: 1...8, using: &random)).map { _ in random.pick(pieces) }
                .joined()
            for kind in IdentifierKind.allCases {
                guard let once = Identifier(kind: kind, text: raw) else { continue }
                let twice = Identifier(
                    kind: kind, text: String(decoding: once.value, as: UTF8.self))
                #expect(twice == once, "\(raw)")
            }
        }
    }
}

@Suite("Event path")
struct EventPathTests {
    @Test(arguments: [
        ("/pricing?x=1", "/pricing"), ("https://example.com/pricing#top", "/pricing"),
        ("https://example.com", "/"), ("https://example.com?x=/y", "/"), ("/a/b", "/a/b"), ("", ""),
        ("pricing", "pricing"), ("/redirect?to=https://x.org/y", "/redirect"),
    ])
    func `the path of a url is without host, query and fragment`(url: String, path: String) {
        let event = OwnedEvent(at: 0, type: "visit", ["url": url])
        #expect(event.withEvent { $0.path.text } == path)
    }
}

@Suite("Persons")
struct PersonTests {
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `deciding by rank gives what the reference gives, in any order of the edges`(seed: UInt64)
    {
        var random = SeededGenerator(seed: seed)
        let kinds: [IdentifierKind] = [.customerID, .email, .cookie]
        let identifiers = (1...15 as ClosedRange<Int64>).map { (id: $0, kind: kinds[Int($0) % 3]) }
        var edges: [(lower: Int64, higher: Int64, n: Int64)] = []
        for lower in identifiers {
            for higher in identifiers where higher.kind.outranks(lower.kind) && random.oneIn(5) {
                edges.append((lower.id, higher.id, Int64.random(in: 1...6, using: &random)))
            }
        }
        let whole = PersonReference.resolve(identifiers: identifiers, edges: edges)
        let shuffled = PersonReference.resolve(
            identifiers: identifiers.shuffled(using: &random), edges: edges.shuffled(using: &random)
        )
        for identifier in identifiers {
            #expect(whole[identifier.id]?.root == shuffled[identifier.id]?.root, "seed \(seed)")
            #expect(whole[identifier.id]?.ambiguous == shuffled[identifier.id]?.ambiguous)
        }
    }

    @Test func `three quarters of the votes decide`() {
        #expect(Belonging(votes: []) == .own)
        #expect(Belonging(votes: [(1, 3), (2, 1)]) == .person(1))
        #expect(Belonging(votes: [(1, 2), (2, 1)]) == .ambiguous)
        #expect(Belonging(votes: [(1, 2), (2, 1), (1, 1)]) == .person(1))
    }

    @Test func `a mailbox forwarded once and a cookie on two customers weld nobody`() {
        // 1 and 2 are customers, 3 the mailbox of 1, 4 a shared computer.
        let result = PersonReference.resolve(
            identifiers: [(1, .customerID), (2, .customerID), (3, .email), (4, .cookie)],
            edges: [(3, 1, 9), (3, 2, 1), (4, 1, 5), (4, 2, 5)])
        #expect(result[3]?.root == 1)
        #expect(result[4]?.root == 4)
        #expect(result[4]?.ambiguous == true)
        #expect(result[2]?.root == 2)
    }
}
