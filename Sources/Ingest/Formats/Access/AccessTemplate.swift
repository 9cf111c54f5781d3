/// Why a text is no format of an access log.
public struct LogFormatProblem: Error, Equatable {
    /// What is wrong.
    public let what: String
    /// What to write instead.
    public let remedy: String

    init(_ what: String, _ remedy: String) {
        self.what = what
        self.remedy = remedy
    }
}

/// The format of an access log, taken apart once: values, and the text that stands between them.
///
/// Variables go by nginx's names, whoever's format it is: `%h` is `remote_addr`, `%{X-Id}i` is
/// `http_x_id`.
///
/// - Source: nginx, ngx_http_log_module; Apache httpd 2.4, mod_log_config.
public struct AccessTemplate: Sendable, Equatable {
    /// How the writer of the log hides what would end a value.
    public enum Escape: Sendable {
        /// `\x22`, `\"`, `\n`: nginx by itself, and Apache.
        case text
        /// As in JSON strings: nginx with escape=json.
        case json
        /// Not at all.
        case none
    }

    /// How the end of a value is found.
    enum Shape: Sendable {
        /// By the text that follows, or at the end of the line.
        case open
        /// By the first quote that is not escaped.
        case quoted
        /// As `open`, but a leading bracket holds an IPv6 address.
        case address
        /// After so many bytes.
        case fixed(Int)
    }

    /// A value and the text behind it.
    struct Step: Sendable, Equatable {
        let variable: String
        let shape: Shape
        let literal: [UInt8]
    }

    /// What a format is made of.
    enum Token {
        case text([UInt8])
        case variable(String)
    }

    /// The formats that have a name.
    public static let names = ["combined", "common", "vhost_combined"]

    let escape: Escape
    let prefix: [UInt8]
    let steps: [Step]

    /// The variables in the order of the line.
    public var variables: [String] { steps.map(\.variable) }

    /// The template of a name, of nginx's `log_format` or of Apache's `LogFormat`.
    public init(_ text: String) throws(LogFormatProblem) {
        let common =
            "$remote_addr $remote_logname $remote_user [$time_local] \"$request\" $status "
            + "$body_bytes_sent"
        let combined = common + " \"$http_referer\" \"$http_user_agent\""
        // A block of YAML ends in a line feed.
        var ending = text[...]
        while ending.last?.isWhitespace == true { ending.removeLast() }
        let text = String(ending)
        switch text {
        case "common": try self.init(nginx: common)
        case "combined": try self.init(nginx: combined)
        case "vhost_combined": try self.init(nginx: "$server_name:$server_port " + combined)
        default:
            if text.contains("$") {
                try self.init(nginx: text)
            } else if text.contains("%") {
                try self.init(tokens: try Self.apacheTokens(text), escape: .text)
            } else {
                throw LogFormatProblem(
                    "holds no variable of nginx or Apache",
                    "write combined, common, vhost_combined, or the format of the server")
            }
        }
    }

    private init(nginx text: String) throws(LogFormatProblem) {
        let (format, escape) = try Self.nginxFormat(text)
        try self.init(tokens: try Self.nginxTokens(format), escape: escape)
    }

    /// Joins the tokens to steps, and decides for each value how its end is found.
    private init(tokens: [Token], escape: Escape) throws(LogFormatProblem) {
        var before: [UInt8] = []
        var variables: [(name: String, before: [UInt8])] = []
        for token in tokens {
            switch token {
            case .text(let bytes): before += bytes
            case .variable(let name):
                variables.append((name, before))
                before = []
            }
        }
        var steps: [Step] = []
        for place in variables.indices {
            let (name, opening) = variables[place]
            let isLast = place == variables.count - 1
            let literal = isLast ? before : variables[place + 1].before
            let shape = Self.shape(of: name, after: opening, before: literal, escape)
            if case .fixed = shape {
            } else if literal.isEmpty, !isLast {
                throw LogFormatProblem(
                    "has nothing between '$\(name)' and '$\(variables[place + 1].name)'",
                    "put a blank or a quote between them, in the server's configuration too")
            }
            steps.append(Step(variable: name, shape: shape, literal: literal))
        }
        guard let first = variables.first else {
            throw LogFormatProblem("holds no variable", "write combined, or the server's format")
        }
        self.escape = escape
        prefix = first.before
        self.steps = steps
    }

    private static func shape(
        of name: String, after opening: [UInt8], before literal: [UInt8], _ escape: Escape
    ) -> Shape {
        if let width = AccessTime.Part(name)?.width { return .fixed(width) }
        if literal.first == 0x22, opening.last == 0x22 || escape == .json {
            return escape == .none ? .open : .quoted
        }
        let addresses = ["remote_addr", "server_addr", "server_name", "host", "http_host"]
        return addresses.contains(name) ? .address : .open
    }
}

extension AccessTemplate.Shape: Equatable {}
