/// Finds which of some groups of phrases a text has, ASCII letters regardless of case, all of them in
/// one pass over its bytes.
///
/// In a phrase `^` at its beginning stands for the beginning of the text, `$` at its end for the end of
/// it, and `|` at either end for the end of a word: no letter stands there.
///
/// Built once; looking allocates nothing. Invariants: state 0 is the beginning, `next` has a row of
/// `width` states for each state, `found` the phrases that end in each; there are at most 32 groups.
///
/// - Source: A. V. Aho and M. J. Corasick, "Efficient String Matching", CACM 18 (1975).
struct PhraseMatcher: Sendable {
    private struct Phrase: Sendable {
        var bytes: [UInt8]
        /// The bit of its group.
        var group: UInt32
        var startsText = false
        var startsWord = false
        var endsWord = false
        var endsText = false

        init(_ text: String, group: Int) {
            precondition(group < 32)
            self.group = 1 << UInt32(group)
            bytes = text.utf8.map(PhraseMatcher.lowered)
            if bytes.first == 0x5E {
                startsText = true
                bytes.removeFirst()
            } else if bytes.first == 0x7C {
                startsWord = true
                bytes.removeFirst()
            }
            if bytes.last == 0x7C {
                endsWord = true
                bytes.removeLast()
            } else if bytes.last == 0x24 {
                endsText = true
                bytes.removeLast()
            }
            precondition(!bytes.isEmpty)
        }
    }

    private let phrases: [Phrase]
    /// The column of each byte; bytes that no phrase has share column 0.
    private var columns = [UInt8](repeating: 0, count: 256)
    private var width = 1
    private var next: [UInt16] = []
    /// For each state the places of the phrases that end there.
    private var found: [[UInt16]] = []

    /// A matcher of groups of phrases.
    init(_ groups: [[String]]) {
        phrases = groups.enumerated().flatMap { group, texts in
            texts.map { Phrase($0, group: group) }
        }
        for phrase in phrases {
            for byte in phrase.bytes where columns[Int(byte)] == 0 {
                columns[Int(byte)] = UInt8(width)
                width += 1
            }
        }
        for letter in 0x41...0x5A { columns[letter] = columns[letter + 0x20] }
        plant()
        connect()
    }

    /// The groups of which the text has a phrase: bit i for the group at place i.
    ///
    /// - Complexity: O(n) in the length of the text, and O(1) for each phrase in it.
    func groups(in text: ByteSlice) -> UInt32 {
        var groups: UInt32 = 0
        var state = 0
        // SAFETY: every state in `next` is below its number of rows, every column below `width`.
        unsafe next.withUnsafeBufferPointer { next in
            unsafe columns.withUnsafeBufferPointer { columns in
                for place in 0..<text.count {
                    let column = unsafe Int(columns[Int(text[place])])
                    state = unsafe Int(next[state * width + column])
                    guard state > 0, !found[state].isEmpty else { continue }
                    for number in found[state] where groups & phrases[Int(number)].group == 0 {
                        if holds(phrases[Int(number)], endingAt: place + 1, of: text) {
                            groups |= phrases[Int(number)].group
                        }
                    }
                }
            }
        }
        return groups
    }

    private func holds(_ phrase: Phrase, endingAt end: Int, of text: ByteSlice) -> Bool {
        let start = end - phrase.bytes.count
        if phrase.startsText, start > 0 { return false }
        if phrase.endsText, end < text.count { return false }
        if phrase.startsWord, start > 0, Self.isLetter(text[start - 1]) { return false }
        return !(phrase.endsWord && end < text.count && Self.isLetter(text[end]))
    }

    /// The tree of all phrases; 0 in a row stands for no branch.
    private mutating func plant() {
        next = [UInt16](repeating: 0, count: width)
        found = [[]]
        for (number, phrase) in phrases.enumerated() {
            var state = 0
            for byte in phrase.bytes {
                let place = state * width + Int(columns[Int(byte)])
                if next[place] == 0 {
                    next[place] = UInt16(found.count)
                    next.append(contentsOf: repeatElement(0, count: width))
                    found.append([])
                }
                state = Int(next[place])
            }
            found[state].append(UInt16(number))
        }
    }

    /// Leads on from each state where the tree does not, by the longest end that begins a phrase.
    private mutating func connect() {
        var fallback = [Int](repeating: 0, count: found.count)
        var queue = (0..<width).compactMap { next[$0] == 0 ? nil : Int(next[$0]) }
        var place = 0
        while place < queue.count {
            let state = queue[place]
            place += 1
            for column in 0..<width {
                let branch = Int(next[state * width + column])
                let onward = next[fallback[state] * width + column]
                if branch == 0 {
                    next[state * width + column] = onward
                } else {
                    fallback[branch] = Int(onward)
                    queue.append(branch)
                }
            }
            found[state] += found[fallback[state]]
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return letter >= 0x61 && letter <= 0x7A
    }
}
