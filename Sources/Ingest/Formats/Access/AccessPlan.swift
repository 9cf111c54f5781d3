import Core

/// Where a field of a route is taken from, decided once.
enum AccessSource: Sendable, Equatable {
    /// A variable of the log; `isEncoded` where it is a piece of a query.
    case slot(Int, isEncoded: Bool)
    /// A parameter of the query, its name in lower case.
    case parameter([UInt8])
    /// A cookie out of the header that stands in a slot.
    case cookie([UInt8], slot: Int)
    case target
    case path
    case query
    case method
}

extension AccessTemplate {
    /// Where the request itself stands.
    enum Request: Sendable {
        /// `GET /path?query HTTP/1.1`.
        case line(Int)
        /// Method (if any), path or target, and query (if it is apart).
        case parts(method: Int?, target: Int, query: Int?)
    }

    func slot(_ name: String) -> Int? { steps.firstIndex { $0.variable == name } }

    /// Where the request stands; nil if it stands nowhere.
    var request: Request? {
        if let slot = slot("request") { return .line(slot) }
        let method = slot("request_method")
        if let target = slot("request_uri") {
            return .parts(method: method, target: target, query: nil)
        }
        guard let path = slot("uri") ?? slot("document_uri") else { return nil }
        return .parts(
            method: method, target: path, query: slot("args") ?? slot("query_string"))
    }

    /// Refuses a template from which no event can come.
    ///
    /// - Throws: if it has no time with its zone, or no request.
    public func checkUse() throws(LogFormatProblem) {
        guard AccessTime(variables: variables) != nil else {
            throw LogFormatProblem(
                "has no complete time with its zone",
                "add $time_local, $time_iso8601 or $msec; with Apache %t")
        }
        guard request != nil else {
            throw LogFormatProblem(
                "has no request", "add \"$request\" or $request_uri; with Apache \\\"%r\\\"")
        }
    }

    /// Whether a line says which answer there was.
    public var hasStatus: Bool { slot("status") != nil }

    /// Whether a line says how it was asked.
    public var hasMethod: Bool {
        switch request {
        case .line: true
        case .parts(let method, _, _): method != nil
        case nil: false
        }
    }

    /// Refuses what a route cannot take a field from.
    ///
    /// - Throws: if `text` is no source, or this template does not have it.
    public func check(source text: String) throws(LogFormatProblem) { _ = try source(text) }

    /// What `$arg_NAME`, `$cookie_NAME`, `$http_NAME` or a variable stands for.
    func source(_ text: String) throws(LogFormatProblem) -> AccessSource {
        var name = text.hasPrefix("$") ? text.dropFirst().lowercased() : ""
        if text.hasPrefix("%") { name = Self.variable(ofDirective: text) ?? "" }
        guard !name.isEmpty else {
            throw LogFormatProblem(
                "is no variable", "write $arg_NAME, $cookie_NAME, $http_NAME or a variable")
        }
        if let slot = slot(name) {
            return .slot(slot, isEncoded: name.hasPrefix("arg_"))
        }
        if name.hasPrefix("arg_"), name.count > 4 {
            return .parameter(Array(name.utf8.dropFirst(4)))
        }
        if name.hasPrefix("cookie_"), name.count > 7, let slot = slot("http_cookie") {
            return .cookie(Array(name.utf8.dropFirst(7)), slot: slot)
        }
        switch name {
        case "request_uri": return .target
        case "uri", "document_uri": return .path
        case "args", "query_string": return .query
        case "request_method" where hasMethod: return .method
        default:
            let header = name.hasPrefix("http_") ? name.dropFirst(5).replacing("_", with: "-") : ""
            let apache =
                name.hasPrefix("cookie_")
                ? "%{\(name.dropFirst(7))}C" : header.isEmpty ? "" : "%{\(header)}i"
            throw LogFormatProblem(
                "is not in log_format",
                "let the server log it (\(apache.isEmpty ? "" : "Apache \(apache), ")nginx $\(name)) "
                    + "and add it to log_format")
        }
    }
}

/// Everything that is decided before the first line.
struct AccessPlan: Sendable {
    /// A route with its sources found.
    struct Route: Sendable {
        let path: Glob
        let methods: [[UInt8]]
        let statuses: [Int]
        let type: [UInt8]
        let takes: [(field: EventField, source: AccessSource)]
    }

    let template: AccessTemplate
    let time: AccessTime
    let request: AccessTemplate.Request
    let routes: [Route]
    let signature: LinkSignature?
    let status: Int?
    let userAgent: Int?
    let address: Int?
    /// How often the bytes of a line may be written anew.
    let copies: Int

    /// The plan of a layout.
    ///
    /// - Throws: what `AccessTemplate` finds wrong with it.
    init(_ layout: AccessLayout) throws(LogFormatProblem) {
        let template = try AccessTemplate(layout.logFormat)
        try template.checkUse()
        guard let time = AccessTime(variables: template.variables), let request = template.request
        else { throw LogFormatProblem("has no time or no request", "write combined") }
        var routes: [Route] = []
        for route in layout.routes {
            var takes: [(field: EventField, source: AccessSource)] = []
            for field in EventField.allCases {
                guard let text = route.takes[field] else { continue }
                takes.append((field, try template.source(text)))
            }
            routes.append(
                Route(
                    path: route.path, methods: route.methods.map { Array($0.utf8) },
                    statuses: route.statuses, type: Array(route.type.utf8), takes: takes))
        }
        self.template = template
        self.time = time
        self.request = request
        self.routes = routes
        signature = layout.signature
        status = template.slot("status")
        userAgent = template.slot("http_user_agent")
        address = template.slot("remote_addr")
        // Each field may be unescaped and then decoded; so may request, path, user agent, parameters.
        copies = 2 * EventField.allCases.count + 8 + 2 * (layout.signature?.over.count ?? 0)
    }
}
