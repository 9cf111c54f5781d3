/// How Apache's `LogFormat` is read.
extension AccessTemplate {
    /// What the directives are called here; those with a parameter are below.
    ///
    /// - Source: Apache httpd 2.4, mod_log_config and mod_logio.
    private static let apacheNames: [Character: String] = [
        "a": "remote_addr", "A": "server_addr", "b": "body_bytes_sent", "B": "body_bytes_sent",
        "D": "request_usec", "f": "request_filename", "h": "remote_addr", "H": "server_protocol",
        "I": "request_length", "k": "connection_requests", "l": "remote_logname", "L": "log_id",
        "m": "request_method", "O": "bytes_sent", "p": "server_port", "P": "pid",
        "q": "query_string", "r": "request", "R": "handler", "s": "status", "S": "bytes_total",
        "T": "request_time", "u": "remote_user", "U": "uri", "v": "server_name",
        "V": "server_name", "X": "connection_status",
    ]

    /// Text and variables of a format, as it stands in httpd.conf or without its quotes.
    static func apacheTokens(_ text: String) throws(LogFormatProblem) -> [Token] {
        var rest = Substring(unquoted(text))
        var tokens: [Token] = []
        while let percent = rest.firstIndex(of: "%") {
            tokens.append(.text(Array(rest[..<percent].utf8)))
            rest = rest[percent...].dropFirst()
            if rest.first == "%" {
                tokens.append(.text([0x25]))
                rest.removeFirst()
            } else if rest.hasPrefix("U%q") {
                tokens.append(.variable("request_uri"))
                rest = rest.dropFirst(3)
            } else {
                tokens += try directive(&rest)
            }
        }
        tokens.append(.text(Array(rest.utf8)))
        return tokens
    }

    /// The name of the one variable that a directive such as `%{X-Id}i` stands for; nil if there is
    /// none.
    static func variable(ofDirective text: String) -> String? {
        guard text.hasPrefix("%"), let tokens = try? apacheTokens(text) else { return nil }
        var names: [String] = []
        for case .variable(let name) in tokens { names.append(name) }
        return names.count == 1 ? names[0] : nil
    }

    /// Without the directive's name and quotes, escapes resolved.
    private static func unquoted(_ text: String) -> String {
        var rest = text.drop(while: \.isWhitespace)
        if rest.hasPrefix("LogFormat ") {
            rest = rest.dropFirst(10).drop(while: \.isWhitespace)
            if rest.first == "\"", let end = rest.lastIndex(of: "\"") {
                rest = rest[..<end].dropFirst()
            }
        }
        var plain = ""
        while let character = rest.popFirst() {
            guard character == "\\", let next = rest.first, "\"\\'nt".contains(next) else {
                plain.append(character)
                continue
            }
            rest.removeFirst()
            plain.append(next == "t" ? "\t" : next == "n" ? "\n" : next)
        }
        return plain
    }

    /// One directive behind its percent sign: `>s`, `{Referer}i`, `!200,304{Cookie}i`.
    private static func directive(_ rest: inout Substring) throws(LogFormatProblem) -> [Token] {
        let whole = rest.prefix(20)
        rest = rest.drop { "!<>,".contains($0) || $0.isNumber }
        var parameter: Substring?
        if rest.first == "{" {
            guard let end = rest.firstIndex(of: "}") else {
                throw LogFormatProblem("has '%\(whole)' without a closing '}'", "close it")
            }
            parameter = rest[..<end].dropFirst()
            rest = rest[end...].dropFirst()
        }
        rest = rest.drop { "<>".contains($0) }
        if rest.hasPrefix("^ti") || rest.hasPrefix("^to") { rest = rest.dropFirst(2) }
        guard let letter = rest.popFirst() else {
            throw LogFormatProblem("ends in '%'", "write %% for a percent sign")
        }
        if letter == "t" { return try timeTokens(parameter) }
        if let parameter, let name = named(letter, by: parameter) { return [.variable(name)] }
        guard let name = apacheNames[letter] else {
            throw LogFormatProblem(
                "has an unknown directive '%\(whole.prefix(8))'",
                "use the directives of mod_log_config")
        }
        return [.variable(name)]
    }

    private static func named(_ letter: Character, by parameter: Substring) -> String? {
        let name = parameter.lowercased().replacing("-", with: "_")
        switch letter {
        case "i": return "http_\(name)"
        case "o": return "sent_http_\(name)"
        case "C": return "cookie_\(name)"
        case "e", "n", "x": return name
        default: return nil
        }
    }

    /// A time: by itself `[10/Oct/2026:13:55:36 +0200]`, else as strftime(3) would write it.
    private static func timeTokens(_ format: Substring?) throws(LogFormatProblem) -> [Token] {
        guard var format else { return [.text([0x5B]), .variable("time_local"), .text([0x5D])] }
        for prefix in ["begin:", "end:"] where format.hasPrefix(prefix) {
            format = format.dropFirst(prefix.count)
        }
        if let part = AccessTime.Part(apache: format) { return [.variable(part.name)] }
        let spelled = format.replacing("%T", with: "%H:%M:%S").replacing("%F", with: "%Y-%m-%d")
            .replacing("%R", with: "%H:%M")
        var rest = Substring(spelled)
        var tokens: [Token] = []
        while let percent = rest.firstIndex(of: "%") {
            tokens.append(.text(Array(rest[..<percent].utf8)))
            rest = rest[percent...].dropFirst()
            let letter = rest.popFirst()
            if letter == "%" {
                tokens.append(.text([0x25]))
            } else if let letter, let part = AccessTime.Part(strftime: letter) {
                tokens.append(.variable(part.name))
            } else {
                throw LogFormatProblem(
                    "has a time with '%\(letter.map(String.init) ?? "")'",
                    "use %Y %m %d %e %b %H %M %S %z %T %F %R %s, or sec, msec and usec")
            }
        }
        tokens.append(.text(Array(rest.utf8)))
        return tokens
    }
}
