import Yams

/// What the YAML parser says, in the words of somebody who wants to repair the file.
struct SyntaxProblem {
    var line: Int
    var column: Int
    var what: String
    var remedy: String
}

extension SyntaxProblem {
    /// The problem that an error of the parser stands for.
    init(_ error: any Error, in text: SourceText) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init(problem: problem, context: context, mark: mark, in: text)
        default:
            self.init(line: 1, column: 1, what: "is not YAML", remedy: "check the whole file")
        }
    }

    private init(problem: String, context: YamlError.Context?, mark: Mark, in text: SourceText) {
        line = mark.line
        column = mark.column
        let rest = text.line(line, from: column)
        let doing = context?.text ?? ""
        if let context, doing.contains("quoted scalar"), problem.contains("end of stream") {
            (line, column) = (context.mark.line, context.mark.column)
            what = "this quote is never closed"
            remedy = "close it; inside single quotes write a quote twice, inside double ones \\\""
        } else if problem.contains("tab character")
            || (problem.contains("cannot start any token") && rest.hasPrefix("\t"))
        {
            what = "a tab is used for indentation"
            remedy = "use spaces"
        } else if let context, let bracket = Self.openBracket(problem, doing: doing) {
            (line, column) = (context.mark.line, context.mark.column)
            what = "this '\(bracket.open)' is not closed"
            remedy = "add the missing ',' or '\(bracket.close)' before \(mark.line):\(mark.column)"
        } else if let context, problem.contains("could not find expected ':'") {
            (line, column) = (context.mark.line, context.mark.column)
            what = "a ':' is missing after this key"
            remedy = "write key: value, with a space after the ':'"
        } else if let known = Self.known(problem, doing: doing, rest: rest) {
            (what, remedy) = known
        } else {
            what = doing.isEmpty ? problem : "\(doing), \(problem)"
            remedy = "check quotes, brackets and indentation up to here"
        }
    }

    private static func openBracket(
        _ problem: String, doing: String
    ) -> (open: String, close: String)? {
        if problem.contains("',' or '}'") || doing.contains("parsing a flow mapping") {
            return ("{", "}")
        }
        if problem.contains("',' or ']'") || doing.contains("parsing a flow sequence") {
            return ("[", "]")
        }
        return nil
    }

    private static func known(
        _ problem: String, doing: String, rest: String
    ) -> (what: String, remedy: String)? {
        if problem.contains("cannot start any token") {
            let character = rest.first.map(String.init) ?? ""
            return (
                "a value cannot begin with \(shown(character))",
                "put the whole value into double quotes"
            )
        }
        if doing.contains("scanning an alias") || problem.contains("undefined alias") {
            return (
                "an unquoted '*' at the beginning refers to an anchor, and there is none",
                "put a pattern into double quotes, such as \"*service*\""
            )
        }
        if doing.contains("scanning an anchor") {
            return ("an unquoted '&' begins an anchor", "put the value into double quotes")
        }
        if problem.contains("another document") {
            return (
                "a second document begins here",
                "remove the line '---', or move what follows into a file of its own in conf.d"
            )
        }
        if problem.contains("mapping values are not allowed") {
            return (
                "a ':' is not expected here",
                "check the indentation of this line and the one before, "
                    + "and put text that holds ': ' into double quotes"
            )
        }
        if problem.contains("unknown escape") || problem.contains("hexdecimal number")
            || problem.contains("hexadecimal number") || problem.contains("escape code")
        {
            return (
                "inside double quotes a '\\' begins an escape, and this is none",
                "write '\\\\', or use single quotes"
            )
        }
        return structure(problem, doing: doing)
    }

    private static func structure(
        _ problem: String, doing: String
    ) -> (what: String, remedy: String)? {
        if problem.contains("did not find expected key") {
            return (
                "a key is expected here",
                "indent this line like the other keys of its mapping, "
                    + "and close the quotes and brackets before it"
            )
        }
        if problem.contains("expected '-' indicator") {
            return (
                "this line belongs neither to the list nor to its last entry",
                "indent it like the keys of that entry, or begin it with '- ' like the entries"
            )
        }
        if problem.contains("expected node content") {
            return (
                "a value is expected here",
                "close the brackets before it, and remove a ',' or ':' too many"
            )
        }
        if problem.contains("sequence entries") {
            return ("an entry of a list cannot stand here", "begin it on a line of its own")
        }
        if problem.contains("did not find expected <document start>") {
            return (
                "the document has ended before this line",
                "check the indentation of this line, and remove lines with '---' or '...'"
            )
        }
        if problem.contains("nesting") || problem.contains("level") {
            return ("is nested too deeply", "no value needs more than 8 levels")
        }
        if problem.contains("tag") || doing.contains("tag") {
            return ("'!' begins a tag, and there are none", "put the value into double quotes")
        }
        return nil
    }
}
