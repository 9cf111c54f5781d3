/// What the configuration says about events and people: the model by which facts become scores.
///
/// A plain value. Nothing here knows of files, YAML or SQLite.
public struct Model: Sendable, Equatable {
    /// The zone in which days begin.
    public var zone = FixedZone.utc
    /// The half-life of signals that state none.
    public var halfLife = HalfLife.days(14)
    /// The engagement from which a contact counts as a marketing qualified lead.
    public var mql = 60.0
    /// How many days of cells are kept apart.
    public var retentionDays = 400
    /// The currency of `value`; empty if none is configured.
    public var currency = ""
    /// How many days of duplicate keys are kept.
    public var dedupeDays = 7
    /// How many duplicate keys are kept at most.
    public var dedupeMax = 5_000_000
    /// The signals in the order in which they are tried, the built-in ones at the end.
    public var signals: [SignalRule] = SignalRule.builtIns
    /// By what machines are told from people.
    public var machines = MachineRules()
    /// Topics of interest, counted beside the signals.
    public var topics: [TopicRule] = []
    /// What is said about stated attributes.
    public var attributes: [AttributeRule] = []
    /// Fit rules.
    public var fit: [FitRule] = []
    /// Audiences in the order in which they are tried.
    public var audiences: [NamedCondition] = []
    /// Lifecycle stages in the order in which they are tried.
    public var stages: [StageRule] = []
    /// Segments.
    public var segments: [SegmentRule] = []
    /// Which signal is a purchase.
    public var purchaseSignal = "purchase"
    /// Fixed bands of days since the last purchase; nil for bands of equal size.
    public var recencyEdges: RFMScale?
    /// Fixed bands of the number of purchases; nil for bands of equal size.
    public var frequencyEdges: RFMScale?
    /// Fixed bands of money, in 1/10000 units; nil for bands of equal size.
    public var moneyEdges: RFMScale?
    /// A fixed model of buying; nil for one that is fitted to the buyers.
    public var buying: BuyingModel?

    /// The model of an empty configuration.
    public init() {}
}

/// How fast points fade.
public enum HalfLife: Sendable, Hashable {
    /// Halved after so many days; more than 0.
    case days(Double)
    /// Never fading.
    case none

    /// The days, nil if it never fades.
    public var days: Double? {
        if case .days(let days) = self { days } else { nil }
    }
}

/// A named rule, a kind of event that counts.
public struct SignalRule: Sendable, Equatable {
    /// The name by which its counts are kept.
    public var name: String
    /// Any of these must hold; nil for a built-in signal, whose conditions are its own.
    public var when: [ConditionSet]?
    /// Points of one event.
    public var weight: Double
    /// How fast they fade; nil for the model's `halfLife`.
    public var halfLife: HalfLife?
    /// How many events of one day count at most.
    public var dailyCap: Int64?
    /// The most points that the signal can give, or take.
    public var cap: Double?

    /// A signal.
    public init(
        name: String, when: [ConditionSet]?, weight: Double, halfLife: HalfLife? = nil,
        dailyCap: Int64? = nil, cap: Double? = nil
    ) {
        self.name = name
        self.when = when
        self.weight = weight
        self.halfLife = halfLife
        self.dailyCap = dailyCap
        self.cap = cap
    }

    /// The signals that every model ends with, of weight 0: what the derived values need.
    public static let builtIns: [SignalRule] = BuiltInSignal.allCases.map {
        SignalRule(name: $0.rawValue, when: nil, weight: 0)
    }
}

/// The signals that exist without being configured, in the order in which they are tried.
public enum BuiltInSignal: String, Sendable, CaseIterable {
    case purchase
    case delivered
    case hardBounce = "hard_bounce"
    case softBounce = "soft_bounce"
    case block
    case autoReply = "auto_reply"
    case unsubscribe
    case complaint
    case profile
    case identify

    /// The conditions that the signal stands for.
    ///
    /// What mail servers, shops and CRMs report is written by machines and not done by them, so that
    /// it counts whoever says it; but gateways do follow links that unsubscribe.
    public var conditions: ConditionSet {
        switch self {
        case .hardBounce: .bounce(.hard)
        case .softBounce: .bounce(.soft)
        case .block: .bounce(.block)
        case .autoReply: .bounce(.autoReply)
        case .purchase, .delivered, .complaint, .profile, .identify:
            ConditionSet(globs: [.type: [Glob(rawValue)]], origins: Origin.allCases)
        case .unsubscribe: ConditionSet(globs: [.type: [Glob(rawValue)]])
        }
    }
}

