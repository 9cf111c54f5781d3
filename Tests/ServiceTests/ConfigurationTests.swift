import Core
import Foundation
import Testing

@testable import Service

/// Reads files that are given as text; the first is the main one.
func read(_ texts: String...) throws -> Configuration {
    let names = ["f.yaml"] + (1..<100).map { "conf.d/\($0).yaml" }
    return try Configuration.parse(zip(names, texts).map { ($0, Array($1.utf8)) })
}

private let base = "sources: [{name: e, paths: /e}]\n"

@Suite struct ConfigurationTests {
    @Test func `a source alone gives the defaults`() throws {
        let configuration = try read(base)
        #expect(configuration.model == Model())
        #expect(configuration.sources == [SourceDefinition(name: "e", paths: ["/e"])])
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `every key arrives in the model`() throws {
        let model = try read(
            base + """
                time_zone: "-03:30"
                half_life: 2w
                mql: 55.5
                retention: 500d
                currency: CHF
                dedupe_window: 3d
                dedupe_max: 1000
                fit: [{name: a, where: "1", points: -2.5}]
                audiences: [{name: b, where: "2"}]
                stages: [{name: c, where: "3", rank: -1}]
                segments: [{name: d, where: "4", leave: "5"}]
                topics: [{name: t, when: [{path: "/t*"}, {search: [t, u]}], half_life: none}]
                rfm: {purchase: order}
                signals:
                  - {name: order, when: {type: order}, weight: 1e1, half_life: 12h, daily_cap: 2, cap: .5}
                """
        ).model
        #expect(model.zone == FixedZone(offsetMinutes: -210))
        #expect(model.halfLife == .days(14))
        #expect(model.mql == 55.5)
        #expect((model.retentionDays, model.dedupeDays, model.dedupeMax) == (500, 3, 1000))
        #expect(model.currency == "CHF")
        #expect(model.fit.map(\.points) == [-2.5])
        #expect(model.audiences.map(\.condition.sql) == ["2"])
        #expect(model.stages.map(\.rank) == [-1])
        #expect(model.segments.first?.leave?.place == "f.yaml:12:41")
        #expect(
            model.topics == [
                TopicRule(
                    name: "t",
                    when: [
                        ConditionSet(globs: [.path: [Glob("/t*")]]),
                        ConditionSet(globs: [.search: [Glob("t"), Glob("u")]]),
                    ], halfLife: HalfLife.none)
            ])
        #expect(model.purchaseSignal == "order")
        #expect(
            model.signals.first
                == SignalRule(
                    name: "order", when: [ConditionSet(globs: [.type: [Glob("order")]])],
                    weight: 10, halfLife: .days(0.5), dailyCap: 2, cap: 0.5))
        #expect(model.signals.count == 11)
    }

    @Test func `text that other programs would read as something else stays text`() throws {
        let configuration = try read(
            """
            sources: [{name: no, paths: /e}]
            audiences: [{name: null, where: true}, {name: on, where: 010}]
            signals: [{name: true, when: {type: [1.0, ~*]}, weight: 010}]
            """.replacing("~", with: "2"))
        #expect(configuration.sources.map(\.name) == ["no"])
        #expect(configuration.model.audiences.map(\.name) == ["null", "on"])
        #expect(configuration.model.audiences.map(\.condition.sql) == ["true", "010"])
        let signal = configuration.model.signals[0]
        #expect(signal.when?[0].globs[.type]?.map(\.pattern) == ["1.0", "2*"])
        #expect(signal.weight == 10)
    }

    @Test func `origins are a word or a list of words, and none means human and unknown`() throws {
        func origins(_ when: String) throws -> [Origin] {
            let text = base + "signals: [{name: a, when: {\(when)}, weight: 1}]"
            return try read(text).model.signals[0].when?[0].origins ?? []
        }
        #expect(try origins("type: a") == [])
        #expect(try origins("origin: machine") == [.machine])
        #expect(try origins("origin: [machine, human, human]") == [.human, .machine])
    }

    @Test func `an anchor and its aliases stand for the same value`() throws {
        let configuration = try read(
            base + """
                signals:
                  - {name: a, when: &shop {type: visit, path: "/shop*"}, weight: 1}
                topics:
                  - {name: shop, when: *shop}
                """)
        #expect(configuration.model.topics[0].when == configuration.model.signals[0].when)
    }

    @Test func `a list without entries is an empty list`() throws {
        #expect(try read(base + "segments:\nsignals: []\ntopics: # none yet\n").model == Model())
    }

    @Test func `a format is known if it is said to be`() throws {
        let text = "sources: [{name: e, paths: /e, format: postfix, trust: low}]"
        let formats = ["events", "postfix"]
        let configuration = try Configuration.parse([("f", Array(text.utf8))], formats: formats)
        let expected = SourceDefinition(name: "e", paths: ["/e"], format: "postfix", trust: .low)
        #expect(configuration.sources == [expected])
    }
}

