/// Whether a person or a machine did something.
public enum Origin: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case human = 1
    case machine = 2

    /// The word for it in the configuration.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .human: "human"
        case .machine: "machine"
        }
    }
}

/// One stated attribute of an event: `"job_title": "Director"`.
public struct StatedTrait {
    /// The attribute's name.
    public var attribute: ByteSlice
    /// The value as a JSON scalar or container, as written; `null` takes the attribute back.
    public var value: ByteSlice

    /// An attribute with its value.
    public init(attribute: ByteSlice, value: ByteSlice) {
        self.attribute = attribute
        self.value = value
    }
}

/// One thing that somebody did, as a decoder found it in a log.
///
/// The slices point into the batch and hold what the log said, unescaped and not yet normalised; an
/// absent field is an empty slice.
public struct Event {
    /// When it happened.
    public var at = Instant(0)
    /// What kind of thing: `[a-z0-9_.-]{1,64}`.
    public var type = ByteSlice.empty
    /// Who: a customer number.
    public var customerID = ByteSlice.empty
    /// Who: an email address.
    public var email = ByteSlice.empty
    /// Who: a browser cookie.
    public var cookie = ByteSlice.empty
    /// The producer's own id of this event, by which a second copy is known.
    public var id = ByteSlice.empty
    /// What it was about.
    public var url = ByteSlice.empty
    /// The campaign.
    public var campaign = ByteSlice.empty
    /// The mailing's id.
    public var message = ByteSlice.empty
    /// The words searched for.
    public var search = ByteSlice.empty
    /// Money of a purchase.
    public var value = Money(tenThousandths: 0)
    /// The currency of `value`; empty means the configured one.
    public var currency = ByteSlice.empty
    /// RFC 3463 code of a bounce.
    public var status = ByteSlice.empty
    /// The class of a bounce, if the log states it.
    public var bounce = ByteSlice.empty
    /// The user agent; never stored.
    public var userAgent = ByteSlice.empty
    /// The address; never stored.
    public var ip = ByteSlice.empty
    /// Stated attributes, at most `Bounds.traitsPerEvent`.
    public var traits: [StatedTrait] = []
    /// Lead or opportunity stage by the CRM.
    public var stage = ByteSlice.empty
    /// Sales representative by the CRM.
    public var owner = ByteSlice.empty
    /// Who did it, as far as known.
    public var origin = Origin.unknown
    /// Why, where the decoder knows more than the user agent tells.
    public var originRule = OriginRule.none
    /// Whether the log proves what the event claims, as a signed link does: then it may claim what a
    /// source of full trust may.
    public var isVouched = false

    /// An event with nothing in it.
    public init() {}

    /// Takes everything out, keeping the memory for traits.
    public mutating func clear() {
        let kept = traits
        self = Event()
        traits = kept
        if !traits.isEmpty { traits.removeAll(keepingCapacity: true) }
    }
}

/// What the parts agree to hold no more of than this.
public enum Bounds {
    /// The longest line in bytes, without its newline; longer ones are quarantined.
    public static let lineBytes = 1 << 20
    /// How much of an unusable line is kept.
    public static let quarantinedBytes = 1024
    /// How many quarantined records are kept, the oldest going first.
    public static let quarantinedRecords = 100_000
    /// The longest email address in bytes.
    public static let emailBytes = 254
    /// The longest customer number or cookie in bytes.
    public static let identifierBytes = 4096
    /// The longest event type in bytes.
    public static let typeBytes = 64
    /// Stated attributes on one event.
    public static let traitsPerEvent = 64
    /// The longest name of an attribute in bytes.
    public static let attributeBytes = 64
    /// The longest value of an attribute in bytes.
    public static let traitBytes = 1024
    /// How deep a line of JSON may be nested.
    public static let jsonDepth = 64
    /// How many keys an object of an event may have.
    public static let jsonKeys = 256
    /// How many different signals, topics and machine twins a state can hold.
    public static let signals = 65_000
    /// Bytes read from one file before the next one has its turn.
    public static let turnBytes = 1 << 18
}
