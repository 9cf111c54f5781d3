public import Core

/// Which life of which file this is: all the rules in one place.
///
/// A *generation* is one life of one log file. Its position names the file (inode, the inode's
/// generation number, birth time; never the device, which some systems renumber), its first bytes
/// (the head) and a keyed hash of the bytes before the offset (the anchor). A file that answers to
/// all of them is read on; anything else is a new generation and read from its start.
public enum Generation {
    /// How many of a file's first bytes are remembered.
    public static let headBytes = 1024
    /// How many bytes before the offset the anchor covers.
    public static let anchorBytes = 4096

    /// What a file is to a position.
    public enum Judgement: Equatable, Sendable {
        /// Another file.
        case unrelated
        /// The same content: read on at the offset.
        case same
        /// The same file with its end cut off: read on at its present end.
        case shrunk
        /// The same file, emptied or rewritten: a new generation.
        case rewritten
    }

    /// A file that might be a known one.
    public struct Candidate: Equatable, Sendable {
        /// Which file it is.
        public var identity: FileIdentity
        /// Bytes.
        public var size: Int64
        /// Its first bytes, as many as `headBytes` if it has them.
        public var head: [UInt8]

        /// A file.
        public init(identity: FileIdentity, size: Int64, head: [UInt8]) {
            self.identity = identity
            self.size = size
            self.head = head
        }
    }

    /// Whether two identities name the same file, as far as names can tell.
    public static func isSameFile(_ left: FileIdentity, _ right: FileIdentity) -> Bool {
        left.inode == right.inode && left.generation == right.generation
            && left.born == right.born
    }

    /// Whether the file system gave nothing but an inode number, which it may use again.
    public static func isWeak(_ identity: FileIdentity) -> Bool {
        identity.generation == 0 && identity.born == 0
    }

    /// What a file is to a position.
    ///
    /// - Parameter anchorMatches: whether the bytes before the position's offset have its hash; only
    ///   asked if the file is that long.
    public static func judge(
        _ position: StreamPosition, _ candidate: Candidate, anchorMatches: () -> Bool
    ) -> Judgement {
        guard isSameFile(position.identity, candidate.identity) else { return .unrelated }
        // A number used again and nothing read: where there is nothing else to know a file by, that
        // says nothing.
        if position.retired, position.offset == 0, isWeak(position.identity) { return .unrelated }
        if candidate.size >= position.offset {
            return begins(candidate.head, with: position.head) && anchorMatches()
                ? .same : .rewritten
        }
        return isBeginning(candidate, of: position) ? .shrunk : .rewritten
    }

    /// Whether another file may hold the content of a position's file: a copy, if its name and the anchor
    /// say so too.
    public static func mayBeCopy(of position: StreamPosition, _ candidate: Candidate) -> Bool {
        position.offset > 0 && position.anchorLength > 0 && candidate.size >= position.offset
            && saysSomething(position.head) && begins(candidate.head, with: position.head)
    }

    /// Whether a shorter file is the beginning of the one that was read, and no new one that happens
    /// to begin alike: at least one whole line, or the whole head, must be the same. NUL bytes are
    /// the beginning of any file that was emptied under its writer.
    public static func isBeginning(_ candidate: Candidate, of position: StreamPosition) -> Bool {
        let shared = min(candidate.head.count, position.head.count)
        let head = candidate.head.prefix(shared)
        let known = position.head.prefix(shared)
        // Of what was erased nothing is known: the next file may have lines of the same length.
        guard begins(head, with: known),
            known.contains(where: { $0 != StreamPosition.erased && $0 != 0x0A })
        else { return false }
        return (shared == headBytes || head.contains(0x0A)) && head.contains { $0 != 0 }
    }

    /// The names that a file may have had before it got this one by rotation: without `.1` or
    /// `-20260914` and what follows, the longest first.
    public static func namesBefore(_ path: [UInt8]) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for place in path.indices.dropLast().reversed() {
            if path[place] == 0x2F { break }
            if path[place] == 0x2E || path[place] == 0x2D, path[place + 1] &- 0x30 <= 9 {
                names.append(Array(path[..<place]))
            }
        }
        return names
    }

    /// The name that a file had before any rotation and compression: without `.gz`, `.1`,
    /// `-20260914` and the like. Two files of one stem may be copies of each other.
    public static func stem(_ path: [UInt8]) -> [UInt8] {
        var end = path.count
        if let compression = Compression(ofPath: path) { end -= compression.rawValue.utf8.count }
        var stem = end
        var place = end - 1
        // Digits, and what stands between those of a date and a time.
        while place > 0, path[place] != 0x2F, isOfRotation(path[place]) {
            let isMark = path[place] == 0x2E || path[place] == 0x2D
            if isMark, place + 1 < end, path[place + 1] &- 0x30 <= 9 { stem = place }
            place -= 1
        }
        return Array(path[..<(place >= 0 && path[place] == 0x2F && stem == place + 1 ? end : stem)])
    }

    private static func isOfRotation(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || byte == 0x2E || byte == 0x2D || byte == 0x3A || byte == 0x5F
    }

    /// Whether the first bytes of two files do not contradict each other, and say something.
    public static func headsAgree(_ head: [UInt8], _ position: StreamPosition) -> Bool {
        let shared = min(head.count, position.head.count)
        return begins(head, with: position.head.prefix(shared))
            && saysSomething(head.prefix(shared))
    }

    /// Whether a beginning is nobody else's: several lines, or a long one, of which none comes again.
    /// Somebody may write the same line to every log.
    static func isSingular(_ head: [UInt8]) -> Bool {
        let lines = head.split(separator: 0x0A).dropLast()
        return (lines.count > 1 || head.count == headBytes) && Set(lines).count == lines.count
    }

    /// Whether more than one line was read: half a line behind a heading begins like many files.
    static func isMoreThanHeading(_ position: StreamPosition) -> Bool {
        position.head.count == headBytes || position.head.count { $0 == 0x0A } > 1
    }

    /// How many of the first bytes are whole lines that were read of a stream too; nil if the beginnings
    /// agree as far as both are known.
    static func sharedLines(_ head: [UInt8], _ position: StreamPosition) -> Int? {
        let shared = zip(head, position.head).prefix {
            $0 == $1 || ($1 == StreamPosition.erased && $0 != 0x0A)
        }.count
        if shared == min(head.count, position.head.count) { return nil }
        return (head[..<shared].lastIndex(of: 0x0A) ?? -1) + 1
    }

    /// Whether so much of what was read is found in another file that it can only be a copy of it, cut
    /// off and written to since. A name of rotation says so too; under another one it has to be more than
    /// many files have for a heading.
    static func isMost(
        _ proven: Int64, of position: StreamPosition, isRotated: Bool
    ) -> Bool {
        isRotated
            ? proven >= position.offset / 4
            : proven >= Int64(headBytes) && proven >= position.offset / 2
    }

    /// Whether a file begins with what is known of the first bytes of another: those of erased persons
    /// may be any.
    static func begins(_ bytes: some Collection<UInt8>, with head: some Collection<UInt8>) -> Bool {
        bytes.count >= head.count
            && zip(bytes, head).allSatisfy {
                $0 == $1 || ($1 == StreamPosition.erased && $0 != 0x0A)
            }
    }

    /// Whether first bytes are enough to know a file by: less than a line may begin any file.
    private static func saysSomething(_ head: some Collection<UInt8>) -> Bool {
        head.count == headBytes || head.contains(0x0A)
    }
}
