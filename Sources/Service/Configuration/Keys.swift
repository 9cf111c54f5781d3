import Core

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
            ("machines", "machines: {honeypot: \"/c/trap*\"}"),
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
            ("trust", "trust: full"), ("follow_symlinks", "follow_symlinks: true"),
            ("log_format", "log_format: combined"),
            ("routes", "- {path: \"/pricing*\", type: visit, cookie: $cookie_sid}"),
            ("sign", "sign: {parameter: s, key_file: /etc/leadscored/link.key, over: [e, m]}"),
            ("preset", "preset: sendgrid"),
            ("each", "each: /events"),
            ("unwrap", "unwrap: /Message"),
            ("type", "type: purchase"),
            ("fields", "fields: {ts: /time, type: /event, email: /email}"),
            ("types", "types: {page: visit}"),
            ("values", "values: {bounce: {Permanent: hard}}"),
            ("columns", "columns: [ts, email, value]"),
            ("delimiter", "delimiter: \";\""),
        ])

    static let route = SectionKind(
        noun: "route",
        keys: [
            ("path", "path: \"/pricing*\""),
            ("method", "method: GET"),
            ("status", "status: 200"),
            ("type", "type: visit"),
        ] + routeFields)

    /// What a route can take from a request.
    static let routeFields = [
        ("email", "email: $arg_e"),
        ("customer_id", "customer_id: $arg_c"),
        ("cookie", "cookie: $cookie_sid"),
        ("campaign", "campaign: $arg_utm_campaign"),
        ("message", "message: $arg_m"),
        ("search", "search: $arg_q"),
        ("url", "url: $arg_u"),
        ("value", "value: $arg_total"),
        ("currency", "currency: $arg_currency"),
        ("id", "id: $request_id"),
    ]

    static let sign = SectionKind(
        noun: "signature",
        keys: [
            ("parameter", "parameter: s"),
            ("key_file", "key_file: /etc/leadscored/link.key"),
            ("over", "over: [e, m]"),
        ])

    static let preset = SectionKind(
        noun: "preset",
        keys: source.keys.filter {
            !["name", "paths", "trust", "preset", "follow_symlinks"].contains($0.name)
        })

    static let fields = SectionKind(
        noun: "mapping of fields",
        keys: EventField.allCases.map { ($0.rawValue, "\($0.rawValue): /\($0.rawValue)") }
            + [("traits", "traits: {job_title: /title}")])

    static let meaning = SectionKind(
        noun: "meaning of a type",
        keys: [("type", "type: bounce"), ("bounce", "bounce: soft")])

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

    static let machines = SectionKind(
        noun: "mapping for machines",
        keys: [
            ("honeypot", "honeypot: \"/c/trap*\""),
            ("same_second", "same_second: 2"),
            ("sweep_links", "sweep_links: 5"),
            ("sweep_share", "sweep_share: 80"),
            ("page_hits", "page_hits: 150"),
            ("robots", "robots: on"),
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
        top, source, route, sign, preset, fields, meaning, machines, signal, topic, conditions,
        attribute,
        fitRule, audience, stage, segment, rfm, buying,
    ]
}
