import Core
import Glibc

/// Compressed files: which stream each goes on with, and reading them one at a time.
extension Follower {
    // MARK: A look

    /// Takes note of the archives that a look found. To be called when it is known which streams
    /// have their plain files.
    func shelve(_ found: [FoundFile], beside plain: [FoundFile]) {
        let plainPaths = Set(plain.map(\.path))
        var archives: [[UInt8]: Archive] = [:]
        for file in found {
            let known = shelf.archives[file.path].flatMap { isSame($0.found, file) ? $0 : nil }
            let archive = known ?? Archive(file)
            archives[file.path] = archive
            place(archive, as: file, hasTwin: plainPaths.contains(archive.plainPath))
        }
        shelf.archives = archives
        shelf.queue = archives.values.filter { $0.isQueued && $0 !== shelf.current }
        shelf.queue.sort { left, right in
            left.found.stamp.modified != right.found.stamp.modified
                ? left.found.stamp.modified < right.found.stamp.modified
                : left.found.path.lexicographicallyPrecedes(right.found.path)
        }
    }

    private func isSame(_ known: FoundFile, _ found: FoundFile) -> Bool {
        known.stamp.inode == found.stamp.inode && known.stamp.size == found.stamp.size
            && known.stamp.modified == found.stamp.modified
    }

    private func place(_ archive: Archive, as found: FoundFile, hasTwin: Bool) {
        archive.found = found
        // Its stream lives as long as the file does, whatever is in it now.
        let streams = (byInode[found.stamp.inode] ?? []).filter {
            $0.source == found.source && $0.position.packed != nil
        }
        for stream in streams where stream.isLive { stream.sighted = true }
        if archive === shelf.current { return }
        if let stream = streams.last(where: { isUnchanged($0, found) }) {
            archive.state = recall(stream, in: found) ? .done : .begun(stream)
        } else {
            reconsider(archive, hasTwin: hasTwin)
        }
    }

    /// An archive that has not changed since the last look.
    private func reconsider(_ archive: Archive, hasTwin: Bool) {
        switch archive.state {
        case .copy(let stream) where !hasOwnFile(stream, but: archive): archive.state = .queued
        case .likely(let stream) where !hasOwnFile(stream, but: archive) || stream.isCaughtUp:
            archive.state = .queued
        case .twin(let since)
        where !hasTwin || clock() - since >= Self.lingerMilliseconds:
            // Nobody compresses for so long without a byte more.
            archive.isLastingTwin = hasTwin
            archive.state = .queued
        case .failed(let until) where until <= clock(): archive.state = .queued
        default: break
        }
    }

    private func isUnchanged(_ stream: LogStream, _ found: FoundFile) -> Bool {
        guard let packed = stream.position.packed else { return false }
        return packed.size == found.stamp.size && packed.modified == found.stamp.modified
    }

    /// A known archive was seen, perhaps under another name. Tells whether it was read to its end.
    private func recall(_ stream: LogStream, in found: FoundFile) -> Bool {
        revive(stream)
        stream.sighted = true
        stream.missed = 0
        stream.rotated = found.rotated
        if stream.position.path != found.path {
            notify(
                Notice(
                    .rotated, source: stream.position.source, path: found.path,
                    detail: stream.position.displayPath))
            stream.position.path = found.path
            markChanged(stream)
        }
        return stream.position.packed?.isRead == true
    }

    /// Whether the content of a stream can be had from another file than an archive.
    private func hasOwnFile(_ stream: LogStream, but archive: Archive) -> Bool {
        if stream.orphaned || stream.position.retired { return false }
        if stream.position.packed != nil {
            return stream.sighted && stream.position.identity.inode != archive.found.stamp.inode
        }
        return stream.file >= 0 || stream.sighted
    }

    /// Lets a stream without a file wait for the archives that it may go on in.
    func mayGoOnInArchive(_ stream: LogStream) -> Bool {
        shelf.queue.contains { $0.found.source == stream.source }
            || shelf.current?.found.source == stream.source
    }

