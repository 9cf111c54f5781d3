/// Columns of text, aligned, and fitted to a terminal's width.
struct Table {
    /// How a column is shown.
    struct Column {
        var title: String
        /// Numbers stand right.
        var right = false
        /// May be cut to this many columns of the screen; nil: never.
        var shortest: Int?
        /// Which columns go first where room is short; nil: never.
        var dropOrder: Int?
    }

    var columns: [Column]
    /// Cells, one for each column; made harmless when shown.
    var rows: [[String]]

    /// The lines, the titles first.
    ///
    /// - Parameter width: of the terminal; nil: as wide as it gets, nothing is cut or dropped.
    func text(width: Int?) -> String {
        let cells = rows.map { $0.map(\.harmless) }
        var widths = columns.indices.map { place in
            cells.reduce(columns[place].title.columnsWide) { max($0, $1[place].columnsWide) }
        }
        var kept = Array(columns.indices)
        if let width { fit(&kept, &widths, into: width) }
        let titles = columns.map(\.title)
        return ([titles] + cells).map { line($0, kept, widths) + "\n" }.joined()
    }

    /// Names and values under each other, without titles.
    static func pairs(_ pairs: [(String, String)]) -> String {
        let shown = pairs.map { ($0.0.harmless, $0.1.harmless) }
        let width = shown.map(\.0.columnsWide).max() ?? 0
        return shown.map { name, value in
            name + String(repeating: " ", count: width + 2 - name.columnsWide) + value + "\n"
        }.joined()
    }

    /// Cuts what may be cut, then leaves columns out.
    private func fit(_ kept: inout [Int], _ widths: inout [Int], into width: Int) {
        func excess() -> Int { kept.reduce(-2) { $0 + widths[$1] + 2 } - width }
        for place in kept where excess() > 0 {
            guard let shortest = columns[place].shortest else { continue }
            widths[place] = max(min(shortest, widths[place]), widths[place] - excess())
        }
        let droppable = columns.indices.filter { columns[$0].dropOrder != nil }
            .sorted { columns[$0].dropOrder ?? 0 < columns[$1].dropOrder ?? 0 }
        for place in droppable where excess() > 0 { kept.removeAll { $0 == place } }
    }

    private func line(_ cells: [String], _ kept: [Int], _ widths: [Int]) -> String {
        var line = ""
        for place in kept {
            let cell = cells[place].cut(to: widths[place])
            let blanks = String(repeating: " ", count: widths[place] - cell.columnsWide)
            if place != kept.first { line += "  " }
            line += columns[place].right ? blanks + cell : cell + blanks
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}

extension Unicode.Scalar {
    /// How many columns of a terminal it takes.
    ///
    /// - Source: Unicode, East Asian Width (W and F), by blocks; combining marks take none.
    var columnsWide: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    /// How many columns of a terminal it takes.
    var columnsWide: Int { unicodeScalars.reduce(0) { $0 + $1.columnsWide } }

    /// At most so many columns of it, with an ellipsis if something is left out.
    func cut(to width: Int) -> String {
        guard columnsWide > width else { return self }
        var kept = ""
        var used = 0
        for scalar in unicodeScalars {
            guard used + scalar.columnsWide < width else { break }
            kept.unicodeScalars.append(scalar)
            used += scalar.columnsWide
        }
        return kept + "…"
    }
}
