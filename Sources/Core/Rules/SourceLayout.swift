/// A field of an event, by its name in the configuration and in the native format.
public enum EventField: String, Sendable, CaseIterable {
    case ts
    case type
    case customerID = "customer_id"
    case email
    case cookie
    case id
    case url
    case campaign
    case message
    case search
    case value
    case currency
    case status
    case bounce
    case ua
    case ip
    case stage
    case owner
    case origin
}

/// What the configuration says about the lines of a source, where the format leaves that open.
public enum SourceLayout: Sendable, Equatable {
    /// The format says it all.
    case fixed
    /// An access log.
    case access(AccessLayout)
    /// JSON or CSV, whose members or columns are named.
    case fields(FieldLayout)
}

/// How an access log is written, and which of its requests are events.
public struct AccessLayout: Sendable, Equatable {
    /// `combined`, `common`, `vhost_combined`, or a format as nginx or Apache write it.
    public var logFormat: String
    /// Tried in order; the first match wins.
    public var routes: [Route]
    /// How links are signed; nil if they are not.
    public var signature: LinkSignature?

    /// A layout.
    public init(
        logFormat: String = "combined", routes: [Route] = [], signature: LinkSignature? = nil
    ) {
        self.logFormat = logFormat
        self.routes = routes
        self.signature = signature
    }
}

/// Requests that are events of one type, and where their fields stand.
public struct Route: Sendable, Equatable {
    /// Of the path, without the query.
    public var path: Glob
    /// Of which one must be the request's; empty: any.
    public var methods: [String]
    /// Of which one must be the answer's; empty: any.
    public var statuses: [Int]
    /// The type of the events.
    public var type: String
    /// Where each field comes from: `$arg_NAME`, `$cookie_NAME`, a variable of the log format.
    public var takes: [EventField: String]

    /// A route.
    public init(
        path: Glob, methods: [String] = [], statuses: [Int] = [], type: String,
        takes: [EventField: String] = [:]
    ) {
        self.path = path
        self.methods = methods
        self.statuses = statuses
        self.type = type
        self.takes = takes
    }
}

/// How a link proves that its parameters are ours: an HMAC-SHA256 over them.
public struct LinkSignature: Sendable, Equatable {
    /// The parameter with the signature.
    public var parameter: String
    /// The file with the key.
    public var keyFile: String
    /// The key.
    public var key: [UInt8]
    /// The parameters that are signed, in this order.
    public var over: [String]

    /// A way of signing.
    public init(parameter: String, keyFile: String, key: [UInt8], over: [String]) {
        self.parameter = parameter
        self.keyFile = keyFile
        self.key = key
        self.over = over
    }
}

/// What one of their types means: a type of ours, and what else it says.
public struct TypeMeaning: Sendable, Equatable {
    /// Our type.
    public var type: String
    /// The class of bounce where the log does not tell more exactly; nil for none.
    public var bounce: String?

    /// A meaning.
    public init(type: String, bounce: String? = nil) {
        self.type = type
        self.bounce = bounce
    }
}

/// Where the fields of an event stand in JSON (pointers of RFC 6901) or CSV (names of columns).
public struct FieldLayout: Sendable, Equatable {
    /// For each field the places where it may stand; the first that says something wins.
    public var fields: [EventField: [String]] = [:]
    /// Places of objects whose members are traits; JSON only.
    public var traitObjects: [String] = []
    /// Single traits: attribute to places, in the order of the attributes.
    public var traits: [String: [String]] = [:]
    /// Their types to ours; nil: theirs are ours.
    public var types: [String: TypeMeaning]?
    /// For a field, their words to ours; `*` stands for any other word.
    public var values: [EventField: [String: String]] = [:]
    /// The type of events that state none.
    public var type: String?
    /// Places of arrays, of which the first that is there holds the events; JSON only.
    public var each: [String] = []
    /// Places of objects, or of texts that are JSON, which stand for the line, the outermost first;
    /// one that is not there is passed over. JSON only.
    public var unwrap: [String] = []
    /// The names of the columns; nil: they stand in the first line of each file.
    public var columns: [String]?
    /// What stands between columns.
    public var delimiter: UInt8 = 0x2C
    /// The zone of times that state none; CSV only.
    public var zone = FixedZone.utc

    /// A layout that takes nothing.
    public init() {}
}
