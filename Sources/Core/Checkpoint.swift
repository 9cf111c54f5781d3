/// Which file this is, as far as the file system can tell; a part of the identity of a generation.
public struct FileIdentity: Hashable, Sendable {
    /// The device number; renumbered by some systems at a reboot.
    public var device: UInt64
    /// The inode number.
    public var inode: UInt64
    /// The inode's generation number; 0 where the file system keeps none.
    public var generation: UInt64
    /// Birth time in nanoseconds since 1970; 0 where the file system keeps none.
    public var born: Int64

    /// An identity.
    public init(device: UInt64, inode: UInt64, generation: UInt64, born: Int64) {
        self.device = device
        self.inode = inode
        self.generation = generation
        self.born = born
    }
}

/// A place in a file that was read, with what stood before it: a proof of content.
public struct Anchor: Sendable, Hashable {
    /// Where the bytes end.
    public var offset: Int64
    /// How many bytes it covers, at most 4,096.
    public var length: Int
    /// Their keyed hash.
    public var hash: UInt64

    /// A proof of the `length` bytes before `offset`.
    public init(offset: Int64, length: Int, hash: UInt64) {
        self.offset = offset
        self.length = length
        self.hash = hash
    }
}

/// The compressed file in which a generation stands.
public struct PackedFile: Sendable, Hashable {
    /// Bytes, as compressed.
    public var size: Int64
    /// Time of its last change, in nanoseconds since 1970.
    public var modified: Int64
    /// Whether everything in it was read.
    public var isRead: Bool

    /// A compressed file.
    public init(size: Int64, modified: Int64, isRead: Bool) {
        self.size = size
        self.modified = modified
        self.isRead = isRead
    }
}

/// How far one generation of one log file has been read.
///
/// The offset is committed together with the facts of the lines before it, which is what makes a
/// line count exactly once.
public struct StreamPosition: Sendable, Equatable {
    /// The number of the generation within its state directory, from 1, never used again.
    public var id: Int64
    /// The name of the source.
    public var source: String
    /// The path under which the file was last seen, as bytes: a name need not be UTF-8.
    public var path: [UInt8]
    /// The file.
    public var identity: FileIdentity
    /// Bytes read: the start of the first line that has no outcome yet.
    public var offset: Int64
    /// Bytes in the file when it was last looked at.
    public var size: Int64
    /// The first bytes of the file, at most 1,024. `erased` stands for those of erased persons.
    public var head: [UInt8]
    /// The keyed hash of the bytes before `offset`.
    public var anchor: UInt64
    /// How many bytes before `offset` the anchor covers, at most 4,096.
    public var anchorLength: Int
    /// Bytes that are known to be gone unread.
    public var lostBytes: Int64
    /// Whether the file is gone and read to its end.
    public var retired: Bool
    /// Up to here lines may have been counted before, in the generation whose end was cut off: only what
    /// has an id tells. 0 or not beyond `offset`: none.
    public var seam: Int64
    /// Older anchors, ascending, the fewer the farther back.
    public var anchors: [Anchor]
    /// The compressed file that it is read from; nil for a plain one. Offset and size count what is
    /// in it, not what it takes.
    public var packed: PackedFile?

    /// A position.
    public init(
        id: Int64, source: String, path: [UInt8], identity: FileIdentity, offset: Int64 = 0,
        size: Int64 = 0, head: [UInt8] = [], anchor: UInt64 = 0, anchorLength: Int = 0,
        lostBytes: Int64 = 0, retired: Bool = false, seam: Int64 = 0, anchors: [Anchor] = [],
        packed: PackedFile? = nil
    ) {
        self.id = id
        self.source = source
        self.path = path
        self.identity = identity
        self.offset = offset
        self.size = size
        self.head = head
        self.anchor = anchor
        self.anchorLength = anchorLength
        self.lostBytes = lostBytes
        self.retired = retired
        self.seam = seam
        self.anchors = anchors
        self.packed = packed
    }

    /// Keeps the anchor at the offset, which is about to move: one for each power of two of the
    /// distance to `end`, the farther one of two, so that their number is a logarithm of the file's
    /// length and there is always one not much farther back than any place.
    public mutating func keepAnchor(before end: Int64) {
        guard anchorLength > 0 else { return }
        anchors.append(Anchor(offset: offset, length: anchorLength, hash: anchor))
        var kept = 0
        var last = Int.max
        for place in anchors.indices {
            let distance = Int64.bitWidth - max(end - anchors[place].offset, 1).leadingZeroBitCount
            if distance == last { continue }
            last = distance
            anchors[kept] = anchors[place]
            kept += 1
        }
        anchors.removeLast(anchors.count - kept)
    }

    /// The anchor at the offset.
    public var lastAnchor: Anchor { Anchor(offset: offset, length: anchorLength, hash: anchor) }

    /// Whether its file system gives nothing but an inode number, which it may use again.
    public var isWeak: Bool { identity.generation == 0 && identity.born == 0 }

