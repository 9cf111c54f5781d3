/// The text of a file, found to be UTF-8 without characters that YAML forbids.
struct SourceText {
    private(set) var scalars: [Unicode.Scalar]

    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// The text of the file, nil with a mistake if YAML cannot be made of it at all.
    static func checked(_ file: ConfigurationFile, findings: Findings) -> SourceText? {
        func refuse(_ line: Int, _ column: Int, _ what: String, _ remedy: String) -> SourceText? {
            findings.mistake(
                Place(file: file.number, line: line, column: column), what, remedy)
            return nil
        }
        guard file.bytes.count <= ConfigurationBounds.fileBytes else {
            return refuse(
                1, 1, "is longer than \(ConfigurationBounds.fileBytes) bytes",
                "split it into files in conf.d")
        }
        var line = 1
        var column = 1
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(file.bytes.count)
        var decoder = UTF8()
        var bytes = file.bytes.makeIterator()
        while true {
            switch decoder.decode(&bytes) {
            case .emptyInput:
                return SourceText(scalars: scalars)
            case .error:
                return refuse(
                    line, column, "this byte is not UTF-8",
                    "save the file in UTF-8, or write the character in ASCII")
            case .scalarValue("\u{FEFF}") where scalars.isEmpty && column == 1:
                continue
            case .scalarValue(let scalar):
                guard isAllowed(scalar) else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    return refuse(
                        line, column, "the control character U+\(code) is not allowed",
                        "remove it")
                }
                if scalar == "\n", scalars.last == "\r" {
                    // One end of a line, which the carriage return has counted.
                    scalars[scalars.count - 1] = scalar
                    continue
                }
                column += 1
                if endsLine(scalar) { (line, column) = (line + 1, 1) }
                scalars.append(scalar)
            }
        }
    }

    /// Replaces the first character of a key by a private one of the same width, which makes the
    /// key unlike every other and leaves all positions as they are.
    ///
    /// - Returns: False if no plain or quoted key stands there.
    mutating func rename(keyAt place: Place, number: Int) -> Bool {
        guard var index = index(line: place.line, column: place.column),
            let private_ = Unicode.Scalar(UInt32(0xE000 + number))
        else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" {
            let quote = scalars[index]
            index += 1
            guard index < scalars.count, scalars[index] != quote else { return false }
        } else if "&*!?[{|>:".unicodeScalars.contains(scalars[index]) {
            return false
        }
        scalars[index] = private_
        return true
    }

    /// The rest of a line from a column on.
    func line(_ line: Int, from column: Int) -> String {
        guard let start = index(line: line, column: column) else { return "" }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[start...].prefix { $0 != "\n" && $0 != "\r" })
        return String(view)
    }

    /// Where the character number `wanted` of a value stands that is written from a place on; nil if
    /// the file does not spell it as it is.
    func place(
        of wanted: Int, in value: String, from start: Place, skippingLine: Bool,
        skippingQuote: Bool
    ) -> Place? {
        guard var source = index(line: start.line, column: start.column) else { return nil }
        var (line, column) = (start.line, start.column)
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { " \t\n\r".unicodeScalars.contains(scalar) }
        func advance() {
            column += 1
            if Self.endsLine(scalars[source]) { (line, column) = (line + 1, 1) }
            source += 1
        }
        if skippingLine {
            while source < scalars.count, line == start.line { advance() }
        } else if skippingQuote {
            advance()
        }
        for (number, scalar) in value.unicodeScalars.enumerated() where !isBlank(scalar) {
            while source < scalars.count, isBlank(scalars[source]) { advance() }
            guard source < scalars.count, scalars[source] == scalar else { return nil }
            if number >= wanted { break }
            advance()
        }
        return Place(file: start.file, line: line, column: column)
    }

    private func index(line: Int, column: Int) -> Int? {
        var at = (line: 1, column: 1)
        for (index, scalar) in scalars.enumerated() {
            if at == (line, column) { return index }
            at.column += 1
            if Self.endsLine(scalar) { at = (at.line + 1, 1) }
        }
        return nil
    }

    /// - Source: YAML 1.1, section 4.1.4.
    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// - Source: YAML 1.1, section 4.1.1, the printable characters.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x85: true
        case 0..<0x20, 0x7F..<0xA0, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }
}
