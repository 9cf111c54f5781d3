/// Why an event is taken for a machine's or a person's.
///
/// A registry: a new rule is a new line here. What is stored is the name.
public enum OriginRule: UInt8, Sendable, CaseIterable {
    /// Nothing says anything.
    case none
    /// The log itself says so.
    case stated
    // People.
    /// A browser or a mail program.
    case browser
    /// A person's mail program behind its provider's proxy.
    case proxy
    // Machines.
    /// A crawler of a search engine, an archive, a model, or anything that calls itself a bot.
    case crawler
    /// Looks whether a site is up, fast and sound.
    case monitor
    /// Fetches a link that somebody wrote, to show what is behind it.
    case preview
    /// Opens mails before anybody reads them.
    case prefetch
    /// A browser that nobody looks at.
    case headless
    /// A library or a tool that speaks HTTP.
    case library
    /// Names neither a browser nor a system that one runs on.
    case nameless
    /// A request for the headers alone.
    case head
    /// Followed most links of a message at once.
    case sweep
    /// Followed a link that nobody sees.
    case honeypot
    /// Looked at more pages on one day than anybody reads.
    case volume
    /// Read robots.txt.
    case robots

    /// The word for it in tables and reports.
    public var name: String {
        switch self {
        case .none: "none"
        case .stated: "stated"
        case .browser: "browser"
        case .proxy: "proxy"
        case .crawler: "crawler"
        case .monitor: "monitor"
        case .preview: "preview"
        case .prefetch: "prefetch"
        case .headless: "headless"
        case .library: "library"
        case .nameless: "nameless"
        case .head: "head"
        case .sweep: "sweep"
        case .honeypot: "honeypot"
        case .volume: "volume"
        case .robots: "robots"
        }
    }

    /// What the rule says, for people.
    public var explanation: String {
        switch self {
        case .none: "nothing says anything"
        case .stated: "the log says so"
        case .browser: "the user agent of a browser, a mail program or an app"
        case .proxy: "a mail program behind its provider's proxy"
        case .crawler: "the user agent of a crawler"
        case .monitor: "the user agent of a monitor"
        case .preview: "fetched for the preview of a link"
        case .prefetch: "fetched before anybody could have read the mail"
        case .headless: "a browser without a screen"
        case .library: "a library or tool that speaks HTTP"
        case .nameless: "a user agent without browser and system"
        case .head: "asked for the headers alone"
        case .sweep: "followed several links of a message at once"
        case .honeypot: "within seconds of following a link that nobody sees"
        case .volume: "looked at more pages on one day than anybody reads"
        case .robots: "reads robots.txt"
        }
    }

    /// Who that is.
    public var origin: Origin {
        switch self {
        case .none, .stated: .unknown
        case .browser, .proxy: .human
        case .crawler, .monitor, .preview, .prefetch, .headless, .library, .nameless, .head,
            .sweep, .honeypot, .volume, .robots:
            .machine
        }
    }

    /// The rules that make an event a machine's.
    public static let machines: [OriginRule] =
        [.stated] + allCases.filter { $0.origin == .machine }
}
