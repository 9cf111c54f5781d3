import Testing

@testable import Service

@Suite struct ConfigurationHashTests {
    /// Every value of it can be changed; see `changes`.
    private let text = """
        time_zone: "+01:00"
        half_life: 14d
        mql: 60
        retention: 400d
        currency: EUR
        dedupe_window: 7d
        dedupe_max: 5000
        sources: [{name: e, paths: [/e, /f], trust: full}]
        signals:
          - {name: a, when: {type: visit, path: "/a*"}, weight: 10, half_life: 3d, daily_cap: 2, cap: 40}
          - {name: b, when: [{type: open}, {ua: x, origin: human}], weight: 1}
        topics: [{name: t, when: {search: t}, half_life: 30d}]
        fit: [{name: d, where: "owner = 'x'", points: 20}]
        audiences: [{name: c, where: "domain = 'y'"}]
        stages: [{name: s, where: "purchases > 0", rank: 6}]
        segments: [{name: h, where: "engagement >= 61", leave: "engagement < 45"}]
        rfm: {purchase: purchase}
        """

    @Test func `the hash is 16 hexadecimal digits and does not change between versions`() throws {
        let hash = try read("sources: [{name: e, paths: /e}]").hash
        #expect(hash == "6a332127234ba8b3")
    }

    @Test func `comments, layout, files and ways to write a value leave the hash alone`() throws {
        let hash = try read(text).hash
        let same = [
            ("mql: 60", "mql: 60.0 # the line"), ("half_life: 14d", "\nhalf_life: \"2w\""),
            ("\"+01:00\"", "+01:00"), ("trust: full", "format: events"),
            ("currency: EUR\n", ""), ("origin: human", "origin: [human]"),
            ("path: \"/a*\"", "path: [ '/a*' ]"), ("weight: 10,", "weight: 1e1,"),
            ("\nrfm: {purchase: purchase}", ""),
            ("\nrfm: {purchase: purchase}", "\nmachines: {same_second: 2, robots: on}"),
            ("\"domain = 'y'\"", "\"domain\n    = 'y'\""),
        ]
        for (old, new) in same {
            let changed = text.replacing(old, with: new)
            try #require(changed != text)
            let added = changed.contains("currency") ? "" : "currency: EUR"
            #expect(try read(changed, added).hash == hash, "\(new)")
        }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(try read((lines[7...] + lines[..<7]).joined(separator: "\n")).hash == hash)
    }

    private static let changes = [
        ("+01:00", "-01:00"), ("half_life: 14d", "half_life: none"), ("mql: 60", "mql: 60.5"),
        ("400d", "401d"), ("EUR", "USD"), ("7d", "8d"), ("5000", "5001"), ("name: e", "name: f"),
        ("[/e, /f]", "[/f, /e]"), ("[/e, /f]", "[/e]"), ("trust: full", "trust: low"),
        ("name: a", "name: aa"), ("type: visit", "type: visits"), ("/a*", "/a"),
        ("path: \"/a*\"", "url: \"/a*\""), ("weight: 10", "weight: -10"),
        ("half_life: 3d, ", ""), ("half_life: 3d", "half_life: none"),
        ("daily_cap: 2", "daily_cap: 3"), (", cap: 40", ""), (", cap: 40", ", cap: 41"),
        ("origin: human", "origin: machine"), ("[{type: open}, ", "["), ("ua: x", "ua: [x, y]"),
        ("search: t", "search: u"), ("30d", "31d"), ("'x'", "'z'"), ("points: 20", "points: 21"),
        ("name: c", "name: cc"), ("'y'", "'z'"), ("rank: 6", "rank: 7"), (">= 61", "> 61"),
        (", leave: \"engagement < 45\"", ""), ("< 45", "< 46"),
        ("purchase: purchase", "purchase: a"), ("name: t", "name: u"), ("name: h", "name: i"),
        ("rfm:", "machines: {robots: off}\nrfm:"), ("rfm:", "machines: {honeypot: /x}\nrfm:"),
        ("rfm:", "machines: {same_second: off}\nrfm:"),
        ("rfm:", "machines: {page_hits: 2}\nrfm:"), ("purchases > 0", "purchases > 1"),
        ("name: s", "name: r"), ("name: d", "name: dd"),
    ]

    @Test func `every changed value changes the hash`() throws {
        var seen: [String: String] = [try read(text).hash: "nothing"]
        for (old, new) in Self.changes {
            let changed = text.replacing(old, with: new)
            try #require(changed != text, "\(old)")
            let hash = try read(changed).hash
            #expect(hash.count == 16)
            #expect(seen[hash] == nil, "\(new) gives the same as \(seen[hash] ?? "")")
            seen[hash] = new
        }
    }
}