/// A field of an event that a condition can look at.
public enum ConditionKey: String, Sendable, CaseIterable {
    case type
    case path
    case url
    case campaign
    case message
    case search
    case bounce
    case ua
}

/// Conditions that must all hold.
public struct ConditionSet: Sendable, Equatable {
    /// For each field, globs of which one must match; an absent field matches none.
    public var globs: [ConditionKey: [Glob]]
    /// The origins that it takes; empty means human and unknown.
    public var origins: [Origin]

    /// A set of conditions.
    public init(globs: [ConditionKey: [Glob]], origins: [Origin] = []) {
        self.globs = globs
        self.origins = origins
    }

    static func bounce(_ bounce: Bounce) -> ConditionSet {
        ConditionSet(
            globs: [.type: [Glob("bounce")], .bounce: [Glob(bounce.rawValue)]],
            origins: Origin.allCases)
    }
}

/// A topic of interest.
public struct TopicRule: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Any of these must hold.
    public var when: [ConditionSet]
    /// How fast interest fades; nil for the model's `halfLife`.
    public var halfLife: HalfLife?

    /// A topic.
    public init(name: String, when: [ConditionSet], halfLife: HalfLife? = nil) {
        self.name = name
        self.when = when
        self.halfLife = halfLife
    }
}

/// What is said about a stated attribute.
public struct AttributeRule: Sendable, Equatable {
    /// The attribute.
    public var name: String
    /// After how many days it stops counting for fit; nil for never.
    public var shelfLifeDays: Int?
    /// Whether its value names a topic, so that what is stated can be held against what is done.
    public var statesTopic: Bool

    /// A rule for an attribute.
    public init(name: String, shelfLifeDays: Int? = nil, statesTopic: Bool = false) {
        self.name = name
        self.shelfLifeDays = shelfLifeDays
        self.statesTopic = statesTopic
    }
}

/// A SQL condition over `leads`, with the place in the configuration where it stands.
public struct Condition: Sendable, Equatable {
    /// The condition.
    public var sql: String
    /// `FILE:LINE:COLUMN` for messages about it.
    public var place: String

    /// A condition found at a place.
    public init(sql: String, place: String) {
        self.sql = sql
        self.place = place
    }
}

/// Points for an attribute of a contact.
public struct FitRule: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When it holds.
    public var condition: Condition
    /// What it gives, or takes.
    public var points: Double

    /// A fit rule.
    public init(name: String, condition: Condition, points: Double) {
        self.name = name
        self.condition = condition
        self.points = points
    }
}

/// A name for the contacts for which a condition holds, as audiences are.
public struct NamedCondition: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When it holds.
    public var condition: Condition

    /// A named condition.
    public init(name: String, condition: Condition) {
        self.name = name
        self.condition = condition
    }
}

/// A step of the lifecycle.
public struct StageRule: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When it holds.
    public var condition: Condition
    /// Its place on the ladder; higher is further.
    public var rank: Int

    /// A stage.
    public init(name: String, condition: Condition, rank: Int) {
        self.name = name
        self.condition = condition
        self.rank = rank
    }
}

/// A named set of contacts.
public struct SegmentRule: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When a contact enters.
    public var condition: Condition
    /// When it leaves; nil: as soon as `condition` no longer holds.
    public var leave: Condition?

    /// A segment.
    public init(name: String, condition: Condition, leave: Condition? = nil) {
        self.name = name
        self.condition = condition
        self.leave = leave
    }
}

/// How much a source may claim.
public enum Trust: String, Sendable, CaseIterable {
    /// Everything that an event can say.
    case full
    /// Only edges between cookie and email; no traits, no stage; duplicates within the source.
    case low
}

/// Where events come from.
public struct SourceDefinition: Sendable, Equatable {
    /// Its name, by which its counts are kept.
    public var name: String
    /// Patterns of absolute paths.
    public var paths: [String]
    /// How its lines are decoded, a name of the registry of formats.
    public var format: String
    /// How much it may claim.
    public var trust: Trust
    /// What is to be known about its lines.
    public var layout: SourceLayout
    /// Whether a symbolic link under the patterns stands for what it leads to.
    public var followsLinks: Bool

    /// A source.
    public init(
        name: String, paths: [String], format: String = "events", trust: Trust = .full,
        layout: SourceLayout = .fixed, followsLinks: Bool = false
    ) {
        self.name = name
        self.paths = paths
        self.format = format
        self.trust = trust
        self.layout = layout
        self.followsLinks = followsLinks
    }

    /// Whether one of its lines may be several records.
    public var mayHoldSeveral: Bool {
        if case .fields(let layout) = layout { !layout.each.isEmpty } else { false }
    }
}
