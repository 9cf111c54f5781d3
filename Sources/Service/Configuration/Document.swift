import Yams

/// One file as nodes with positions.
struct Document {
    let file: Int
    let root: Node
    let text: SourceText
    /// Keys that stand again later in the same mapping, by where they stand; see `Repair`.
    let repeated: [Place: String]
    let findings: Findings

    enum Composed {
        case document(Document)
        /// Nothing but comments.
        case empty
        /// Not YAML; the mistake is told.
        case unusable
    }

    /// Parses a file; what is no YAML becomes one mistake with its position.
    ///
    /// A repeated key is all that the parser would say about a file. It is renamed and the file
    /// parsed again, so that the other mistakes are told too.
    static func compose(_ file: ConfigurationFile, findings: Findings) -> Composed {
        guard var text = SourceText.checked(file, findings: findings) else { return .unusable }
        var repeated: [Place: String] = [:]
        while true {
            do {
                let parser = try Parser(
                    yaml: text.string, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot(), !isEmpty(root) else { return .empty }
                return .document(
                    Document(
                        file: file.number, root: root, text: text, repeated: repeated,
                        findings: findings))
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let mark = context.mark
                let place = Place(file: file.number, line: mark.line, column: mark.column)
                let name = keys.first ?? ""
                guard repeated.count < 20, text.rename(keyAt: place, number: repeated.count) else {
                    findings.mistake(
                        place, "key \(shown(name)) is repeated in this mapping",
                        "keep one of them")
                    return .unusable
                }
                repeated[place] = name
            } catch {
                let problem = SyntaxProblem(error, in: text)
                findings.mistake(
                    Place(file: file.number, line: problem.line, column: problem.column),
                    problem.what, problem.remedy)
                return .unusable
            }
        }
    }

    private static func isEmpty(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string.isEmpty && scalar.style == .plain
    }

    /// Where a byte of a scalar's value stands in the file; the scalar's own place if that cannot be
    /// told, because of an escape.
    ///
    /// Follows both texts from character to character, whatever line breaks and indentation YAML
    /// has taken out in between.
    func place(ofByte offset: Int, in value: String, of node: Node) -> Place {
        let start = place(node)
        guard case .scalar(let scalar) = node else { return start }
        let target = value.utf8.prefix(offset)
        let wanted = String(Substring(target)).unicodeScalars.count
        let wantsBlock = scalar.style == .literal || scalar.style == .folded
        return text.place(
            of: wanted, in: value, from: start, skippingLine: wantsBlock,
            skippingQuote: scalar.style == .singleQuoted || scalar.style == .doubleQuoted) ?? start
    }

    func place(_ node: Node) -> Place {
        Place(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
}
