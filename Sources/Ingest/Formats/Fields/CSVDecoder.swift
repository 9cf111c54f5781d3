public import Core

/// Exports and purchases as CSV: one record a line, fields by the names of columns.
///
/// The names stand in the first line of each file, or in the configuration. A record that is spread
/// over lines, by a line break within quotes, is none: each of its lines is quarantined.
///
/// - Source: RFC 4180, but for line breaks.
public final class CSVDecoder: LineDecoder {
    private var reader: CSVReader

    /// A decoder for a layout.
    public init(_ layout: FieldLayout) { reader = CSVReader(layout) }

    /// Finds the names of the file's columns.
    public func begin(stream: Int64, head: [UInt8], offset: Int64) {
        reader.begin(stream: stream, head: head, offset: offset)
    }

    /// Decodes one line.
    public func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        reader.decode(line, into: &event)
    }

    /// What is wrong with the columns.
    public func explain(_ line: ByteSlice, _ verdict: Verdict) -> String? {
        verdict == .format ? reader.problem : nil
    }
}

/// The reading behind `CSVDecoder`.
private struct CSVReader: ~Copyable {
    private let plan: FieldPlan
    private let named: [String]?
    private var row: CSVRow
    private var stream: Int64?
    /// Whether the next line is the one with the names.
    private var expectsHeader = true
    private(set) var problem: String?

    init(_ layout: FieldLayout) {
        var layout = layout
        if layout.fields.isEmpty {
            for field in EventField.allCases { layout.fields[field] = [field.rawValue] }
        }
        plan = FieldPlan(layout, zone: layout.zone)
        named = layout.columns
        // Cells once without their doubled quotes, and traits, of which a byte may become six.
        row = CSVRow(delimiter: layout.delimiter, copies: 2 + 6 * layout.traits.count)
        if let named { use(named) }
    }

    mutating func begin(stream: Int64, head: [UInt8], offset: Int64) {
        if named != nil || (stream == self.stream && offset > 3 && !expectsHeader) { return }
        self.stream = stream
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = head.starts(with: mark) ? 3 : 0
        expectsHeader = offset <= Int64(start)
        guard !expectsHeader else { return }
        row.places = []
        guard let end = head.firstIndex(of: 0x0A), Int64(end) < offset else {
            problem = "the names of the columns take more than \(head.count) bytes; write 'columns'"
            return
        }
        unsafe head[start..<end].withUnsafeBufferPointer { readHeader(unsafe ByteSlice($0)) }
    }

    mutating func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        var line = line
        if !line.isEmpty, line[line.count - 1] == 0x0D { line = line[0..<(line.count - 1)] }
        if line.isBlank { return .blank }
        // Zeros where lines should be are what some file systems leave after a crash.
        if line.first(0) != nil { return .nul }
        if expectsHeader, named == nil {
            expectsHeader = false
            readHeader(line)
            return row.places.isEmpty ? .format : .header
        }
        guard !row.places.isEmpty else { return .format }
        if let flaw = row.split(line) {
            problem = flaw
            return .format
        }
        if let named, named.count == row.cells.count, isHeader(named) { return .header }
        guard row.cells.count == row.columns else {
            problem = "has \(row.cells.count) columns, not \(row.columns)"
            return .format
        }
        problem = nil
        return plan.fill(&event, from: &row)
    }

    private mutating func isHeader(_ names: [String]) -> Bool {
        for place in names.indices
        where !row.cells[place].trimmed.array.elementsEqual(names[place].utf8) {
            return false
        }
        return true
    }

    private mutating func readHeader(_ line: ByteSlice) {
        row.places = []
        if let flaw = row.split(line) {
            problem = flaw
        } else {
            use(row.cells.map { $0.trimmed.text })
        }
    }

    /// Finds the column of each place.
    private mutating func use(_ names: [String]) {
        row.columns = names.count
        row.places = plan.places.map { names.firstIndex(of: $0) ?? -1 }
        problem = nil
        guard !plan.time.contains(where: { row.places[$0] >= 0 }) else { return }
        let wanted = plan.time.map { "'\(plan.places[$0])'" }.joined(separator: " or ")
        problem = "there is no column \(wanted) among \(names.joined(separator: ", "))"
        row.places = []
    }
}

