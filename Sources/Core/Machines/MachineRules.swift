/// By what machines are told from people beyond their user agent: by what they do.
///
/// - Source: same second, at least 2 links: Marketo. 5 links within a second: measured on sweeps of
///   mail gateways, which take all links of a mail in less than a second, most of them more than a
///   minute after it was sent. 10 s around a honeypot link: what users of Mautic report. 150 page
///   hits a day: Matomo.
public struct MachineRules: Sendable, Equatable {
    /// Links that nobody sees: whoever follows one is a machine. Compared with the url and its path.
    public var honeypots: [Glob] = []
    /// So many links of one message within the same second are a sweep; nil: however many are not.
    public var sameSecond: Int? = 2
    /// So many within a second: in two seconds that follow each other.
    public var sweepLinks: Int? = 5
    /// This share of a message's links, in percent, within `shareSeconds`.
    public var sweepShare: Int? = 80
    /// So many page hits of an anonymous browser on one day are still a person's.
    public var pageHits: Int? = 150
    /// Whether an anonymous browser that reads robots.txt is a machine.
    public var robots = true

    /// The rules of a configuration that states none.
    public init() {}

    /// The span in which `sweepShare` counts.
    public static let shareSeconds: Int64 = 3
    /// The fewest links that are a share.
    public static let shareLinks = 3
    /// How long before and after a hit on a honeypot everything is a machine's.
    public static let honeypotSeconds: Int64 = 10
    /// How far a second's verdict depends on others.
    public static let reachSeconds = max(honeypotSeconds, shareSeconds)
    /// How many days it is remembered who did what when.
    public static let days = 2
}
