/// Every key of the configuration, with the example that messages about it give.
///
/// The one place where keys are named for messages; `docs/CONFIGURATION.md` is tested against it.
extension SectionKind {
    static let top = SectionKind(
        noun: "configuration",
        keys: [
            ("time_zone", "time_zone: \"+00:00\""),
            ("half_life", "half_life: 14d"),
            ("mql", "mql: 60"),
            ("retention", "retention: 400d"),
            ("currency", "currency: EUR"),
            ("dedupe_window", "dedupe_window: 7d"),
            ("dedupe_max", "dedupe_max: 5000000"),
            ("sources", "- {name: events, paths: \"/var/log/leadscored/*.ndjson\"}"),
            ("signals", "- {name: click, when: {type: click}, weight: 5}"),
            ("topics", "- {name: service, when: {path: \"/service*\"}}"),
            ("attributes", "- {name: job_title, shelf_life: 730d}"),
            ("fit", "- {name: director, where: \"traits->>'job_title' = 'director'\", points: 15}"),
            ("audiences", "- {name: competitor, where: \"domain = 'rival.example'\"}"),
            ("stages", "- {name: customer, where: \"purchases > 0\", rank: 6}"),
            ("segments", "- {name: hot, where: \"engagement >= 60\"}"),
            ("rfm", "rfm: {purchase: purchase}"),
            ("bgnbd", "bgnbd: {r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}"),
        ])

    static let source = SectionKind(
        noun: "source",
        keys: [
            ("name", "name: events"),
            ("paths", "paths: \"/var/log/leadscored/*.ndjson\""),
            ("format", "format: events"),
            ("trust", "trust: full"),
        ])

    static let signal = SectionKind(
        noun: "signal",
        keys: [
            ("name", "name: click"),
            ("when", "when: {type: click}"),
            ("weight", "weight: 5"),
            ("half_life", "half_life: 14d"),
            ("daily_cap", "daily_cap: 3"),
            ("cap", "cap: 40"),
        ])

    static let topic = SectionKind(
        noun: "topic",
        keys: [
            ("name", "name: service"),
            ("when", "when: {path: \"/service*\"}"),
            ("half_life", "half_life: 14d"),
        ])

    static let conditions = SectionKind(
        noun: "condition",
        keys: [
            ("type", "type: visit"),
            ("path", "path: \"/pricing*\""),
            ("url", "url: \"https://shop.example/*\""),
            ("campaign", "campaign: \"*service*\""),
            ("message", "message: \"2026-09-*\""),
            ("search", "search: \"*service*\""),
            ("bounce", "bounce: hard"),
            ("ua", "ua: \"*Googlebot*\""),
            ("origin", "origin: machine"),
        ])

    static let attribute = SectionKind(
        noun: "attribute",
        keys: [
            ("name", "name: job_title"),
            ("shelf_life", "shelf_life: 730d"),
            ("states", "states: topic"),
        ])

    static let fitRule = SectionKind(
        noun: "fit rule",
        keys: [
            ("name", "name: director"),
            ("where", "where: \"traits->>'job_title' LIKE '%director%'\""),
            ("points", "points: 15"),
        ])

    static let audience = SectionKind(
        noun: "audience",
        keys: [("name", "name: competitor"), ("where", "where: \"domain = 'rival.example'\"")])

    static let stage = SectionKind(
        noun: "stage",
        keys: [
            ("name", "name: customer"),
            ("where", "where: \"purchases > 0\""),
            ("rank", "rank: 6"),
        ])

    static let segment = SectionKind(
        noun: "segment",
        keys: [
            ("name", "name: hot"),
            ("where", "where: \"engagement >= 60\""),
            ("leave", "leave: \"engagement < 45\""),
        ])

    static let rfm = SectionKind(
        noun: "mapping for rfm",
        keys: [
            ("purchase", "purchase: purchase"),
            ("recency", "recency: [365, 180, 90, 30]"),
            ("frequency", "frequency: [2, 3, 5, 8]"),
            ("money", "money: [50, 100, 250, 1000]"),
        ])

    static let buying = SectionKind(
        noun: "mapping for bgnbd",
        keys: [("r", "r: 0.243"), ("alpha", "alpha: 4.414"), ("a", "a: 0.793"), ("b", "b: 2.426")])

    /// All of them, in the order of the documentation.
    static let all = [
        top, source, signal, topic, conditions, attribute, fitRule, audience, stage, segment, rfm,
        buying,
    ]
}
