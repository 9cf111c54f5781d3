internal import Logging

/// Appends text so that it stays on one line and cannot steer a terminal or reorder what is shown:
/// control characters, line separators, invisible and bidirectional ones become `\n` or `\u{202E}`.
///
/// - Parameter quoted: Whether quotes and backslashes are escaped too.
func appendEscaped(_ text: String, quoted: Bool = false, to line: inout [UInt8]) {
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": line += Array("\\n".utf8)
        case "\r": line += Array("\\r".utf8)
        case "\t": line += Array("\\t".utf8)
        case "\"" where quoted, "\\" where quoted: line += [0x5C, UInt8(scalar.value)]
        case _ where isUnsafeToShow(scalar):
            line += Array("\\u{\(String(scalar.value, radix: 16, uppercase: true))}".utf8)
        default: line += Array(String(scalar).utf8)
        }
    }
}

/// Whether a character does something other than stand where it is written.
private func isUnsafeToShow(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F: true  // C0, DEL, C1
    case 0x61C, 0x200B...0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // bidirectional, no width
    case 0x2028, 0x2029, 0x2060, 0xFEFF: true  // line separators, word joiner, byte order mark
    default: false
    }
}

/// Shortens a line to `count` bytes, ending in `...` and never within a character.
func cut(_ line: inout [UInt8], to count: Int) {
    guard line.count > count else { return }
    var end = max(0, count - 3)
    while end > 0, line[end] & 0xC0 == 0x80 { end -= 1 }
    line.removeSubrange(end...)
    line += Array("...".utf8)
}

/// One event as one line of text.
enum LogLine {
    /// The longest line in bytes with its newline. A pipe takes that much whole or not at all, so a
    /// write that poll() announced does not block.
    ///
    /// - Source: pipe(7), PIPE_BUF.
    static let longest = 4096

    /// The line with its newline.
    ///
    /// - Parameter isPrefixed: Whether it begins with sd-daemon's `<4>`, else with `warning: `.
    static func bytes(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, isPrefixed: Bool
    ) -> [UInt8] {
        var line = Array((isPrefixed ? "<\(priority(level))>" : "\(level.rawValue): ").utf8)
        appendEscaped(message, to: &line)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line.append(0x20)
            appendEscaped(key, to: &line)
            line.append(0x3D)
            appendValue(value, to: &line)
            // What follows would be cut off; a hostile value costs no more than its own length.
            if line.count > longest { break }
        }
        cut(&line, to: longest - 1)
        line.append(0x0A)
        return line
    }

    /// - Source: sd-daemon(3); syslog's levels.
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func appendValue(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        let text = plain(value)
        var escaped: [UInt8] = []
        appendEscaped(text, quoted: true, to: &escaped)
        // Whatever needed escaping is quoted, as is what would look like another key.
        let isBare =
            !escaped.isEmpty && escaped.count == text.utf8.count
            && !escaped.contains { $0 == 0x20 || $0 == 0x3D }
        if isBare {
            line += escaped
        } else {
            line.append(0x22)
            line += escaped
            line.append(0x22)
        }
    }

    private static func plain(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let convertible): convertible.description
        case .array(let values): "[" + values.map(plain).joined(separator: ", ") + "]"
        case .dictionary(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\($0.key): \(plain($0.value))" }
                .joined(separator: ", ") + "}"
        }
    }
}
