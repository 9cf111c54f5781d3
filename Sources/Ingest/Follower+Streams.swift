import Core
import Glibc

/// The life of a stream: begun, resumed, opened, closed, retired.
extension Follower {
    // MARK: Beginning and going on

    /// Begins a new generation of a file.
    ///
    /// - Parameter start: Where, and after which stream: its anchors hold for what is before.
    @discardableResult
    func begin(_ sighting: Sighting, at start: Start = Start()) -> LogStream {
        let stream = addStream(sighting.found, sighting.status.identity, at: start)
        stream.position.size = max(start.offset, sighting.status.size)
        stream.provenSize = stream.position.size
        attach(stream, sighting.file)
        stream.sighted = true
        stream.keepsPath = true
        stream.rotated = sighting.found.rotated
        stream.stamp = sighting.found.stamp
        markChanged(stream)
        enqueue(stream)
        return stream
    }

    /// A new stream of a file.
    func addStream(
        _ found: FoundFile, _ identity: FileIdentity, at start: Start = Start()
    ) -> LogStream {
        let before = start.before
        let position = StreamPosition(
            id: nextStreamID, source: sources[found.source].name, path: found.path,
            identity: identity, offset: start.offset, head: before?.head ?? [],
            anchor: before?.anchor ?? 0, anchorLength: before?.anchorLength ?? 0,
            seam: start.seam, anchors: before?.anchors ?? [])
        nextStreamID += 1
        let stream = LogStream(position: position, source: found.source)
        add(stream)
        return stream
    }

    /// A stream that was done with goes on; what was counted as lost is not.
    func revive(_ stream: LogStream) {
        guard stream.position.retired else { return }
        stream.position.retired = false
        stream.position.lostBytes -= min(stream.position.lostBytes, stream.unread)
        stream.forgetScan()
        markChanged(stream)
    }

    /// A stream goes on in another file.
    func setIdentity(of stream: LogStream, _ identity: FileIdentity) {
        guard stream.position.identity != identity else { return }
        byInode[stream.position.identity.inode]?.removeAll { $0 === stream }
        // It was of the other file; a device may have another number after a restart.
        if !Generation.isSameFile(stream.position.identity, identity) { stream.position.seam = 0 }
        stream.position.identity = identity
        byInode[identity.inode, default: []].append(stream)
        markChanged(stream)
    }

    /// Goes on with a stream in a file that holds what was read.
    func resume(_ stream: LogStream, _ sighting: Sighting) {
        revive(stream)
        setIdentity(of: stream, sighting.status.identity)
        if stream.position.packed != nil {
            stream.position.packed = nil
            markChanged(stream)
        }
        if stream.file >= 0 {
            files.close(sighting.file)
        } else {
            attach(stream, sighting.file)
        }
        sight(stream, sighting.found)
    }

    /// Notes that a stream's file stands under a name, and whether it changed.
    func sight(_ stream: LogStream, _ found: FoundFile) {
        stream.sighted = true
        stream.missed = 0
        if found.path == stream.position.path {
            stream.keepsPath = true
            stream.rotated = found.rotated
        } else if stream.otherName == nil {
            stream.otherName = found
        }
        guard stream.stamp != found.stamp else { return }
        stream.stamp = found.stamp
        // A size below the offset is left for the turn to find: until then the old one says what
        // was lost.
        let size = found.stamp.size
        if size >= stream.position.offset, size != stream.position.size {
            if size > stream.position.size { stream.activeAt = clock() }
            stream.position.size = size
            markChanged(stream)
        }
        enqueue(stream)
    }

    /// The file that a stream has open turned out to be cut or rewritten; `found` is where it was
    /// just seen.
    func beginAgain(_ stream: LogStream, as found: FoundFile? = nil) {
        guard let source = stream.source else { return }
        do throws(SystemError) {
            let status = try files.identify(stream.file)
            let head = try reader.head(of: stream.file)
            let candidate = Generation.Candidate(
                identity: status.identity, size: status.size, head: head)
            let start = try self.start(after: stream, candidate, in: stream.file)
            let found =
                found
                ?? FoundFile(
                    source: source, path: stream.position.path, rotated: stream.rotated,
                    stamp: FileStamp(
                        device: status.identity.device, inode: status.identity.inode,
                        size: status.size, modified: 0, changed: 0))
            let sighting = Sighting(
                found: found, file: detach(stream), status: status, candidate: candidate)
            if start.isShrunk { retire(stream, .shrunk) } else { orphan(stream, size: status.size) }
            begin(sighting, at: start)
            lookWanted = lookWanted || !start.isShrunk
        } catch {
            fail(stream, error)
        }
    }

