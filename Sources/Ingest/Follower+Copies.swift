import Core
import Glibc

/// Files that seem to be new, and are copies of what was read or is still to be read.
extension Follower {
    /// What a file that seems to be new is to a stream whose name it has or had.
    private enum Resemblance { case none, copy, growing }

    /// Lets a stream that lost its file go on in a copy of it: what `copytruncate` and editors make.
    ///
    /// - Returns: nil if it is none; false if it is one that is not to be gone on in.
    func adoptCopy(
        _ sighting: Sighting, _ copied: [[UInt8]: [LogStream]], evenIfShort: Bool
    ) -> Bool? {
        let path = sighting.found.path
        let stem = Generation.stem(path)
        // The one that was read farthest is the best match.
        let alike = (copied[stem] ?? []).sorted {
            ($0.position.offset, $0.position.id) > ($1.position.offset, $1.position.id)
        }
        for stream in alike
        where stream.source == sighting.found.source && (stem != path || isNamed(stream, path)) {
            let resemblance = resemblance(of: sighting, to: stream)
            if leaveInDoubt(sighting) { return true }
            switch resemblance {
            case .none: continue
            case .growing: files.close(sighting.file)
            case .copy:
                if !evenIfShort, sighting.candidate.size < stream.position.offset {
                    files.close(sighting.file)
                    return false
                }
                goOn(stream, in: sighting)
            }
            return true
        }
        return nil
    }

    private func isNamed(_ stream: LogStream, _ path: [UInt8]) -> Bool {
        stream.position.path == path
    }

    private func resemblance(of sighting: Sighting, to stream: LogStream) -> Resemblance {
        let path = sighting.found.path
        // It is being unpacked: its end decides.
        if stream.position.packed != nil, stream.file >= 0 { return .growing }
        // The next file under a name may begin like the one before: take it for a copy only if that
        // one is not to be seen anywhere and much is alike. Under a rotated name, little is enough
        // as long as the original has kept its name or is lost.
        let muchAlike = stream.position.head.count == Generation.headBytes
        if stream.position.offset == 0 {
            // Nothing of it was read that could be compared later. Under its own name only while it
            // is still to be read from a file that has lost that name.
            let isElsewhere = !isNamed(stream, path) || (!stream.sighted && stream.file >= 0)
            let isCopy =
                isElsewhere
                && proven { () throws(SystemError) in
                    try beginsLike(stream, sighting.candidate.head)
                } == true
            if isCopy { lookWanted = true }
            return isCopy ? .growing : .none
        }
        if isNamed(stream, path) {
            let isRotated = Generation.stem(path) != path
            guard !stream.sighted, muchAlike || isRotated else { return .none }
            if isRotated, sighting.candidate.size < stream.position.offset {
                return shortResemblance(of: sighting, to: stream)
            }
        } else {
            let isOriginal = Generation.namesBefore(path).contains(stream.position.path)
            let mayBe = isOriginal && stream.keepsPath || muchAlike
            guard mayBe || !stream.sighted else { return .none }
            if let isLonger = isLonger(sighting, than: stream) {
                return isLonger ? .none : .growing
            }
            if sighting.candidate.size < stream.position.offset {
                return shortResemblance(of: sighting, to: stream)
            }
        }
        let isCopy = Generation.isCopy(of: stream.position, sighting.candidate) {
            anchorMatches(stream, sighting)
        }
        return isCopy ? .copy : .none
    }

    /// A copy is no longer than its original, as long as that is there.
    ///
    /// - Returns: whether the file is longer for good; false if that cannot be told now, as the original
    ///   has become shorter since it was looked at; nil if it is not longer, or the original is gone.
    private func isLonger(_ sighting: Sighting, than stream: LogStream) -> Bool? {
        guard stream.sighted, !stream.orphaned, stream.position.packed == nil,
            let seen = stream.stamp?.size,
            let size = proven({ () throws(SystemError) in try currentSize(of: stream) }),
            sighting.candidate.size > size
        else { return nil }
        lookWanted = true
        return size >= seen
    }

    /// How long the file of a stream is now.
    func currentSize(of stream: LogStream) throws(SystemError) -> Int64 {
        if stream.position.packed != nil { return stream.position.offset }
        if stream.file >= 0 { return try files.identify(stream.file).size }
        let file = try openWithin(limit: stream.position.path)
        defer { files.close(file) }
        let status = try files.identify(file)
        // The name, and even the inode number, may have passed to another file.
        guard Generation.isSameFile(status.identity, stream.position.identity) else {
            throw SystemError(call: "open", code: ESTALE)
        }
        return status.size
    }

    /// Whether the file of a stream that was not read yet begins like another one.
    func beginsLike(_ stream: LogStream, _ head: [UInt8]) throws(SystemError) -> Bool {
        guard stream.isLive, stream.position.packed == nil, stream.position.offset == 0,
            stream.file >= 0 || stream.sighted
        else { return false }
        guard ensureOpen(stream) else { throw SystemError(call: "open", code: ESTALE) }
        let own = try reader.head(of: stream.file)
        enqueue(stream)
        // A copy is no longer than its original, and when it has just begun has no whole line.
        return !head.isEmpty && own.starts(with: head)
    }

    /// A file with less in it than was read of a stream: a copy that is not complete yet, or was made
    /// while the original was still written to and read.
    private func shortResemblance(of sighting: Sighting, to stream: LogStream) -> Resemblance {
        let candidate = sighting.candidate
        let shared = candidate.head.prefix(stream.position.head.count)
        guard Generation.begins(shared, with: stream.position.head.prefix(shared.count)),
            let proof = proven({ () throws(SystemError) in
                try reader.proof(of: stream.position, in: sighting.file, size: candidate.size)
            }), proof.isWhole
        else { return .none }
        if isGrowing(sighting) { return .growing }
        guard Generation.isBeginning(candidate, of: stream.position) else { return .none }
        // Half a line begins like many: a copy has at least one whole line of it.
        let isProven =
            proof.offset > 0
            || candidate.head.contains(0x0A)
                && (candidate.head.count == candidate.size
                    || (!stream.sighted && stream.position.head.count == Generation.headBytes))
        return isProven ? .copy : .none
    }

    private func goOn(_ stream: LogStream, in sighting: Sighting) {
        if !stream.hasFile {
            stream.orphaned = false
            resume(stream, sighting)
        } else if !stream.sighted, stream.isCaughtUp {
            // Somebody may still write to the nameless original: it stays, and the copy is a
            // generation of its own from here on.
            let offset = stream.position.offset
            begin(
                sighting,
                at: Start(offset: offset, anchors: stream.position.anchors, isShrunk: false))
        } else {
            // The original is there. Should it be lost, the copy is found again.
            files.close(sighting.file)
            if !stream.sighted { enqueue(stream) }
            return
        }
        notify(
            Notice(
                .copyAdopted, source: stream.position.source, path: sighting.found.path,
                detail: "from offset \(stream.position.offset)"))
    }

    /// Whether a copy that is not complete may still grow; after 10 s at one size it does not.
    private func isGrowing(_ sighting: Sighting) -> Bool {
        let path = sighting.found.path
        let size = sighting.candidate.size
        if let known = growingCopies[path], known.size == size {
            return clock() - known.since < 10_000
        }
        growingCopies[path] = (size, clock())
        return true
    }
}
