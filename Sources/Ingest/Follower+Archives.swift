import Core
import Glibc

/// Compressed files: keeping track of them, and reading them one at a time.
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

    var unpackingState: Unpacker.State {
        files.unpacker(of: shelf.file)?.state ?? .cutOff
    }

    /// Lets a stream be read from the archive that is open.
    func attachArchive(
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

    func explain(_ archive: Archive) {
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
    func putBack(_ archive: Archive, _ state: Archive.State) {
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
    func closeArchive(_ stream: LogStream) {
        guard shelf.file >= 0 else { return }
        stream.file = -1
        files.close(shelf.file)
        openFiles -= 1
        shelf.file = -1
    }
}
