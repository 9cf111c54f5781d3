import CLinux
public import Core
import Glibc

/// Follows the files of the sources through everything that happens to them, and hands over their
/// whole lines, each once.
///
/// Used by one thread. The owner waits on `watchDescriptor` for at most `waitMilliseconds`, calls
/// `drainWatch` when it is readable and `discover` when `needsDiscovery`, and takes turns as long as
/// `hasWork`. What `turn` handed over is what `takePositions` then says was read.
public final class Follower {
    /// How long a file that nobody can reach any more is kept open after its last byte.
    static let lingerMilliseconds: Int64 = 60_000
    /// How often everything is looked at, watched or not; and how often if it cannot be watched.
    static let lookMilliseconds: Int64 = 5_000
    static let pollMilliseconds: Int64 = 1_000
    /// Names that come and go are looked at together if they do so within this time.
    static let gatherMilliseconds: Int64 = 100
    /// How many finished generations are remembered, the oldest going first.
    static let retiredStreams = 4096

    var sources: [SourceDefinition]
    let files: ArchiveFiles
    let watcher: (any FileWatcher)?
    let clock: () -> Int64
    let reader: StreamReader
    private(set) var discovery: Discovery

    /// Every known stream, in the order of their ids.
    var streams: [LogStream] = []
    /// The live and retired ones of each inode number.
    var byInode: [UInt64: [LogStream]] = [:]
    var byWatch: [Int32: [LogStream]] = [:]
    var nextStreamID: Int64
    private var ready: [LogStream] = []
    private var readyStart = 0
    private var changedStreams: [LogStream] = []
    private var pending: [Notice] = []
    /// What was reported and is not again until it is over, with the reason.
    var reported: [Notice.Subject: String] = [:]
    /// The compressed files.
    var shelf = Shelf()
    private var turns = 0
    /// Since when a copy that is still shorter than its original has had its size.
    var growingCopies: [[UInt8]: (size: Int64, since: Int64)] = [:]
    /// A failure that left open what the file at hand is: nothing may be concluded from it.
    var doubt: SystemError?
    /// Names without rotation of which something could not be looked at in this look.
    var doubtful: Set<[UInt8]> = []
    /// Since when files wait for those, and when they last did.
    var waiting: [[UInt8]: (since: Int64, last: Int64)] = [:]
    var lastLook: Int64?
    var lookWanted = false
    var evictionHand = 0

    /// Lines that ended the process whenever they were read: they are quarantined and not looked into.
    public var poison: [SuspectLine] {
        get { reader.poison }
        set { reader.poison = newValue }
    }

    /// How many files are open.
    public internal(set) var openFiles = 0
    /// Whether files are looked at each second because they cannot all be watched.
    public private(set) var isPolling = false

    /// Begins where `positions` end; nothing is opened before the first `discover`.
    ///
    /// - Parameters:
    ///   - nextStreamID: greater than any id that was ever used.
    ///   - clock: monotonic milliseconds.
    public init(
        sources: [SourceDefinition], files: any LogFileSystem, watcher: (any FileWatcher)?,
        positions: [StreamPosition], nextStreamID: Int64, hash: KeyedHash,
        clock: @escaping () -> Int64 = Follower.monotonicMilliseconds
    ) {
        self.sources = sources
        self.files = ArchiveFiles(files, longestRead: StreamReader.longestRead)
        self.watcher = watcher
        self.nextStreamID = nextStreamID
        self.clock = clock
        reader = StreamReader(files: self.files, hash: hash)
        discovery = Discovery(sources: sources)
        for position in positions.sorted(by: { $0.id < $1.id }) {
            precondition(position.id < nextStreamID)
            add(LogStream(position: position, source: sourceIndex(position.source)))
        }
        if watcher == nil { poll(because: "no watcher") }
    }

    deinit { for stream in streams where stream.file >= 0 { files.close(stream.file) } }

    /// CLOCK_MONOTONIC.
    public static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: Waiting

    /// For poll(); nil if nothing is watched.
    public var watchDescriptor: Int32? { watcher?.descriptor }

    /// Whether it is time to look under the patterns again.
    public var needsDiscovery: Bool { millisecondsToLook == 0 }

    /// Whether some stream may have unread whole lines.
    public var hasWork: Bool { hasReady || shelf.hasWork }

    private var hasReady: Bool { readyStart < ready.count }

    /// How long the owner may wait if nothing happens; 0 if there is something to do.
    public var waitMilliseconds: Int64 { hasWork ? 0 : millisecondsToLook }

    private var millisecondsToLook: Int64 {
        guard let lastLook else { return 0 }
        let usual = isPolling ? Self.pollMilliseconds : Self.lookMilliseconds
        return max(0, lastLook + (lookWanted ? Self.gatherMilliseconds : usual) - clock())
    }

    /// Reads what the watcher saw, and marks streams as ready or a look as needed.
    public func drainWatch() {
        watcher?.drain { event in
            switch event {
            case .modified(let token): byWatch[token]?.forEach(enqueue)
            case .names: lookWanted = true
            case .overflow:
                lookWanted = true
                for stream in streams where stream.file >= 0 { enqueue(stream) }
            }
        }
    }

