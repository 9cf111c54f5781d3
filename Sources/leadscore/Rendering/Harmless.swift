// Everything that stands in a log was written by strangers. On its way to the screen, and to a file
// that somebody will look at later, it can neither move the cursor, nor set a title, nor turn the
// direction of the text, nor hide: the class of CVE-2003-0020 and CVE-2009-4487.

extension Unicode.Scalar {
    /// Whether a screen would act on it, or show nothing for it.
    ///
    /// Controls (C0, DEL, C1), line and paragraph separators, format characters (zero-width, bidi,
    /// tags) and what else Unicode says may be ignored (fillers, selectors): two names that differ
    /// in one of these only would look the same.
    var isDeceptive: Bool {
        if value < 0x7F { return value < 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return properties.isDefaultIgnorableCodePoint
        }
    }
}

extension String {
    /// The text with everything deceptive written as `\u{..}`, in a terminal and in a pipe.
    ///
    /// - Complexity: O(n).
    var harmless: String {
        guard unicodeScalars.contains(where: \.isDeceptive) else { return self }
        var shown = ""
        for scalar in unicodeScalars {
            if scalar.isDeceptive {
                shown += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