@Suite struct ConfigurationBuiltInTests {
    private func signals(_ entries: String) throws -> [SignalRule] {
        try read(base + "signals:\n" + entries).model.signals
    }

    @Test func `a built-in signal named without when gets a weight at its place at the end`() throws
    {
        let signals = try signals(
            """
              - {name: unsubscribe, weight: -15, cap: 15}
              - {name: click, when: {type: click}, weight: 5}
            """)
        #expect(signals.map(\.name) == ["click"] + BuiltInSignal.allCases.map(\.rawValue))
        let unsubscribe = signals.first { $0.name == "unsubscribe" }
        #expect(unsubscribe == SignalRule(name: "unsubscribe", when: nil, weight: -15, cap: 15))
    }

    @Test func `a built-in signal named with when stands where it is written`() throws {
        let signals = try signals(
            """
              - {name: complaint, when: {type: spam_report}, weight: -20}
              - {name: click, when: {type: click}, weight: 5}
            """)
        let others = BuiltInSignal.allCases.map(\.rawValue).filter { $0 != "complaint" }
        #expect(signals.map(\.name) == ["complaint", "click"] + others)
        #expect(signals[0].when == [ConditionSet(globs: [.type: [Glob("spam_report")]])])
    }

    private func warnings(_ entries: String) throws -> [String] {
        try read(base + entries).warnings.map { String($0.description.dropFirst(7)) }
    }

    @Test func `an earlier signal that takes a built-in one's events is warned of`() throws {
        #expect(
            try warnings("signals: [{name: buy, when: {type: \"*purchase\"}, weight: 1}]") == [
                "2:18: signal 'buy' takes every event of the built-in signal 'purchase', "
                    + "which then never counts; narrow its 'when', or name it 'purchase'"
            ])
        #expect(
            try warnings("signals: [{name: back, when: {type: bounce}, weight: 0}]").count == 2)
        #expect(
            try warnings(
                "signals: [{name: a, when: {type: profile}, weight: 1}, {name: profile, weight: 1}]"
            ).count == 1)
    }

    @Test(arguments: [
        // Only some of the events are taken.
        "signals: [{name: buy, when: {type: purchase, path: \"/x\"}, weight: 1}]",
        "signals: [{name: buy, when: {type: purchase, origin: machine}, weight: 1}]",
        "signals: [{name: buy, when: {type: purchase, origin: human}, weight: 1}]",
        // Another signal is the purchase.
        "signals: [{name: buy, when: {type: purchase}, weight: 1}]\nrfm: {purchase: buy}",
        // Nothing uses the built-in one.
        "signals: [{name: login, when: {type: identify}, weight: 1}]",
        // It is the built-in one.
        "signals: [{name: purchase, when: [{type: purchase}, {type: order}], weight: 1}]",
    ])
    func `a signal that leaves the built-in one's events alone is not warned of`(
        _ entries: String
    ) throws {
        #expect(try warnings(entries) == [])
    }

    @Test func `a signal behind one that takes all of its events is warned of`() throws {
        let wide = "{name: page, when: {type: visit}, weight: 1}"
        let narrow = "{name: price, when: {type: visit, path: \"/p*\"}, weight: 9}"
        #expect(
            try warnings("signals: [\(wide), \(narrow)]") == [
                "2:64: signal 'price' never counts: 'page' at f.yaml:2:18 takes its events first; "
                    + "move 'price' before 'page'"
            ])
        #expect(try warnings("signals: [\(narrow), \(wide)]") == [])
    }

    @Test func `doubtful paths are warned of`() throws {
        #expect(
            try warnings(
                "topics: [{name: a, when: [{path: a*}, {path: \"/?q=*\"}, {path: \"*\"}]}]") == [
                    "2:34: path 'a*' does not begin with '/', as the paths of events do; "
                        + "write \"/a*\"",
                    "2:46: path '/?q=*' matches nothing: the path ends before '?' and '#'; "
                        + "use 'url' to look at the rest of an address",
                ])
    }

    @Test func `a retention that is too short for the deltas is warned of`() throws {
        #expect(try warnings("retention: 60d").count == 1)
        #expect(try warnings("retention: 61d").isEmpty)
    }
}