    // MARK: A turn

    /// Works on the archive whose turn it is.
    func turnArchive(_ body: (Block) -> Void) {
        if shelf.current == nil {
            guard !shelf.queue.isEmpty else { return }
            shelf.current = shelf.queue.removeFirst()
        }
        guard let archive = shelf.current else { return }
        do throws(SystemError) {
            if shelf.file < 0 {
                try openArchive(archive)
            } else {
                try advance(archive, body)
            }
        } catch {
            if error.code == EAGAIN { return }
            lookWanted = error.code == ENOENT || lookWanted
            if error.code != ENOENT { trouble(archive, .unreadable, error.description) }
            putBack(archive, .failed(until: clock() + 10_000))
        }
    }

    private func openArchive(_ archive: Archive) throws(SystemError) {
        guard let compression = archive.found.compression else { return }
        let file = try openWithin(limit: archive.found.path)
        do throws(SystemError) {
            let status = try files.identify(file)
            guard status.isRegular, status.identity.inode == archive.found.stamp.inode else {
                throw SystemError(call: "open", code: ENOENT)
            }
            files.unpack(file, as: compression)
            shelf.file = file
            openFiles += 1
            if case .begun(let stream) = archive.state {
                attachArchive(stream, archive, status.identity, isRead: false)
            } else if try isTwin(archive, file) {
                putBack(archive, .twin(since: clock()))
            } else {
                archive.state = .examined(Examination(among: candidates(for: archive)))
            }
        } catch {
            if shelf.file < 0 { files.close(file) }
            throw error
        }
    }

    private func advance(_ archive: Archive, _ body: (Block) -> Void) throws(SystemError) {
        switch archive.state {
        case .examined(var examination):
            // It goes on where it was, also after a failure.
            let finding: Examination.Finding?
            do throws(SystemError) {
                finding = try examination.step(reader, shelf.file) { unpackingState }
            } catch {
                archive.state = .examined(examination)
                throw error
            }
            archive.state = .examined(examination)
            guard let finding else { return }
            try decide(archive, finding, examination)
        case .compared(var comparison, let examination):
            let stream = comparison.stream
            guard hasOwnFile(stream, but: archive), ensureOpen(stream) else {
                return putBack(archive, .failed(until: clock() + 1_000))
            }
            guard let isBeginning = try comparison.step(reader, shelf.file) else {
                archive.state = .compared(comparison, examination)
                return
            }
            if isBeginning { return putBack(archive, .copy(of: stream)) }
            let start = examination.start(isTwin: archive.isLastingTwin)
            let common = comparison.proven?.offset ?? 0
            try begin(
                archive, examination,
                at: archive.isLastingTwin && common > start.offset
                    ? Start(after: stream.position, comparison.proven) : start)
        case .read(let stream):
            let step = reader.turn(stream, body)
            noteChange(of: stream)
            switch step {
            case .more: break
            case .caughtUp: try finish(archive, stream, body)
            case .rewritten: throw SystemError(call: "unpack", code: ESTALE)
            case .failed(let error): throw error
            }
        default: putBack(archive, archive.state)
        }
    }

    private var unpackingState: Unpacker.State {
        files.unpacker(of: shelf.file)?.state ?? .cutOff
    }

    /// Whether the same content stands beside it uncompressed, as while `gzip` is at work.
    private func isTwin(_ archive: Archive, _ file: Int32) throws(SystemError) -> Bool {
        guard !archive.isLastingTwin, let look = try? files.look(at: archive.plainPath),
            look.kind == .regular,
            let plain = try? openWithin(limit: archive.plainPath)
        else { return false }
        defer { files.close(plain) }
        let head = try reader.head(of: file)
        let other = try reader.head(of: plain)
        let shared = min(head.count, other.count)
        return head.prefix(shared).elementsEqual(other.prefix(shared))
    }

