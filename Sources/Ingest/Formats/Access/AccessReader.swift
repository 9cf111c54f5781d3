import Core

/// Cuts the lines of an access log, finds the route of each and takes what it asks for.
///
/// A value and not a class, so that nothing is checked for exclusive access within a line.
struct AccessReader: ~Copyable {
    private let plan: AccessPlan
    private let slots: AccessSlots
    private var time: AccessTime
    private var scratch = ByteScratch()
    private var verifier: LinkVerifier?
    /// The types of the routes, so that an event can point at them.
    private let types: StaticBytes

    init(_ plan: AccessPlan) {
        self.plan = plan
        slots = AccessSlots(plan.template)
        time = plan.time
        verifier = plan.signature.map { LinkVerifier($0) }
        types = StaticBytes(plan.routes.map(\.type))
    }

    /// Decodes one line; a carriage return at its end is dropped.
    mutating func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        var line = line
        if !line.isEmpty, line[line.count - 1] == 0x0D { line = line[0..<(line.count - 1)] }
        guard slots.match(line) == nil else {
            // Zeros where lines should be are what some file systems leave after a crash.
            return line.isBlank ? .blank : line.first(0) == nil ? .format : .nul
        }
        guard let at = time.instant(slots) else { return .time }
        scratch.begin(plan.copies * line.count + 64)
        guard let request = request() else { return .badRequest }
        event.clear()
        event.url = request.target
        let path = event.path
        guard let place = route(for: request.method, path) else { return .noRoute }
        event.at = at
        event.type = types[place]
        if request.method.equals("HEAD") { event.originRule = .head }
        if let slot = plan.userAgent { event.userAgent = value(slot) }
        if let slot = plan.address { event.ip = value(slot) }
        let query = Self.query(of: request.target)
        for (field, source) in plan.routes[place].takes {
            let text = value(source, for: field, request, path, query)
            if let verdict = event.take(text, as: field) { return verdict }
        }
        if verifier?.vouches(for: query, &scratch) == true { event.isVouched = true }
        return nil
    }

    /// Where a line stops to be like the format, for people; nil if it is not that.
    mutating func explain(_ line: ByteSlice, _ verdict: Verdict) -> String? {
        switch verdict {
        case .format:
            guard let mismatch = slots.match(line) else { return nil }
            let steps = plan.template.steps
            guard let step = mismatch.step else { return "does not begin as log_format does" }
            guard step < steps.count else {
                return "goes on behind '$\(steps[step - 1].variable)', at byte \(mismatch.place)"
            }
            let literal = String(decoding: steps[step].literal, as: UTF8.self)
            return "'$\(steps[step].variable)' at byte \(mismatch.place) is not followed by "
                + "'\(literal)'"
        case .noRoute, .badRequest:
            guard slots.match(line) == nil else { return nil }
            scratch.begin(plan.copies * line.count + 64)
            guard let request = request() else { return nil }
            return "\(request.method.text) \(request.target.text)"
        default: return nil
        }
    }

    // MARK: The request

    private struct Request {
        var method = ByteSlice.empty
        var target = ByteSlice.empty
    }

    /// Method and target; nil if it is no request of HTTP.
    private mutating func request() -> Request? {
        switch plan.request {
        case .line(let slot): return Self.request(line: scratch.unescaped(slots[slot], escape))
        case .parts(let method, let target, let query):
            var request = Request(target: value(target))
            if let method { request.method = value(method) }
            if let query {
                var text = value(query)
                if !text.isEmpty, text[0] == 0x3F { text = text[1..<text.count] }
                if !text.isEmpty { request.target = scratch.joined(request.target, 0x3F, text) }
            }
            return Self.isTarget(request.target) ? request : nil
        }
    }

    /// `GET /path?query HTTP/1.1`, or without the version as in HTTP/0.9. A target with blanks in it
    /// is one if the version follows.
    private static func request(line: ByteSlice) -> Request? {
        guard let blank = line.first(0x20), blank > 0, blank <= 32 else { return nil }
        for place in 0..<blank {
            let byte = line[place]
            guard byte &- 0x41 < 26 || byte == 0x2D || byte == 0x5F else { return nil }
        }
        var end = line.count
        // The version is short: " HTTP/1.1" or " HTTP/2".
        var place = line.count - 1
        while place > blank, place >= line.count - 10 {
            if line[place] == 0x20, line.count - place >= 6,
                line[(place + 1)..<(place + 6)].equals("HTTP/")
            {
                end = place
                break
            }
            place -= 1
        }
        let target = line[(blank + 1)..<max(end, blank + 1)]
        guard isTarget(target), end < line.count || target.first(0x20) == nil else { return nil }
        return Request(method: line[0..<blank], target: target)
    }

    /// A path, `*`, or a whole address as proxies are asked for.
    private static func isTarget(_ target: ByteSlice) -> Bool {
        guard !target.isEmpty else { return false }
        if target[0] == 0x2F { return true }
        if target.count == 1 { return target[0] == 0x2A }
        guard target.count > 8, let colon = target[0..<6].first(0x3A) else { return false }
        let scheme = target[0..<colon]
        return (scheme.equals("http") || scheme.equals("https"))
            && target[(colon + 1)..<(colon + 3)].equals("//")
    }

    /// What stands behind the first question mark, without a fragment.
    private static func query(of target: ByteSlice) -> ByteSlice {
        guard let mark = target.first(0x3F) else { return .empty }
        let query = target[(mark + 1)..<target.count]
        return query.first(0x23).map { query[0..<$0] } ?? query
    }

    // MARK: The route

    /// The first route that matches. Its path may match as logged or with its escapes resolved.
    private mutating func route(for method: ByteSlice, _ path: ByteSlice) -> Int? {
        var decoded: ByteSlice?
        if path.first(0x25) != nil { decoded = scratch.percentDecoded(path, plusIsBlank: false) }
        let status = plan.status.flatMap { Self.number(slots[$0]) }
        for place in plan.routes.indices {
            let route = plan.routes[place]
            guard route.path.matches(path) || decoded.map(route.path.matches) == true else {
                continue
            }
            if !route.methods.isEmpty, !route.methods.contains(where: { Self.is(method, $0) }) {
                continue
            }
            if !route.statuses.isEmpty {
                guard let status, route.statuses.contains(status) else { continue }
            }
            return place
        }
        return nil
    }

    private static func `is`(_ text: ByteSlice, _ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { unsafe text.equals(ByteSlice($0)) }
    }

    private static func number(_ text: ByteSlice) -> Int? {
        guard (1...4).contains(text.count) else { return nil }
        var value = 0
        for place in 0..<text.count {
            let digit = text[place] &- 0x30
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    // MARK: Values

    private var escape: AccessTemplate.Escape { plan.template.escape }

    /// The value of a slot; a lone dash is how servers write that there is none.
    private mutating func value(_ slot: Int) -> ByteSlice {
        let raw = slots[slot]
        if raw.count == 1, raw[0] == 0x2D { return .empty }
        return scratch.unescaped(raw, escape)
    }

    private mutating func value(
        _ source: AccessSource, for field: EventField, _ request: Request, _ path: ByteSlice,
        _ query: ByteSlice
    ) -> ByteSlice {
        // In a query a blank is written as a plus; nobody means that in an address or an id.
        let plusIsBlank = field == .campaign || field == .search
        switch source {
        case .slot(let slot, let isEncoded):
            let text = value(slot)
            return isEncoded ? scratch.percentDecoded(text, plusIsBlank: plusIsBlank) : text
        case .parameter(let name):
            let raw = Query.parameter(name, in: query) ?? .empty
            return scratch.percentDecoded(raw, plusIsBlank: plusIsBlank)
        case .cookie(let name, let slot): return Query.cookie(name, in: value(slot)) ?? .empty
        case .target: return request.target
        case .path: return path
        case .query: return query
        case .method: return request.method
        }
    }
}
