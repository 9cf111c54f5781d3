public import Core

/// What brings `leads.db` a step nearer to a checkpoint: absolute values, so that repeating it
/// changes nothing.
public struct Publication: Sendable {
    /// The checkpoint from which everything in it was derived.
    public var sequence: Int64
    /// The day for which it was derived.
    public var day: Day
    /// Contacts to show.
    var contacts: [PublishedContact] = []
    /// Contacts to show no more, if they were.
    var gone: [Int64] = []
    /// The ids among which every contact that should be shown is in `contacts`, so that rows of any
    /// others are left over and go; nil if `contacts` are only the touched ones.
    public var sweep: ClosedRange<Int64>?
    var identifiers: [PublishedIdentifier] = []
    var cells: [PublishedCells] = []
    var traits: [PublishedTrait] = []
    var interests: [PublishedInterest] = []
    /// The texts of all these rows.
    var text = TextArena()
    /// Whether some of `gone` are erased persons: then nothing of them may be left in the file.
    public var erases = false
    /// Streams whose counts changed.
    public var streams: [StreamSummary] = []
    /// New quarantined records: id, stream, offset, reason.
    public var quarantined: [QuarantineRow] = []
    /// Whether the rows of `quarantine` that are shown are to go first: some are no more.
    public var clearsQuarantine = false
    /// Records of the quarantine up to this id are gone.
    public var quarantineStart: Int64 = 0
    /// New entries of the journal.
    public var changes: [ChangeRow] = []
    /// New changes of stages.
    public var stageChanges: [StageChangeRow] = []
    /// The oldest entries of both journals that are still kept; 0 takes none out.
    public var changesStart: Int64 = 0
    /// The same for changes of stages.
    public var stageChangesStart: Int64 = 0
    /// Which segments the contacts are in, each contact's together.
    var members: [MembershipRow.Member] = []
    /// The names of segments by number.
    var segmentNames: [SegmentID: String] = [:]
    /// The model, with a full publication.
    public var model: PublishedModel?
    /// Values of `meta`.
    public var meta: [String: String] = [:]

    /// A publication of a checkpoint.
    ///
    /// - Parameter room: What is made at once, so that no array has to grow.
    public init(sequence: Int64, day: Day, room: Room = Room()) {
        self.sequence = sequence
        self.day = day
        contacts.reserveCapacity(room.contacts)
        identifiers.reserveCapacity(room.identifiers)
        cells.reserveCapacity(room.cells)
        text.reserve(room.textBytes)
    }

    /// How many rows of contacts fit in, and how much text.
    public struct Room: Sendable {
        var contacts = 0
        var identifiers = 0
        var cells = 0
        var textBytes = 0

        /// None.
        public init() {}
    }

    /// Room for as much as this says of contacts and an eighth more: steps of a full publication differ
    /// little.
    public var room: Room {
        func more(_ count: Int) -> Int { count + count / 8 }
        var room = Room()
        room.contacts = more(contacts.count)
        room.identifiers = more(identifiers.count)
        room.cells = more(cells.count)
        room.textBytes = more(text.bytes.count)
        return room
    }

    /// Takes a contact out of what is shown.
    public mutating func remove(_ contact: Int64) { gone.append(contact) }

    /// Whether it concerns any contact.
    public var isAboutContacts: Bool { !contacts.isEmpty || !gone.isEmpty }

    /// A row of `quarantine`.
    public struct QuarantineRow: Sendable {
        /// Its number, ascending.
        public var id: Int64
        var source: String
        var path: String
        var offset: Int64
        var reason: String
    }

    /// A row of `segment_changes`.
    public struct ChangeRow: Sendable {
        /// Its number, ascending.
        public var sequence: Int64
        var at: Int64
        var segment: String?
        var contact: Int64
        var change: String
        var other: Int64?
    }

    /// A row of `stage_changes`.
    public struct StageChangeRow: Sendable {
        /// Its number, ascending.
        public var sequence: Int64
        var at: Int64
        var contact: Int64
        var before: String?
        var stage: String?
    }

    /// The model itself as tables.
    public struct PublishedModel: Sendable {
        var model: Model
        var names: NameTable

        /// A model with the numbers of its names.
        public init(_ model: Model, names: NameTable) {
            self.model = model
            self.names = names
        }
    }
}

extension StateStore {
    /// Quarantined records above an id, with the id of the oldest that is still kept.
    public func quarantine(
        after id: Int64, limit: Int
    ) throws(StoreError) -> (rows: [Publication.QuarantineRow], start: Int64) {
        let read = try connection.prepare(
            """
            SELECT q.id, coalesce(s.source, ''), coalesce(s.path, x''), q.offset, q.reason
            FROM quarantine q LEFT JOIN stream s ON s.id = q.stream
            WHERE q.id > ? ORDER BY q.id LIMIT ?
            """)
        read.bind(1, id)
        read.bind(2, Int64(limit))
        var rows: [Publication.QuarantineRow] = []
        while try read.step() {
            rows.append(
                .init(
                    id: read.int(0), source: read.text(1), path: read.text(2),
                    offset: read.int(3), reason: read.text(4)))
        }
        return (rows, try connection.integer("SELECT min(id) FROM quarantine") ?? 0)
    }

    /// Entries of the journal above a number.
    public func journal(
        after sequence: Int64, limit: Int
    ) throws(StoreError) -> [Publication.ChangeRow] {
        let read = try connection.prepare(
            """
            SELECT seq, at, segment, contact, change, other FROM journal
            WHERE seq > ? ORDER BY seq LIMIT ?
            """)
        read.bind(1, sequence)
        read.bind(2, Int64(limit))
        var rows: [Publication.ChangeRow] = []
        while try read.step() {
            rows.append(
                .init(
                    sequence: read.int(0), at: read.int(1),
                    segment: read.isNull(2) ? nil : read.text(2), contact: read.int(3),
                    change: read.text(4), other: read.optionalInt(5)))
        }
        return rows
    }
}
