import Store

/// Something in the configuration that is wrong, or a warning about something doubtful.
public struct Mistake: Sendable, Equatable {
    /// The file, as it was named on the command line.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, counted in Unicode scalars.
    public var column: Int
    /// What is wrong.
    public var what: String
    /// What to write instead.
    public var remedy: String

    /// A mistake.
    public init(file: String, line: Int, column: Int, what: String, remedy: String) {
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        self.remedy = remedy
    }
}

extension Mistake: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: what is wrong; what to write instead`.
    public var description: String { "\(file):\(line):\(column): \(what); \(remedy)" }
}

/// A configuration that cannot be used.
public struct ConfigurationError: Error, Equatable {
    /// All of its mistakes, in the order of file, line and column; at least one.
    public let mistakes: [Mistake]

    /// An error that says all of this.
    public init(mistakes: [Mistake]) {
        precondition(!mistakes.isEmpty)
        self.mistakes = mistakes
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// One line for each mistake.
    public var description: String { mistakes.map(\.description).joined(separator: "\n") }
}

/// Where something stands.
struct Place: Hashable, Comparable {
    /// The number of the file, in the order of reading.
    let file: Int
    /// The line, from 1.
    let line: Int
    /// The column, from 1.
    let column: Int

    static func < (left: Place, right: Place) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// Collects what is found in all files, so that everything is said at once.
///
/// A class, because every part of the reading adds to the same list; it never leaves the reading.
final class Findings {
    private typealias Found = (place: Place, mistake: Mistake)

    private var files: [String] = []
    private var foundMistakes: [Found] = []
    private var foundWarnings: [Found] = []
    private var checks: [RuleStep: ConditionCheck] = [:]

    /// The judge of a step's conditions, made when the first is met; nil if SQLite has no memory.
    func check(of step: RuleStep) -> ConditionCheck? {
        if let check = checks[step] { return check }
        let check = try? ConditionCheck(step)
        checks[step] = check
        return check
    }

    /// Gives the next file its number; files are sorted by it.
    func addFile(_ name: String) -> Int {
        files.append(name)
        return files.count - 1
    }

    /// `FILE:LINE:COLUMN`.
    func text(_ place: Place) -> String { "\(files[place.file]):\(place.line):\(place.column)" }

    func mistake(_ place: Place, _ what: String, _ remedy: String) {
        foundMistakes.append((place, make(place, what, remedy)))
    }

    func warning(_ place: Place, _ what: String, _ remedy: String) {
        foundWarnings.append((place, make(place, what, remedy)))
    }

    var hasMistakes: Bool { !foundMistakes.isEmpty }

    /// Whether anything is wrong with this file.
    func hasMistakes(in file: Int) -> Bool { foundMistakes.contains { $0.place.file == file } }

    var mistakes: [Mistake] { sorted(foundMistakes) }

    var warnings: [Mistake] { sorted(foundWarnings) }

    private func make(_ place: Place, _ what: String, _ remedy: String) -> Mistake {
        Mistake(
            file: files[place.file], line: place.line, column: place.column, what: what,
            remedy: remedy)
    }

    /// In order, each once: what an alias repeats is one mistake at one place.
    private func sorted(_ found: [Found]) -> [Mistake] {
        let ordered = found.enumerated().sorted {
            ($0.element.place, $0.offset) < ($1.element.place, $1.offset)
        }
        var result: [Mistake] = []
        for (_, next) in ordered where !result.suffix(8).contains(next.mistake) {
            result.append(next.mistake)
        }
        return result
    }
}
