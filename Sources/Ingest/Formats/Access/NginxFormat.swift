/// How nginx's `log_format` is read.
extension AccessTemplate {
    /// The format without what stands around it in nginx.conf, and how values are escaped.
    ///
    /// Taken as they are: the format alone, with `escape=json` before it, in the quoted pieces of a
    /// configuration, and the whole directive with its name and semicolon.
    static func nginxFormat(_ text: String) throws(LogFormatProblem) -> (String, Escape) {
        var rest = text.drop(while: \.isWhitespace)
        var escape = Escape.text
        var isDirective = false
        if rest.hasPrefix("log_format ") {
            isDirective = true
            rest = rest.dropFirst(11).drop(while: \.isWhitespace)
            rest = rest.drop { !$0.isWhitespace }.drop(while: \.isWhitespace)
        }
        if rest.hasPrefix("escape=") {
            isDirective = true
            let value = rest.dropFirst(7).prefix { !$0.isWhitespace }
            switch value {
            case "json": escape = .json
            case "default": escape = .text
            case "none": escape = .none
            default:
                throw LogFormatProblem(
                    "has an unknown escape '\(value)'", "write escape=json, =default or =none")
            }
            rest = rest.dropFirst(7 + value.count).drop(while: \.isWhitespace)
        }
        let isQuoted = rest.hasPrefix("'") || (isDirective && rest.hasPrefix("\""))
        return (isQuoted ? try pieces(rest) : String(rest), escape)
    }

    /// What quoted pieces after each other say: `'$remote_addr ' '[$time_local]';`.
    private static func pieces(_ text: Substring) throws(LogFormatProblem) -> String {
        var rest = text
        var joined = ""
        while let quote = rest.first, quote == "'" || quote == "\"" {
            rest.removeFirst()
            var isOpen = true
            while isOpen, let character = rest.popFirst() {
                if character == quote {
                    isOpen = false
                } else if character == "\\", let escaped = rest.first, "\\'\"".contains(escaped) {
                    joined.append(rest.removeFirst())
                } else {
                    joined.append(character)
                }
            }
            if isOpen { throw LogFormatProblem("has a quote that is not closed", "close it") }
            rest = rest.drop(while: \.isWhitespace)
        }
        guard rest.isEmpty || rest == ";" else {
            throw LogFormatProblem(
                "goes on behind its last quote with '\(rest.prefix(20))'",
                "write the format alone, or exactly as nginx.conf has it")
        }
        return joined
    }

    /// Text and variables of a format.
    static func nginxTokens(_ format: String) throws(LogFormatProblem) -> [Token] {
        // A path and its query, as nginx writes them in two.
        let text = format.replacing("$uri$is_args$args", with: "$request_uri")
        var rest = Substring(text)
        var tokens: [Token] = []
        while let dollar = rest.firstIndex(of: "$") {
            tokens.append(.text(Array(rest[..<dollar].utf8)))
            rest = rest[dollar...].dropFirst()
            let isBraced = rest.first == "{"
            if isBraced { rest.removeFirst() }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, !isBraced || rest.first == "}" else {
                throw LogFormatProblem("has a '$' without a name", "write $ and a variable's name")
            }
            if isBraced { rest.removeFirst() }
            tokens.append(.variable(name.lowercased()))
        }
        tokens.append(.text(Array(rest.utf8)))
        return tokens
    }
}
