import Core
import Glibc

/// Compressed files: which stream each goes on with.
extension Follower {
    /// Whether the content of a stream can be had from another file than an archive.
    func hasOwnFile(_ stream: LogStream, but archive: Archive) -> Bool {
        if stream.orphaned || stream.position.retired { return false }
        if stream.position.packed != nil {
            return stream.sighted && stream.position.identity.inode != archive.found.stamp.inode
        }
        return stream.file >= 0 || stream.sighted
    }

    /// Whether the same content stands beside it uncompressed, as while `gzip` is at work.
    func isTwin(_ archive: Archive, _ file: Int32) throws(SystemError) -> Bool {
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
    func candidates(for archive: Archive) -> [LogStream] {
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

    /// Draws the consequences of an examination.
    func decide(
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
    func begin(
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
}