    /// The streams that an archive may hold, by its name; in another directory only with a long head.
    private func candidates(for archive: Archive) -> [LogStream] {
        let stem = Generation.stem(archive.found.path)
        let name = stem[(stem.lastIndex(of: 0x2F) ?? -1 + 1)...]
        return streams.filter { stream in
            guard stream.source == archive.found.source, stream.position.offset > 0
            else { return false }
            let other = Generation.stem(stream.position.path)
            return other == stem
                || stream.position.head.count == Generation.headBytes
                    && other[(other.lastIndex(of: 0x2F) ?? -1 + 1)...].elementsEqual(name)
        }
    }

    private func decide(
        _ archive: Archive, _ finding: Examination.Finding, _ examination: Examination
    ) throws(SystemError) {
        switch finding {
        case .growing:
            if unpackingState != .unpacking { explain(archive) }
            putBack(archive, .growing)
        case .same(let stream, let anchor), .contained(let stream, let anchor):
            if hasOwnFile(stream, but: archive) {
                let size = try currentSize(of: stream)
                if size < stream.position.offset
                    || doubtful.contains(Generation.stem(stream.position.path))
                {
                    // Its file is about to turn out to be cut or another one: this may be all that
                    // is left of it.
                    lookWanted = true
                    putBack(archive, .failed(until: clock() + 1_000))
                    return
                }
                if stream.position.packed == nil {
                    if stream.isCaughtUp, size == stream.position.size {
                        archive.state = .compared(
                            Comparison(with: stream, from: anchor), examination)
                    } else {
                        enqueue(stream)
                        putBack(archive, .likely(stream))
                    }
                    return
                }
                // A copy is no longer than its original.
                if stream.position.packed?.isRead == true,
                    try reader.reaches(beyond: size, in: shelf.file)
                {
                    return try begin(
                        archive, examination, at: examination.start(isTwin: archive.isLastingTwin))
                }
                putBack(archive, .copy(of: stream))
                return
            }
            var isRead = false
            if case .contained = finding { isRead = true }
            let identity = try files.identify(shelf.file).identity
            revive(stream)
            attachArchive(stream, archive, identity, isRead: isRead)
            notify(
                Notice(
                    .copyAdopted, source: stream.position.source, path: archive.found.path,
                    detail: "from offset \(stream.position.offset)"))
            if isRead {
                closeArchive(stream)
                putBack(archive, .done)
            }
        case .new:
            try begin(
                archive, examination, at: examination.start(isTwin: archive.isLastingTwin))
        }
    }

    /// Begins a new generation in an archive, unless it turns out to be one that is not read yet.
    private func begin(
        _ archive: Archive, _ examination: Examination, at start: Start
    ) throws(SystemError) {
        // Meanwhile something was read that may be the same.
        let head = examination.head ?? []
        let candidates = candidates(for: archive)
        if candidates.contains(where: {
            !examination.considers($0) && Generation.headsAgree(head, $0.position)
        }) {
            archive.state = .examined(Examination(among: candidates))
            return
        }
        let unfinished = candidates.first {
            $0.position.packed == nil && hasOwnFile($0, but: archive) && !$0.isCaughtUp
                && Generation.headsAgree(head, $0.position)
        }
        if let unfinished { return putBack(archive, .likely(unfinished)) }
        let stem = Generation.stem(archive.found.path)
        if try hasChangedNameless(stem, of: archive.found.source), mayWait(archive.found) {
            return putBack(archive, .failed(until: clock() + 1_000))
        }
        if doubtful.contains(stem), archive.mayWait {
            archive.mayWait = false
            putBack(archive, .failed(until: clock() + 5_000))
            return
        }
        // What was not read yet has no anchors: held against its file itself.
        for stream in streams where stream.source == archive.found.source {
            if Generation.stem(stream.position.path) == stem,
                try beginsLike(stream, head)
            {
                putBack(archive, .copy(of: stream))
                return
            }
        }
        let identity = try files.identify(shelf.file).identity
        if let stream = unreadStream(of: stem) {
            revive(stream)
            attachArchive(stream, archive, identity, isRead: false)
            return
        }
        waiting[archive.found.path] = nil
        let stream = addStream(archive.found, identity, at: start)
        attachArchive(stream, archive, identity, isRead: false)
        notify(
            Notice(
                start.offset > 0 ? .copyAdopted : .new, source: stream.position.source,
                path: archive.found.path,
                detail: start.offset > 0 ? "from offset \(start.offset)" : ""))
    }

