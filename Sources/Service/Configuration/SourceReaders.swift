import Core
import Ingest

/// How a source is read.
extension ConfigurationReader {
    /// Keys that only make sense with some formats.
    private static let keysOf: [String: [String]] = [
        "access": ["log_format", "routes", "sign"],
        "json": ["each", "unwrap", "fields", "types", "values", "type"],
        "csv": ["columns", "delimiter", "fields", "types", "values", "type"],
    ]

    func sourceRule(_ section: Section, name: String) -> SourceDefinition? {
        let paths = section.required("paths")?.oneOrMore("a path").compactMap { $0.path() }
        let preset = section.optional("preset").flatMap { presets.read($0) }
        let stated = section.optional("format")?.word(of: formats, noun: "a known format")
        let inherited = preset?.optional("format")?.word(of: formats, noun: "a known format")
        let format = stated ?? inherited ?? formats.first ?? "events"
        let trust = section.optional("trust")?.word(
            of: Trust.allCases.map(\.rawValue), noun: "a known trust")
        let follows = section.optional("follow_symlinks")?.word(
            of: ["true", "false"], noun: "a known answer")
        refuseKeys(section, of: format)
        let layout = layout(section, preset, format)
        guard let paths, let layout else { return nil }
        // Whoever can write a link can write the lines of an access log.
        let usual = format == "access" ? Trust.low : .full
        return SourceDefinition(
            name: name, paths: paths, format: format, trust: trust.flatMap(Trust.init) ?? usual,
            layout: layout, followsLinks: follows == "true")
    }

    private func refuseKeys(_ section: Section, of format: String) {
        let mine = Self.keysOf[format] ?? []
        for key in Set(Self.keysOf.values.joined()).subtracting(mine).sorted() {
            guard let value = section.optional(key) else { continue }
            let users = Self.keysOf.keys.filter { Self.keysOf[$0]?.contains(key) == true }.sorted()
            findings.mistake(
                value.keyPlace, "'\(key)' has no meaning with format: \(format)",
                "remove it, or write format: \(enumerated(users, "or"))")
        }
    }

    private func layout(_ section: Section, _ preset: Section?, _ format: String) -> SourceLayout? {
        switch format {
        case "access": return accessLayout(section)
        case "json", "csv":
            var layout = FieldLayout()
            let isCSV = format == "csv"
            if let preset { FieldReader(section: preset, isCSV: isCSV).read(into: &layout) }
            FieldReader(section: section, isCSV: isCSV).read(into: &layout)
            FieldReader(section: section, isCSV: isCSV).check(layout)
            return .fields(layout)
        default: return .fixed
        }
    }

    // MARK: Access logs

    private func accessLayout(_ section: Section) -> SourceLayout? {
        var layout = AccessLayout()
        let format = section.optional("log_format")
        if let text = format?.text("a log format") { layout.logFormat = text }
        var template: AccessTemplate?
        do throws(LogFormatProblem) {
            let found = try AccessTemplate(layout.logFormat)
            try found.checkUse()
            template = found
        } catch {
            format?.mistake("'log_format' \(error.what)", error.remedy)
        }
        let sign = section.optional("sign")
        if let sign { layout.signature = signature(sign) }
        guard let value = section.required("routes") else { return nil }
        let nodes = value.entries()
        if nodes.isEmpty {
            value.mistake("'routes' lists no route", "add one, such as \(value.example)")
        }
        guard let template, sign == nil || layout.signature != nil else { return nil }
        var placed: [(route: Route, place: Place)] = []
        for node in nodes.prefix(ConfigurationBounds.entries) {
            guard let entry = Section(node, in: section.document, kind: .route) else { continue }
            let reader = RouteReader(section: entry, template: template)
            guard let route = reader.route(signedBy: layout.signature) else { continue }
            placed.append((route, entry.place))
        }
        RouteOrder.warn(placed, findings: findings)
        layout.routes = placed.map(\.route)
        return layout.routes.count == nodes.count ? .access(layout) : nil
    }

    private func signature(_ value: Value) -> LinkSignature? {
        guard
            let section = Section(
                value.node, in: value.document, kind: .sign, title: "'sign'")
        else { return nil }
        let parameter = section.required("parameter")?.parameterName()
        let over = section.required("over")?.oneOrMore("a parameter").compactMap {
            $0.parameterName()
        }
        let file = section.required("key_file")
        guard let parameter, let over, let path = file?.path(), let key = file?.key(path) else {
            return nil
        }
        return LinkSignature(parameter: parameter, keyFile: path, key: key, over: over)
    }
}

