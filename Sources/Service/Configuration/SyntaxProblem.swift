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
        let before = text.line(line, before: column)
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
        } else if let known = Self.known(problem, doing: doing, rest: rest, before: before) {
            (what, remedy) = known
        } else {
            what = doing.isEmpty ? problem : "\(doing), \(problem)"
            remedy = "check quotes, brackets and indentation up to here"
        }
    }

    private static func known(
        _ problem: String, doing: String, rest: String, before: String
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
        if problem.contains("',' or '}'") {
            return ("this '{' is not closed where it should be", "add the missing ',' or '}' before")
        }
        if problem.contains("',' or ']'") {
            return ("this '[' is not closed where it should be", "add the missing ',' or ']' before")
        }
        if problem.contains("could not find expected ':'") {
            return ("a ':' is missing after a key", "write it as key: value, with a space after ':'")
        }
        if problem.contains("did not find expected key") {
            return (
                "a key is expected here",
                "indent this line like the other keys of its mapping, "
                    + "and close the quotes and brackets before it"
            )
        }
        if problem.contains("expected '-' indicator") || problem.contains("sequence entries") {
            return (
                "an entry of a list is not expected here",
                "begin every entry of the list with '- ' in the same column"
            )
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