    /// Where to begin in a file that is not, or no longer, what was read of a stream, but may have been:
    /// behind what is proven to have been read before. So a power cut that takes the end of a log does
    /// not make the rest of it count again.
    func start(
        after stream: LogStream, _ candidate: Generation.Candidate, in file: Int32
    ) throws(SystemError) -> Start {
        let position = stream.position
        if let shared = Generation.sharedLines(candidate.head, position) {
            guard Int64(shared) >= position.offset / 2 else { return Start() }
            return Start(after: position, reader.anchor(of: candidate.head.prefix(shared)))
        }
        guard Generation.headsAgree(candidate.head, position) else { return Start() }
        let proof = try reader.proof(of: position, in: file, size: candidate.size)
        let isShrunk =
            candidate.size < position.offset && Generation.isBeginning(candidate, of: position)
        // Behind the last proof there may be what was read, and what was written since it was cut off; if
        // that proof is not the last there is, it was written to.
        var start = Start(after: position, proof.anchor)
        start.isShrunk = isShrunk
        start.seam = isShrunk && proof.isWhole ? candidate.size : 0
        return start
    }

    /// A stream's file is no longer what was read. The next look decides whether it goes on in a copy.
    ///
    /// - Parameter size: the size now. If the file is as long as it was seen, what was seen but not
    ///   read may be of the new content, and is not counted as lost.
    func orphan(_ stream: LogStream, size: Int64) {
        if size >= stream.position.size {
            stream.position.size = max(
                stream.position.offset, min(stream.position.size, stream.provenSize))
        }
        close(stream)
        forgetWatch(stream)
        stream.orphaned = true
    }

    // MARK: After a look

    /// Draws the consequences of a look for one stream.
    func followUp(_ stream: LogStream, first: Bool, blind: Bool) {
        if stream.orphaned || (!stream.sighted && stream.file < 0 && !blind),
            mayGoOnInArchive(stream)
        {
            shelf.bereft.append((stream, first))
        } else if stream.orphaned {
            retire(stream, .truncated)
        } else if stream.sighted {
            if !stream.keepsPath, let name = stream.otherName { rename(stream, to: name) }
            if stream.rotated, stream.file >= 0, stream.position.packed == nil, hasLingered(stream)
            {
                if seal(stream) { return }
                close(stream)
                forgetWatch(stream)
            }
        } else if !blind {
            miss(stream, first: first)
        }
        if let due = stream.retryAt, due <= clock() {
            stream.retryAt = nil
            enqueue(stream)
        }
    }

    /// A stream that waited for an archive to go on in, in vain.
    func bereave(_ stream: LogStream, first: Bool) {
        if stream.orphaned { retire(stream, .truncated) } else { miss(stream, first: first) }
    }

    /// Lets the last line of a finished file be taken for what it is; false if it ends in a newline.
    private func seal(_ stream: LogStream) -> Bool {
        guard stream.scanned > stream.position.offset else { return false }
        stream.isFinished = true
        enqueue(stream)
        return true
    }

    /// A file has no name under the patterns any more. What is open is read until it is quiet; what
    /// is closed may just be between two names, unless it is so from the start.
    private func miss(_ stream: LogStream, first: Bool) {
        stream.missed += 1
        if stream.file < 0 {
            if first || stream.missed >= 2 { retire(stream, .vanished) }
        } else if stream.missed == 1 {
            stream.activeAt = clock()
            enqueue(stream)
        } else if stream.position.packed != nil {
            // It is being unpacked, and is done with when that is.
        } else if hasLingered(stream) {
            if !seal(stream) { retire(stream, .vanished) }
        } else {
            enqueue(stream)
        }
    }

    private func rename(_ stream: LogStream, to name: FoundFile) {
        notify(
            Notice(
                .rotated, source: stream.position.source, path: name.path,
                detail: stream.position.displayPath))
        stream.position.path = name.path
        stream.rotated = name.rotated
        // Whoever wrote it may still complete the last line.
        stream.activeAt = clock()
        markChanged(stream)
    }

    private func hasLingered(_ stream: LogStream) -> Bool {
        stream.isCaughtUp && clock() - stream.activeAt >= Self.lingerMilliseconds
    }

    func retire(_ stream: LogStream, _ kind: Notice.Kind) {
        close(stream)
        forgetWatch(stream)
        stream.orphaned = false
        stream.position.lostBytes += stream.unread
        stream.position.retired = true
        markChanged(stream)
        notify(
            Notice(
                kind, source: stream.position.source, path: stream.position.path,
                lostBytes: stream.unread))
    }

