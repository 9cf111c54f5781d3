import Core
import Glibc

/// Files that seem to be new, and are copies of what was read or is still to be read.
extension Follower {
    /// What a file that seems to be new is to a stream whose name it has or had; and how many bytes of
    /// it are found in the file.
    private enum Resemblance {
        case none
        /// All that was read of the stream stands in the file.
        case copy(Int64)
        /// The file is the beginning of what was read.
        case short(Int64)
        /// It may become one of the two.
        case growing(Int64)
        /// It cannot be told now.
        case open

        var extent: Int64 {
            switch self {
            case .none: 0
            case .copy(let extent), .short(let extent), .growing(let extent): extent
            case .open: .max
            }
        }
    }

    /// Lets a stream that lost its file go on in a copy of it: what `copytruncate` and editors make.
    ///
    /// - Parameter proven: so much of the file is proven to be of a lost stream; less says nothing.
    /// - Returns: nil if it is none; false if it holds less than was read, and that is not enough.
    func adoptCopy(
        _ sighting: Sighting, _ copied: [[UInt8]: [LogStream]], evenIfShort: Bool,
        unless proven: Int64
    ) -> Bool? {
        let path = sighting.found.path
        let stem = Generation.stem(path)
        // Of two of which as much is found, the one that was read farther; then one that has its file
        // still, as nothing is lost by waiting.
        let alike = (copied[stem] ?? []).sorted {
            ($0.position.offset, $0.hasFile ? 1 : 0, $0.position.id)
                > ($1.position.offset, $1.hasFile ? 1 : 0, $1.position.id)
        }
        var best: (stream: LogStream, resemblance: Resemblance)?
        for stream in alike
        where stream.source == sighting.found.source && (stem != path || isNamed(stream, path)) {
            let resemblance = resemblance(of: sighting, to: stream)
            if leaveInDoubt(sighting) { return true }
            if resemblance.extent > best?.resemblance.extent ?? 0 { best = (stream, resemblance) }
        }
        guard let best else { return nil }
        switch best.resemblance {
        case .none: return nil
        case .copy(let extent) where extent < proven, .short(let extent) where extent < proven:
            return nil
        case .growing, .open: files.close(sighting.file)
        case .copy: goOn(best.stream, in: sighting)
        case .short:
            if !evenIfShort {
                files.close(sighting.file)
                return false
            }
            return beginBeside(best.stream, in: sighting)
        }
        return true
    }

    private func isNamed(_ stream: LogStream, _ path: [UInt8]) -> Bool {
        stream.position.path == path
    }

    private func resemblance(of sighting: Sighting, to stream: LogStream) -> Resemblance {
        let path = sighting.found.path
        // It is being unpacked: its end decides.
        if stream.position.packed != nil, stream.file >= 0 { return .open }
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
            return isCopy ? .growing(Int64(sighting.candidate.head.count)) : .none
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
                return isLonger ? .none : .open
            }
            if sighting.candidate.size < stream.position.offset {
                return shortResemblance(of: sighting, to: stream)
            }
        }
        guard Generation.mayBeCopy(of: stream.position, sighting.candidate) else { return .none }
        let isCopy = proven { () throws(SystemError) in
            try reader.holdsAll(of: stream.position, in: sighting.file, sighting.candidate.size)
        }
        return isCopy == true ? .copy(stream.position.offset) : .none
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

    /// Whether a file that has lost its name changed since it was read: it is looked at first, as what
    /// seems to be new may be a copy of it.
    func hasChangedNameless(_ stem: [UInt8], of source: Int) throws(SystemError) -> Bool {
        for stream in streams
        where stream.source == source && stream.file >= 0 && !stream.sighted
            && stream.position.packed == nil && Generation.stem(stream.position.path) == stem
        {
            guard try currentSize(of: stream) != stream.position.size else { continue }
            enqueue(stream)
            return true
        }
        return false
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
        let extent = max(proof.anchor?.offset ?? 0, Int64(shared.count))
        if isGrowing(sighting) { return .growing(extent) }
        if !endsAlike(sighting, stream) { return .none }
        guard Generation.isBeginning(candidate, of: stream.position) else { return .none }
        // Half a line begins like many: a copy has at least one whole line of it, or much.
        let isProven =
            proof.anchor != nil
            || candidate.head.contains(0x0A) && candidate.head.count == candidate.size
            || !stream.sighted && stream.position.head.count == Generation.headBytes
        return isProven ? .short(candidate.size) : .none
    }

    /// Whether the last bytes of a shorter file are also those of a stream's own file, if that is there:
    /// between the last proof and its end it may have been written to.
    private func endsAlike(_ sighting: Sighting, _ stream: LogStream) -> Bool {
        guard stream.hasFile, stream.position.packed == nil, !stream.orphaned else { return true }
        return proven { () throws(SystemError) in
            guard ensureOpen(stream) else { throw SystemError(call: "open", code: ESTALE) }
            let start = max(0, sighting.candidate.size - Int64(Generation.anchorBytes))
            let count = Int(sighting.candidate.size - start)
            let own = try reader.read(stream.file, at: start, count: count).array
            return try reader.read(sighting.file, at: start, count: count).array == own
        } ?? false
    }

    /// A stream goes on in a copy of its file, if it has lost that.
    private func goOn(_ stream: LogStream, in sighting: Sighting) {
        if stream.hasFile {
            _ = beginBeside(stream, in: sighting, isWhole: true)
            return
        }
        stream.orphaned = false
        resume(stream, sighting)
        noteAdoption(sighting.found, stream.position)
    }

    /// A copy becomes a generation of its own, which is read from where it is not known: if somebody may
    /// still write to the nameless original, or there may be a better copy to go on in.
    ///
    /// - Parameter isWhole: whether all that was read of the stream stands in the copy.
    /// - Returns: nil if it turned out to be none.
    private func beginBeside(
        _ stream: LogStream, in sighting: Sighting, isWhole: Bool = false
    ) -> Bool? {
        if stream.hasFile {
            let size = proven { () throws(SystemError) in try currentSize(of: stream) }
            if leaveInDoubt(sighting) { return true }
            if stream.sighted || !stream.isCaughtUp || size != stream.position.size {
                // The original is there. Should it be lost, the copy is found again.
                files.close(sighting.file)
                if !stream.sighted { enqueue(stream) }
                return true
            }
        }
        let start = proven { () throws(SystemError) in
            isWhole
                ? Start(after: stream.position, stream.position.lastAnchor)
                : try self.start(after: stream, sighting.candidate, in: sighting.file)
        }
        if leaveInDoubt(sighting) { return true }
        guard let start else { return nil }
        noteAdoption(sighting.found, begin(sighting, at: start).position)
        return true
    }

    private func noteAdoption(_ found: FoundFile, _ position: StreamPosition) {
        notify(
            Notice(
                .copyAdopted, source: position.source, path: found.path,
                detail: "from offset \(position.offset)"))
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