    /// Stands in a head for any byte of a line: UTF-8 has no such byte.
    public static let erased: UInt8 = 0xFF

    /// Erases what stands in a range of the file, as far as the head goes; ends of lines stay.
    public mutating func eraseHead(_ range: Range<Int>) {
        for place in range.clamped(to: head.indices) where head[place] != 0x0A {
            head[place] = Self.erased
        }
    }

    /// The path for people; bytes that are no UTF-8 are replaced.
    public var displayPath: String { String(decoding: path, as: UTF8.self) }
}

/// A record that cannot be used, kept so that somebody can look at it.
public struct QuarantinedRecord: Sendable, Equatable {
    /// The generation in which it stands.
    public var stream: Int64
    /// Where its line starts, in bytes.
    public var offset: Int64
    /// Why.
    public var verdict: Verdict
    /// The first `Bounds.quarantinedBytes` bytes of the line.
    public var bytes: [UInt8]

    /// A record.
    public init(stream: Int64, offset: Int64, verdict: Verdict, bytes: [UInt8]) {
        self.stream = stream
        self.offset = offset
        self.verdict = verdict
        self.bytes = bytes
    }
}

/// A quarantined record that was read again, and what became of it.
public struct RequeuedRecord: Sendable, Equatable {
    /// Its number in the quarantine.
    public var id: Int64
    /// Its outcome now; if that is quarantined too it stays, for this reason.
    public var verdict: Verdict

    /// A record with its new outcome.
    public init(id: Int64, verdict: Verdict) {
        self.id = id
        self.verdict = verdict
    }
}

/// How many lines and records of a generation came to what, since the last checkpoint.
public struct StreamTally: Sendable, Equatable {
    /// Lines read.
    public var lines: Int64 = 0
    /// Records read; more than lines only where a line holds several.
    public var records: Int64 = 0
    /// Records by `Verdict.rawValue`.
    public var verdicts = [Int64](repeating: 0, count: Verdict.allCases.count)

    /// Nothing yet.
    public init() {}

    /// Counts the outcome of a record, or of so many.
    public mutating func count(_ verdict: Verdict, times: Int64 = 1) {
        records += times
        verdicts[Int(verdict.rawValue)] += times
    }

    /// Moves a record that was counted before to another outcome.
    public mutating func recount(_ before: Verdict, as verdict: Verdict) {
        verdicts[Int(before.rawValue)] -= 1
        verdicts[Int(verdict.rawValue)] += 1
    }

    /// Adds the counts of another stretch of the same stream.
    public mutating func add(_ other: StreamTally) {
        lines += other.lines
        records += other.records
        for place in verdicts.indices { verdicts[place] += other.verdicts[place] }
    }

    /// How many records had an outcome.
    public subscript(outcome: Outcome) -> Int64 {
        Verdict.allCases.reduce(0) {
            $1.outcome == outcome ? $0 + verdicts[Int($1.rawValue)] : $0
        }
    }
}

/// What a format has to know of earlier lines, such as whose mail a queue id stands for.
public struct RememberedText: Sendable, Equatable {
    /// By what it is found again.
    public var key: [UInt8]
    /// What is remembered; nil: nothing any more.
    public var text: [UInt8]?
    /// As of when, in milliseconds since 1970.
    public var at: Int64

    /// Something to remember, or to forget.
    public init(key: [UInt8], text: [UInt8]?, at: Int64) {
        self.key = key
        self.text = text
        self.at = at
    }
}

/// Everything that is committed in one transaction: what a stretch of lines changed, and how far the
/// lines have been read. All of it belongs to one instant of reading.
public struct Checkpoint: Sendable {
    /// What the lines add to the facts.
    public var facts = FactDelta()
    /// The streams whose position changed.
    public var positions: [StreamPosition] = []
    /// Counts by stream.
    public var tallies: [Int64: StreamTally] = [:]
    /// Records that could not be used.
    public var quarantined: [QuarantinedRecord] = []
    /// Records of the quarantine that were read again; their tallies move from one reason to another.
    public var requeued: [RequeuedRecord] = []
    /// What formats have to remember of the lines, by the name of the source.
    public var remembered: [(source: String, text: RememberedText)] = []
    /// Where in the first bytes of a stream lines stand that name erased persons.
    public var suppressed: [Int64: [Range<Int>]] = [:]
    /// Hashes of the events counted, by day.
    public var duplicateKeys: [(day: Day, keys: [UInt64])] = []
    /// Days whose hashes are to be let go.
    public var droppedDays: [Day] = []

    /// Nothing.
    public init() {}

    /// Whether there is nothing to commit.
    public var isEmpty: Bool {
        positions.isEmpty && tallies.isEmpty && droppedDays.isEmpty
    }
    /// Records in it.
    public var records: Int64 { tallies.values.reduce(0) { $0 + $1.records } }
}
