/// The one of `words` that was probably meant by `text`; nil if none is near.
func nearest(to text: String, in words: [String]) -> String? {
    let wanted = Array(text.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 }.prefix(64))
    guard !wanted.isEmpty else { return nil }
    var best: (distance: Int, word: String)?
    for word in words {
        let distance = editDistance(wanted, Array(word.lowercased()))
        if distance <= max(1, min(3, word.count / 3)), distance < best?.distance ?? Int.max {
            best = (distance, word)
        }
    }
    return best?.word
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour.
///
/// - Complexity: O(n * m).
/// - Source: optimal string alignment, Damerau 1964 and Wagner and Fischer 1974.
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var before: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
        var next = [row]
        for column in 1...right.count {
            let same = left[row - 1] == right[column - 1]
            let replaced = last[column - 1] + (same ? 0 : 1)
            var cost = min(last[column] + 1, next[column - 1] + 1, replaced)
            if row > 1, column > 1, left[row - 1] == right[column - 2],
                left[row - 2] == right[column - 1]
            {
                cost = min(cost, before[column - 2] + 1)
            }
            next.append(cost)
        }
        (before, last) = (last, next)
    }
    return last[right.count]
}

/// `a, b and c`.
func enumerated(_ words: [String], _ conjunction: String = "and") -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}

/// A value in quotes, fit for one line of a terminal: control characters escaped, at most 60 long.
func shown(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(60) {
        let isPlain = scalar == " " || !(scalar.properties.isWhitespace || scalar.value < 0x20)
        line += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
    }
    return "'\(line)\(text.unicodeScalars.count > 60 ? "..." : "")'"
}
