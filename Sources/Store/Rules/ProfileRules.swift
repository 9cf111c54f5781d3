public import Core

/// What a model says about stated attributes: which ones fit asks for, and for how long they count.
public struct ProfileRules: Sendable {
    /// The attributes that fit rules ask for, each once.
    let asked: [[UInt8]]
    /// After how many days an attribute stops counting for fit.
    let shelfLives: [(attribute: [UInt8], days: Int)]
    /// The zone in which days begin.
    let zone: FixedZone

    /// Nothing is asked for.
    public init() {
        asked = []
        shelfLives = []
        zone = .utc
    }

    /// The attributes of a model.
    public init(_ model: Model) {
        var asked: [[UInt8]] = []
        for rule in model.fit {
            for name in Self.attributes(in: rule.condition.sql) where !asked.contains(name) {
                asked.append(name)
            }
        }
        self.asked = asked
        shelfLives = model.attributes.compactMap { attribute in
            attribute.shelfLifeDays.map { (Array(attribute.name.utf8), $0) }
        }
        zone = model.zone
    }

    /// Whether a statement still counts on a day.
    func counts(_ attribute: [UInt8], statedAt at: Int64, on day: Day) -> Bool {
        guard let life = shelfLives.first(where: { $0.attribute == attribute }) else { return true }
        return day.days(since: Day(of: Instant(at), in: zone)) < life.days
    }

    /// The attributes that a condition looks at: `traits->>'job_title'`, `traits->'$.a'` and
    /// `json_extract(traits, '$.a')`.
    static func attributes(in sql: String) -> [[UInt8]] {
        sql.matches(of: /(?i)\btraits\s*(?:->>?|,)\s*'([^']*)'/).map { match in
            var name = match.1
            if name.hasPrefix("$.") { name = name.dropFirst(2) }
            if name.hasPrefix("\""), name.hasSuffix("\""), name.count > 1 {
                name = name.dropFirst().dropLast()
            }
            return Array(name.utf8)
        }
    }
}