/// The cells of one line.
private struct CSVRow: FieldFinder, ~Copyable {
    let delimiter: UInt8
    var columns = 0
    /// For each place the number of its column, -1 if there is none; empty: no line can be read.
    var places: [Int] = []
    private(set) var cells: [ByteSlice] = []
    private var scratch = ByteScratch()
    private let copies: Int

    init(delimiter: UInt8, copies: Int) {
        self.delimiter = delimiter
        self.copies = copies
    }

    mutating func find(_ place: Int) -> FieldScalar {
        let column = places[place]
        guard column >= 0 else { return .absent }
        let text = cells[column].trimmed
        return text.isEmpty ? .absent : FieldScalar(text: text, kind: .text)
    }

    mutating func trait(_ place: Int) -> ByteSlice {
        let text = find(place).text
        return text.isEmpty ? .empty : scratch.quoted(text)
    }

    /// Cuts a line into cells; what is wrong if it cannot be cut.
    mutating func split(_ line: ByteSlice) -> String? {
        scratch.begin(copies * (line.count + 2))
        cells.removeAll(keepingCapacity: true)
        var place = 0
        while true {
            if place < line.count, line[place] == 0x22 {
                guard let end = quotedCell(line, from: place + 1) else {
                    return "a quote is not closed; line breaks within quotes are not read"
                }
                guard end == line.count || line[end] == delimiter else {
                    return "something follows a closing quote at byte \(end)"
                }
                place = end
            } else {
                let end = line.first(delimiter, from: place) ?? line.count
                let cell = line[place..<end]
                guard cell.first(0x22) == nil else {
                    return "a quote stands within a cell at byte \(place)"
                }
                cells.append(cell)
                place = end
            }
            if place == line.count { return nil }
            place += 1
        }
    }

    /// Takes a cell whose opening quote is behind it; where its closing quote ends, nil if nowhere.
    private mutating func quotedCell(_ line: ByteSlice, from start: Int) -> Int? {
        var from = start
        var isDoubled = false
        while let quote = line.first(0x22, from: from) {
            guard quote + 1 < line.count, line[quote + 1] == 0x22 else {
                let cell = line[start..<quote]
                cells.append(isDoubled ? scratch.undoubled(cell) : cell)
                return quote + 1
            }
            isDoubled = true
            from = quote + 2
        }
        return nil
    }
}

extension ByteScratch {
    /// The text with `""` as `"`.
    fileprivate mutating func undoubled(_ text: ByteSlice) -> ByteSlice {
        unsafe write(text.count) { to in
            var written = 0
            var place = 0
            while place < text.count {
                unsafe to[written] = text[place]
                place += text[place] == 0x22 ? 2 : 1
                written += 1
            }
            return written
        }
    }

    /// The text as a string of JSON.
    fileprivate mutating func quoted(_ text: ByteSlice) -> ByteSlice {
        unsafe write(6 * text.count + 2) { to in
            var written = 0
            func put(_ byte: UInt8) {
                unsafe to[written] = byte
                written += 1
            }
            put(0x22)
            for place in 0..<text.count {
                let byte = text[place]
                if byte == 0x22 || byte == 0x5C {
                    put(0x5C)
                    put(byte)
                } else if byte < 0x20 {
                    let digits: StaticString = "0123456789abcdef"
                    for letter in "\\u00".utf8 { put(letter) }
                    unsafe put(digits.utf8Start[Int(byte >> 4)])
                    unsafe put(digits.utf8Start[Int(byte & 15)])
                } else {
                    put(byte)
                }
            }
            put(0x22)
            return written
        }
    }
}
