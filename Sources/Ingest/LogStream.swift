import Core

/// One generation of one file, and how far it has been read.
///
/// Invariants: `position.offset` is 0, where the generation was begun, or just behind a newline whose
/// line was handed over. `scanned` is at least the offset, and no newline lies between the two.
final class LogStream {
    /// What is committed.
    var position: StreamPosition
    /// The place of its source in the list of sources; nil while no source has that name.
    var source: Int?
    /// The open file; -1 while it is closed.
    var file: Int32 = -1
    /// The watch on the file; kept while it is closed.
    var watch: Int32?
    /// What the file looked like when it was last looked at; nil: look inside.
    var stamp: FileStamp?
    /// Up to here, from the offset on, there is no newline.
    var scanned: Int64
    /// Up to here, from the offset on, there are only NUL bytes; of no meaning before the offset.
    var hole: Int64 = 0
    /// The first bytes of a line that did not end in the turn that met it.
    var beginning: [UInt8] = []
    /// The size when the content was last proved to be what was read before.
    var provenSize: Int64
    /// Whether its name has a rotation suffix.
    var rotated = false
    /// Whether the file under its name turned out to be another one, or the same one rewritten.
    var orphaned = false
    /// Whether it waits for its turn.
    var queued = false
    /// Whether the position changed since it was last taken.
    var changed = false
    /// Whether it stands in the list of those that changed.
    var listed = false
    /// When it last grew, lost its name or was opened; monotonic milliseconds.
    var activeAt: Int64 = 0
    /// After a failure: not before this time, and how long the next wait will be.
    var retryAt: Int64?
    var retryDelay: Int64 = 1000

    /// Whether nothing more is expected: what has no newline is a line that cannot be used.
    var isFinished = false

    // Of the present look under the patterns.
    var sighted = false
    var keepsPath = false
    var otherName: FoundFile?
    /// How many looks in a row have not found it.
    var missed = 0

    init(position: StreamPosition, source: Int?) {
        self.position = position
        self.source = source
        scanned = position.offset
        provenSize = position.size
    }

    /// Whether it is of a configured source and not done with.
    var isLive: Bool { source != nil && !position.retired }
    /// Whether its content can be had: from an open file, or under a name seen in this look.
    var hasFile: Bool { file >= 0 || sighted }
    /// Whether everything that the file is known to have was read, but for a partial line.
    var isCaughtUp: Bool { !queued && scanned >= position.size }
    /// Bytes in the file that were not even looked at.
    var lag: Int64 { isLive && position.packed == nil ? max(0, position.size - scanned) : 0 }
    /// Bytes of a line whose newline is still to come.
    var partial: Int64 { isLive ? max(0, scanned - lineStart) : 0 }
    /// Where the line begins that is next: behind NUL bytes, if there are any.
    var lineStart: Int64 { max(position.offset, hole) }
    /// Bytes in the file that have no outcome.
    var unread: Int64 { max(0, position.size - position.offset) }

    /// Forgets what is known of the bytes behind the offset.
    func forgetScan() {
        scanned = position.offset
        hole = 0
        beginning = []
    }

    /// Takes a position behind everything that is known.
    func move(to next: StreamPosition) {
        position = next
        forgetScan()
        changed = true
    }

    /// Puts everything about the present look back.
    func beginLook() {
        sighted = false
        keepsPath = false
        otherName = nil
    }
}