    /// A stream that was seen, and lost its file before anything was read of it: an archive of its name
    /// that nobody knows holds what would otherwise be called lost.
    private func unreadStream(of stem: [UInt8]) -> LogStream? {
        guard let archive = shelf.current else { return nil }
        return streams.first {
            $0.source == archive.found.source && $0.position.offset == 0 && $0.unread > 0
                && $0.position.packed == nil && !hasOwnFile($0, but: archive)
                && Generation.stem($0.position.path) == stem
        }
    }

    /// Lets a stream be read from the archive that is open.
    private func attachArchive(
        _ stream: LogStream, _ archive: Archive, _ identity: FileIdentity, isRead: Bool
    ) {
        close(stream)
        forgetWatch(stream)
        stream.orphaned = false
        stream.sighted = true
        stream.missed = 0
        stream.rotated = true
        stream.stamp = archive.found.stamp
        stream.forgetScan()
        setIdentity(of: stream, identity)
        stream.position.path = archive.found.path
        stream.position.packed = PackedFile(
            size: archive.found.stamp.size, modified: archive.found.stamp.modified, isRead: isRead)
        stream.position.size = stream.position.offset
        stream.file = shelf.file
        archive.state = .read(stream)
        markChanged(stream)
    }

    /// Everything that can be had of an archive was read.
    private func finish(
        _ archive: Archive, _ stream: LogStream, _ body: (Block) -> Void
    ) throws(SystemError) {
        if unpackingState == .complete {
            try reader.endUnterminated(stream, body)
            reported[
                Notice(.damaged, source: stream.position.source, path: archive.found.path)
                    .subject] = nil
        } else {
            explain(archive)
        }
        stream.position.packed?.isRead = true
        // What was unpacked and has no newline is no line, and nothing that could still be read.
        stream.position.size = stream.position.offset
        stream.forgetScan()
        markChanged(stream)
        closeArchive(stream)
        putBack(archive, .done)
    }

    private func explain(_ archive: Archive) {
        guard let unpacker = files.unpacker(of: shelf.file) else { return }
        switch unpacker.state {
        case .damaged(let why):
            trouble(archive, .damaged, "damaged behind byte \(unpacker.produced): \(why)")
        case .cutOff:
            trouble(
                archive, .damaged,
                "ends in the middle of the compressed data, behind byte \(unpacker.produced)")
        case .unpacking, .complete: break
        }
    }

    private func trouble(_ archive: Archive, _ kind: Notice.Kind, _ detail: String) {
        notifyOnce(
            Notice(
                kind, source: sources[archive.found.source].name, path: archive.found.path,
                detail: detail))
    }

    /// The archive's turn is over.
    private func putBack(_ archive: Archive, _ state: Archive.State) {
        if case .read(let stream) = archive.state, stream.file >= 0 { closeArchive(stream) }
        archive.state = state
        if shelf.file >= 0 {
            files.close(shelf.file)
            openFiles -= 1
            shelf.file = -1
        }
        shelf.current = nil
        guard !shelf.hasWork else { return }
        let bereft = shelf.bereft
        shelf.bereft = []
        for (stream, first) in bereft where stream.isLive && !stream.sighted {
            bereave(stream, first: first)
        }
    }

    /// Closes the archive that a stream is read from.
    private func closeArchive(_ stream: LogStream) {
        guard shelf.file >= 0 else { return }
        stream.file = -1
        files.close(shelf.file)
        openFiles -= 1
        shelf.file = -1
    }
}