    /// Forgets finished generations that are no longer kept. One that goes on after all does so without
    /// what is counted elsewhere now.
    public func forget(_ ids: [Int64]) {
        if ids.isEmpty { return }
        let gone = Set(ids)
        for stream in streams where gone.contains(stream.position.id) {
            stream.position.lostBytes = 0
        }
        remove(
            gone.subtracting(
                streams.filter { !$0.position.retired || $0.changed }.map(\.position.id)))
    }

    /// Forgets the oldest finished generations once there are very many.
    func forgetRetired() {
        let retired = streams.filter { $0.position.retired && !$0.changed }
        guard retired.count > Self.retiredStreams else { return }
        remove(Set(retired.dropLast(Self.retiredStreams / 2).map(\.position.id)))
    }

    private func remove(_ gone: Set<Int64>) {
        if gone.isEmpty { return }
        let inodes = Set(
            streams.filter { gone.contains($0.position.id) }.map(\.position.identity.inode))
        streams.removeAll { gone.contains($0.position.id) }
        for inode in inodes {
            byInode[inode]?.removeAll { gone.contains($0.position.id) }
            if byInode[inode]?.isEmpty == true { byInode[inode] = nil }
        }
    }

    // MARK: Opening and closing

    /// Whether the stream's file is open, or could be opened now.
    func ensureOpen(_ stream: LogStream) -> Bool {
        if stream.file >= 0 { return true }
        do throws(SystemError) {
            if openFiles >= files.openFilesLimit { evict(queuedToo: true) }
            let file = try openWithin(limit: stream.position.path)
            let identity = try? files.identify(file).identity
            guard let identity, Generation.isSameFile(identity, stream.position.identity) else {
                files.close(file)
                lookAgain(for: stream)
                return false
            }
            attach(stream, file)
            if stream.file < 0 { lookAgain(for: stream) }
            return stream.file >= 0
        } catch {
            if error.code == ENOENT { lookAgain(for: stream) } else { fail(stream, error) }
            return false
        }
    }

    /// Has the next look find the file of a stream, and give the stream its turn.
    private func lookAgain(for stream: LogStream) {
        stream.stamp = nil
        lookWanted = true
    }

    /// Opens a file; if the process has no descriptor left, at the cost of another one.
    func openWithin(limit path: [UInt8]) throws(SystemError) -> Int32 {
        do throws(SystemError) {
            return try files.open(path)
        } catch {
            guard error.code == EMFILE || error.code == ENFILE, evict(queuedToo: true) else {
                throw error
            }
            return try files.open(path)
        }
    }

    /// Keeps a file open for a stream, or closes it if too many are open.
    private func attach(_ stream: LogStream, _ file: Int32) {
        if openFiles >= files.openFilesLimit, !evict(queuedToo: false) {
            files.close(file)
            return
        }
        stream.file = file
        stream.activeAt = clock()
        openFiles += 1
        guard let watcher else { return }
        guard let token = watcher.watch(file: file) else { return poll(because: "no more watches") }
        if stream.watch == token { return }
        forgetWatch(stream)
        stream.watch = token
        byWatch[token, default: []].append(stream)
    }

    /// Takes the open file away from a stream.
    private func detach(_ stream: LogStream) -> Int32 {
        defer { stream.file = -1 }
        openFiles -= 1
        return stream.file
    }

    func close(_ stream: LogStream) {
        if stream.file >= 0 { files.close(detach(stream)) }
    }

    func forgetWatch(_ stream: LogStream) {
        guard let token = stream.watch else { return }
        stream.watch = nil
        byWatch[token]?.removeAll { $0 === stream }
        if byWatch[token]?.isEmpty == true {
            byWatch[token] = nil
            watcher?.forget(token)
        }
    }

    /// Closes a file that can be opened again by its name; its watch stays.
    @discardableResult
    private func evict(queuedToo: Bool) -> Bool {
        for _ in 0..<streams.count {
            evictionHand = (evictionHand + 1) % streams.count
            let stream = streams[evictionHand]
            if stream.file >= 0, stream.missed == 0, stream.position.packed == nil,
                queuedToo || !stream.queued
            {
                close(stream)
                return true
            }
        }
        return false
    }

    /// A file cannot be read at present: tried again later, less and less often.
    func fail(_ stream: LogStream, _ error: SystemError) {
        notifyOnce(
            Notice(
                .unreadable, source: stream.position.source, path: stream.position.path,
                detail: error.description))
        if stream.missed == 0 { close(stream) }
        stream.retryAt = clock() + stream.retryDelay
        stream.retryDelay = min(stream.retryDelay * 2, 30_000)
    }
}