    // MARK: Reading

    /// Reads the next ready stream once and hands over whole lines, if there are any.
    ///
    /// - Returns: false if no stream was ready.
    public func turn(_ body: (Block) -> Void) -> Bool {
        turns &+= 1
        if shelf.hasWork, !hasReady || turns % 2 == 0 {
            turnArchive(body)
            return true
        }
        while let stream = nextReady() {
            guard stream.isLive, !stream.orphaned, ensureOpen(stream) else { continue }
            let before = stream.position.size
            var step = reader.turn(stream, body)
            if stream.position.size != before { stream.activeAt = clock() }
            if stream.isFinished, step == .caughtUp, stream.position.size == before {
                step = end(stream, body)
            }
            stream.isFinished = false
            noteChange(of: stream)
            finish(stream, step)
            return true
        }
        return false
    }

    /// Gives the last line of a finished file its outcome.
    private func end(_ stream: LogStream, _ body: (Block) -> Void) -> StreamReader.Step {
        do throws(SystemError) {
            try reader.endUnterminated(stream, body)
            return .caughtUp
        } catch {
            return .failed(error)
        }
    }

    private func finish(_ stream: LogStream, _ step: StreamReader.Step) {
        switch step {
        case .more: enqueue(stream)
        case .caughtUp: break
        case .rewritten:
            beginAgain(stream)
            return
        case .failed(let error):
            fail(stream, error)
            return
        }
        if stream.retryDelay > 1000 {
            stream.retryDelay = 1000
            let subject = Notice.Subject(
                kind: .unreadable, source: stream.position.source, path: stream.position.path)
            reported[subject] = nil
        }
    }

    private func nextReady() -> LogStream? {
        guard hasReady else { return nil }
        let stream = ready[readyStart]
        readyStart += 1
        if readyStart == ready.count || readyStart > 1024 {
            ready.removeFirst(readyStart)
            readyStart = 0
        }
        stream.queued = false
        return stream
    }

    /// Lets a stream wait for its turn.
    func enqueue(_ stream: LogStream) {
        guard !stream.queued, stream.isLive, !stream.orphaned, stream.retryAt == nil,
            stream.position.packed == nil
        else { return }
        stream.queued = true
        ready.append(stream)
    }

    // MARK: Reports

    /// The positions that changed since the last call, in the order of their ids.
    public func takePositions() -> [StreamPosition] {
        let taken = changedStreams.map(\.position).sorted { $0.id < $1.id }
        for stream in changedStreams {
            stream.changed = false
            stream.listed = false
        }
        changedStreams.removeAll(keepingCapacity: true)
        return taken
    }

    /// What happened since the last call.
    public func takeNotices() -> [Notice] {
        defer { pending.removeAll() }
        return pending
    }

    /// Bytes that are known to be unread, without partial lines.
    public var lagBytes: Int64 {
        let packed = shelf.lag(consumed: files.unpacker(of: shelf.file)?.consumed ?? 0)
        return streams.reduce(packed) { $0 + $1.lag }
    }

    /// Bytes of last lines without a newline.
    public var partialBytes: Int64 { streams.reduce(0) { $0 + $1.partial } }

    /// What is not read as it should be and lasts, as `PATH: why`, in the order of paths.
    public var troubles: [String] {
        reported.filter { $0.key.kind == .unreadable || $0.key.kind == .damaged }
            .map { (path: $0.key.path, text: "\(displayed($0.key.path)): \($0.value)") }
            .sorted { $0.path.lexicographicallyPrecedes($1.path) }.map(\.text)
    }

    private func displayed(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

    func notify(_ notice: Notice) { pending.append(notice) }

    /// Reports something that lasts, once, until it is over.
    func notifyOnce(_ notice: Notice) {
        if reported.count > 10_000 { reported.removeAll() }
        if reported.updateValue(notice.detail, forKey: notice.subject) == nil { notify(notice) }
    }

    func poll(because reason: String) {
        isPolling = true
        notifyOnce(Notice(.polling, detail: reason))
    }

    func markChanged(_ stream: LogStream) {
        stream.changed = true
        noteChange(of: stream)
    }

    /// The reader only sets `changed`; here the stream is put where `takePositions` finds it.
    func noteChange(of stream: LogStream) {
        guard stream.changed, !stream.listed else { return }
        stream.listed = true
        changedStreams.append(stream)
    }

    // MARK: Streams

    func add(_ stream: LogStream) {
        streams.append(stream)
        byInode[stream.position.identity.inode, default: []].append(stream)
    }

    private func sourceIndex(_ name: String) -> Int? { sources.firstIndex { $0.name == name } }

    /// Takes up other sources. Streams of a source that is gone are closed and keep their positions;
    /// they go on if a source of that name comes back.
    public func reconfigure(sources: [SourceDefinition]) {
        self.sources = sources
        discovery = Discovery(sources: sources)
        for stream in streams {
            stream.source = sourceIndex(stream.position.source)
            if stream.source == nil, stream.position.packed == nil {
                close(stream)
                forgetWatch(stream)
                stream.stamp = nil
            }
            stream.missed = 0
        }
        reported.removeAll()
        lookWanted = true
        lastLook = nil
    }
}
