/// A compressed file under the patterns that is not read yet, or does not have to be.
final class Archive {
    /// What is to be done about it.
    enum State {
        /// It waits for its turn to be looked into.
        case queued
        /// It waits for its turn to be read on in this stream.
        case begun(LogStream)
        /// It is being looked into.
        case examined(Examination)
        /// It is held against the file of a stream that it seems to be a copy of.
        case compared(Comparison, Examination)
        /// It is being read.
        case read(LogStream)
        /// What is in it is read from another file, as long as that is there.
        case copy(of: LogStream)
        /// It is known when that file is read whether it holds the same.
        case likely(LogStream)
        /// What is in it is read from the file beside it that is not compressed, since a time.
        case twin(since: Int64)
        /// Nothing can be done before it changes: it is not complete.
        case growing
        /// Everything in it was read, or cannot be.
        case done
        /// It could not be opened or read: tried again from this time on.
        case failed(until: Int64)
    }

    var found: FoundFile
    var state = State.queued
    /// Whether it has stood beside its plain file for so long that it is looked into.
    var isLastingTwin = false
    /// Whether it may wait once more for a file that could not be looked at.
    var mayWait = true

    init(_ found: FoundFile) { self.found = found }

    /// The path without the ending of the compression.
    var plainPath: [UInt8] {
        Array(found.path.dropLast(found.compression?.rawValue.utf8.count ?? 0))
    }
    var isQueued: Bool {
        switch state {
        case .queued, .begun: true
        default: false
        }
    }
}

/// The archives, of which one at a time is unpacked, so that memory for it is bounded.
struct Shelf {
    /// Those under the patterns, by path.
    var archives: [[UInt8]: Archive] = [:]
    /// Those that wait, oldest first.
    var queue: [Archive] = []
    /// The one whose turn it is, and its open file.
    var current: Archive?
    var file: Int32 = -1
    /// Streams that have lost their file, but may go on in an archive that waits.
    var bereft: [(stream: LogStream, first: Bool)] = []

    /// Whether something is to be unpacked.
    var hasWork: Bool { current != nil || !queue.isEmpty }

    /// Compressed bytes that wait; never 0 while something does.
    func lag(consumed: Int64) -> Int64 {
        let waiting = queue.reduce(0) { $0 + max($1.found.stamp.size, 1) }
        return waiting + (current.map { max($0.found.stamp.size - consumed, 1) } ?? 0)
    }
}