extension Value {
    /// The name of a parameter of a link.
    fileprivate func parameterName() -> String? {
        guard let text = text("a parameter") else { return nil }
        let isName =
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && !"&=#$?%".utf8.contains($0) }
        if isName { return text }
        let near = text.hasPrefix("$arg_") ? String(text.dropFirst(5)) : nil
        mistake(
            "\(shown(text)) is not the name of a parameter",
            "write \(near ?? "it as it stands in links, such as \(example)")")
        return nil
    }

    /// The key in a file, without line feeds at its end.
    fileprivate func key(_ path: String) -> [UInt8]? {
        switch RawFile.read(path, limit: 4096) {
        case .failure(let failure):
            let (what, remedy) = failure.message(path: path, isMain: false)
            mistake("\(path) \(what)", remedy)
            return nil
        case .success(let file):
            if file.mode & 0o007 != 0 {
                warning("\(path) can be read by everybody", "run chmod o= \(path)")
            }
            var key = file.bytes
            while let last = key.last, last == 0x0A || last == 0x0D { key.removeLast() }
            if key.count >= 16 { return key }
            mistake(
                "the key in \(path) has \(key.count) bytes, which somebody could guess",
                "make one with: openssl rand -hex 32")
            return nil
        }
    }
}

/// Reads one route.
struct RouteReader {
    let section: Section
    let template: AccessTemplate

    /// The route, nil with a mistake if it is none.
    func route(signedBy signature: LinkSignature?) -> Route? {
        let path = section.required("path").flatMap { self.path($0) }
        let type = section.required("type").flatMap { $0.eventType() }
        let methods = section.optional("method")?.oneOrMore("a method").compactMap {
            self.method($0)
        }
        let statuses = section.optional("status")?.oneOrMore("a status").compactMap {
            self.status($0)
        }
        var takes: [EventField: String] = [:]
        for field in EventField.allCases where field != .type && field != .status {
            guard let value = section.optional(field.rawValue),
                let text = value.text("a variable")
            else { continue }
            takes[field] = text
            do throws(LogFormatProblem) {
                try template.check(source: text)
            } catch {
                value.mistake(
                    "'\(field.rawValue)' is \(shown(text)), which \(error.what)", error.remedy)
                return nil
            }
            if let signature { check(value, text, field, signature) }
        }
        guard let path, let type else { return nil }
        return Route(
            path: path, methods: methods ?? [], statuses: statuses ?? [], type: type, takes: takes)
    }

    private func path(_ value: Value) -> Glob? {
        guard let text = value.text("a pattern") else { return nil }
        if text.contains("?") || text.contains("#") {
            value.warning(
                "route \(shown(text)) never matches: the path ends before '?' and '#'",
                "write the path alone")
        } else if !text.hasPrefix("/"), !text.hasPrefix("*") {
            value.warning(
                "route \(shown(text)) never matches: every path begins with '/'",
                "write \"/\(text)\"")
        }
        return Glob(text)
    }

    private func method(_ value: Value) -> String? {
        guard let text = value.text("a method") else { return nil }
        if !template.hasMethod {
            value.mistake("log_format does not have the method", "add \"$request\" to it")
        }
        let isMethod =
            !text.isEmpty
            && text.utf8.allSatisfy {
                (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
        if !isMethod {
            value.warning(
                "a route with method \(shown(text)) never matches: methods are in capitals",
                "write \(text.uppercased())")
        }
        return text
    }

    private func status(_ value: Value) -> Int? {
        if !template.hasStatus {
            value.mistake("log_format does not have the status", "add $status to it; Apache %>s")
        }
        return value.integer(in: 100...599)
    }

    /// What is proved by a signature must be under it.
    private func check(
        _ value: Value, _ text: String, _ field: EventField, _ signature: LinkSignature
    ) {
        guard field == .email || field == .customerID else { return }
        let name = text.lowercased()
        let isSigned =
            name.hasPrefix("$arg_")
            && signature.over.contains { $0.lowercased() == name.dropFirst(5) }
        let isTheirs = ["$arg_", "$cookie_", "$http_"].contains { name.hasPrefix($0) }
        guard isTheirs, !isSigned else { return }
        value.mistake(
            "'\(field.rawValue)' is \(text), which the signature does not cover",
            "add the parameter to 'over', and sign it")
    }
}

extension Value {
    /// A type of events.
    func eventType() -> String? {
        guard let text = text("a type") else { return nil }
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_.-".utf8
        func isType(_ text: String) -> Bool {
            (1...Bounds.typeBytes).contains(text.utf8.count)
                && text.utf8.allSatisfy { allowed.contains($0) }
        }
        if isType(text) { return text }
        let near = text.lowercased().replacing(" ", with: "_")
        mistake(
            "'\(key)' is \(shown(text)), not a type",
            isType(near) ? "write \(near)" : "types are 1 to 64 of a-z, 0-9, '_', '.' and '-'")
        return nil
    }
}
