import Core
import Glibc

/// Looking under the patterns: which file goes on with which stream.
extension Follower {
    /// A found file that was opened.
    struct Sighting {
        var found: FoundFile
        var file: Int32
        var status: FileStatus
        var candidate: Generation.Candidate
    }

    /// Where a new generation begins.
    struct Start {
        /// What was read of another one, as far as this begins like it; nil: nothing.
        let before: StreamPosition?
        /// Up to where lines may have been counted.
        var seam: Int64 = 0
        /// Whether its file is the beginning of the one that was read.
        var isShrunk = false

        /// Where to read on.
        var offset: Int64 { before?.offset ?? 0 }

        /// At the front; after a proof that it begins like another one, behind that.
        init(after position: StreamPosition? = nil, _ anchor: Anchor? = nil) {
            guard var position, let anchor else {
                before = nil
                return
            }
            position.anchors.removeAll { $0.offset >= anchor.offset }
            position.offset = anchor.offset
            position.anchor = anchor.hash
            position.anchorLength = anchor.length
            position.head = Array(position.head.prefix(Int(clamping: anchor.offset)))
            before = position
        }
    }

    /// Looks at everything under the patterns, adopts what is new, and closes what is done with. To
    /// be called at the start, when `needsDiscovery`, and at least every 5 seconds.
    public func discover() {
        let first = lastLook == nil
        lastLook = clock()
        lookWanted = false
        doubtful = []
        for stream in streams { stream.beginLook() }
        let findings = discovery.find(files) { [self] directory in
            if let watcher, !watcher.watch(directory: directory) {
                poll(because: "no more watches")
            }
        }
        report(findings)
        forgetTroubles(but: findings)
        // Files that answer to a known stream come first: only then is it known which streams have
        // lost theirs, and may go on in a copy.
        var others: [FoundFile] = []
        for found in findings.files where !recognise(found) { others.append(found) }
        // Current names before rotated ones: what is new in both may be an original and its copy.
        others.sort { left, right in
            let isRotated = (
                Generation.stem(left.path) != left.path,
                Generation.stem(right.path) != right.path
            )
            if isRotated.0 != isRotated.1 { return isRotated.1 }
            return left.stamp.modified != right.stamp.modified
                ? left.stamp.modified < right.stamp.modified
                : left.path.lexicographicallyPrecedes(right.path)
        }
        var copied = streamsByStem(unless: others.isEmpty)
        // A stream that lost its file goes on in what holds all that was read of it, if there is such a
        // file; only then in one that holds less, as a stub holds the beginning of many.
        let short = others.filter { !takeIn($0, &copied, evenIfShort: false) }
        for found in short { _ = takeIn(found, &copied, evenIfShort: true) }
        shelf.bereft = []
        shelve(findings.archives, beside: findings.files)
        let blind = Set(findings.failures.map(\.source))
        for stream in streams where stream.isLive {
            followUp(stream, first: first, blind: blind.contains(stream.source ?? -1))
        }
        forgetRetired()
    }

    /// Finds the stream that a file belongs to; false if it seems to be new.
    private func recognise(_ found: FoundFile) -> Bool {
        let known = plainStreams(found.stamp.inode, of: found.source)
        // As long as a file is open, no other can have its inode.
        for stream in known where stream.isLive && !stream.orphaned {
            let isOpen =
                stream.file >= 0 && stream.position.identity.device == found.stamp.device
            if isOpen, stream.stamp != found.stamp {
                let isIntact = isIntact(stream)
                if isIntact == nil {
                    keepInSight(found)
                    enqueue(stream)
                } else if isIntact == false {
                    beginAgain(stream, as: found)
                }
                if isIntact != true { return true }
            }
            if isOpen || stream.stamp == found.stamp {
                sight(stream, found)
                return true
            }
        }
        if known.isEmpty { return false }
        guard let sighting = look(into: found) else { return true }
        if adopt(sighting, among: known) || leaveInDoubt(sighting) { return true }
        files.close(sighting.file)
        return false
    }

    /// Whether a failure left open what a file is. It is looked at again, and until then nothing that
    /// it may be is taken for gone.
    func leaveInDoubt(_ sighting: Sighting) -> Bool {
        guard let error = doubt else { return false }
        doubt = nil
        files.close(sighting.file)
        notifyOnce(unreadable(sighting.found.source, sighting.found.path, error))
        keepInSight(sighting.found)
        lookWanted = true
        return true
    }

    private func keepInSight(_ found: FoundFile) {
        doubtful.insert(Generation.stem(found.path))
        for stream in byInode[found.stamp.inode] ?? []
        where stream.source == found.source && stream.isLive {
            stream.sighted = true
            // If it is not its file, another one may be.
            doubtful.insert(Generation.stem(stream.position.path))
        }
    }

    /// Whether to wait with a file that seems to be new, because another one that it may be a copy of
    /// could not be looked at. Not for ever: that one may never be readable again.
    private func waitsForOthers(_ found: FoundFile) -> Bool {
        doubtful.contains(Generation.stem(found.path)) && mayWait(found)
    }

    /// Whether to look at a file again later; not for ever.
    func mayWait(_ found: FoundFile, for milliseconds: Int64 = 60_000) -> Bool {
        let now = clock()
        var wait = waiting[found.path] ?? (since: now, last: now)
        // Another one of that name waited then.
        if now - wait.last > 2 * Self.lookMilliseconds { wait.since = now }
        wait.last = now
        waiting[found.path] = wait
        lookWanted = true
        return now - wait.since < milliseconds
    }

    /// What reading gives; a failure leaves it in doubt.
    func proven<T>(_ body: () throws(SystemError) -> T) -> T? {
        do throws(SystemError) {
            return try body()
        } catch {
            doubt = error
            return nil
        }
    }

    /// Whether a rotated file may be the copy of one that was made since the names were read.
    private func mayBeOfUnknown(_ found: FoundFile) -> Bool {
        let stem = Generation.stem(found.path)
        guard stem != found.path, let look = try? files.look(at: stem), look.kind == .regular,
            plainStreams(look.stamp.inode, of: found.source).allSatisfy({ !$0.isLive })
        else { return false }
        return mayWait(found, for: 1_000)
    }

    /// The streams of an inode number, without those that were read from an archive.
    private func plainStreams(_ inode: UInt64, of source: Int) -> [LogStream] {
        (byInode[inode] ?? []).filter { $0.source == source && $0.position.packed == nil }
    }

    /// Whether what was read of an open file still stands there; nil if that cannot be told now.
    private func isIntact(_ stream: LogStream) -> Bool? {
        let isIntact = proven { () throws(SystemError) in
            try reader.anchorMatches(stream.position, in: stream.file)
        }
        doubt = nil
        return isIntact
    }

    /// Finds out what a file is that no stream seems to know: a copy, or a new one.
    ///
    /// - Returns: false if it seems to be a copy that holds less than was read, and is not to be one.
    private func takeIn(
        _ found: FoundFile, _ copied: inout [[UInt8]: [LogStream]], evenIfShort: Bool
    ) -> Bool {
        guard let sighting = look(into: found) else { return true }
        // By the file that was opened: the name may have passed to another one since it was listed.
        let known = plainStreams(sighting.status.identity.inode, of: found.source)
        if adopt(sighting, among: known) || leaveInDoubt(sighting) { return true }
        if waitsForOthers(found) {
            files.close(sighting.file)
            return true
        }
        let start = self.start(
            in: sighting, after: known + (copied[Generation.stem(found.path)] ?? []))
        if leaveInDoubt(sighting) { return true }
        if let isTaken = adoptCopy(
            sighting, copied, evenIfShort: evenIfShort, unless: start.offset)
        {
            return isTaken
        }
        // The beginning of a copy looks like this, and nothing is lost by waiting.
        if sighting.status.size == 0 && Generation.stem(found.path) != found.path
            || mayBeOfUnknown(found)
        {
            files.close(sighting.file)
            return true
        }
        let mayBeCopy = proven { () throws(SystemError) in
            Generation.stem(found.path) != found.path
                ? try hasChangedNameless(Generation.stem(found.path), of: found.source) : false
        }
        if leaveInDoubt(sighting) { return true }
        if mayBeCopy == true, mayWait(found) {
            files.close(sighting.file)
            return true
        }
        let stream = begin(sighting, at: start)
        copied[Generation.stem(found.path), default: []].append(stream)
        waiting[found.path] = nil
        notify(
            Notice(
                start.offset > 0 ? .copyAdopted : .new, source: stream.position.source,
                path: found.path, detail: start.offset > 0 ? "from offset \(start.offset)" : ""))
        return true
    }

    /// Where to begin in a file that goes on with no stream: behind what one that lost its file is
    /// proven to have read of it, and the end of which was then cut off and written anew.
    private func start(in sighting: Sighting, after streams: [LogStream]) -> Start {
        let path = sighting.found.path
        let isRotated = Generation.stem(path) != path
        let isSingular = isRotated && Generation.isSingular(sighting.candidate.head)
        var best = Start()
        for stream in streams where stream.source == sighting.found.source {
            let isSame = Generation.isSameFile(stream.position.identity, sighting.status.identity)
            // Another file may have the same first lines as one that is there, and count each; and what a
            // stream with its file has still to read cannot be left out.
            let isElsewhere = !isSame && stream.hasFile && !stream.orphaned
            if isElsewhere, !isSingular || !stream.isCaughtUp { continue }
            var start = proven { () throws(SystemError) in
                try self.start(after: stream, sighting.candidate, in: sighting.file)
            }
            // Behind the last proof it is another file.
            if isElsewhere { start?.seam = 0 }
            guard let start, start.offset > best.offset,
                isSame
                    && (!Generation.isWeak(stream.position.identity)
                        || Generation.stem(stream.position.path) == Generation.stem(path))
                    || Generation.isMost(
                        start.offset, of: stream.position, isRotated: isRotated)
            else { continue }
            best = start
        }
        return best
    }

    /// Opens a file and reads what its identity rests on; nil if that cannot be done at present.
    private func look(into found: FoundFile) -> Sighting? {
        do throws(SystemError) {
            let file = try openWithin(limit: found.path)
            do throws(SystemError) {
                let status = try files.identify(file)
                if status.isRegular {
                    let head = try reader.head(of: file)
                    reported[unreadable(found.source, found.path).subject] = nil
                    return Sighting(
                        found: found, file: file, status: status,
                        candidate: Generation.Candidate(
                            identity: status.identity, size: status.size, head: head))
                }
                files.close(file)
            } catch {
                files.close(file)
                throw error
            }
        } catch {
            // Gone or replaced since it was listed: the next look will tell.
            lookWanted = error.code == ENOENT || lookWanted
            if error.code != ENOENT {
                notifyOnce(unreadable(found.source, found.path, error))
            }
        }
        keepInSight(found)
        return nil
    }

    /// Lets the stream that a file belongs to go on with it.
    private func adopt(_ sighting: Sighting, among known: [LogStream]) -> Bool {
        var shrunk: LogStream?
        var rewritten: [LogStream] = []
        for stream in known.reversed() {
            let judgement = judge(stream, sighting)
            if doubt != nil { return false }
            switch judgement {
            case .same:
                resume(stream, sighting)
                return true
            case .shrunk: shrunk = shrunk ?? (stream.position.retired ? nil : stream)
            case .rewritten: rewritten.append(stream)
            case .unrelated: break
            }
        }
        for stream in rewritten where stream.isLive {
            orphan(stream, size: sighting.status.size)
        }
        guard let shrunk else { return false }
        let start = proven { () throws(SystemError) in
            try self.start(after: shrunk, sighting.candidate, in: sighting.file)
        }
        guard let start else { return false }
        retire(shrunk, .shrunk)
        begin(sighting, at: start)
        return true
    }

    private func judge(_ stream: LogStream, _ sighting: Sighting) -> Generation.Judgement {
        Generation.judge(stream.position, sighting.candidate) {
            anchorMatches(stream, sighting)
        }
    }

    func anchorMatches(_ stream: LogStream, _ sighting: Sighting) -> Bool {
        proven { () throws(SystemError) in
            try reader.anchorMatches(stream.position, in: sighting.file)
        } ?? false
    }

    private func streamsByStem(unless nothing: Bool) -> [[UInt8]: [LogStream]] {
        guard !nothing else { return [:] }
        var result: [[UInt8]: [LogStream]] = [:]
        for stream in streams
        where stream.source != nil && (stream.position.offset > 0 || stream.isLive) {
            result[Generation.stem(stream.position.path), default: []].append(stream)
        }
        return result
    }

    private func report(_ findings: Findings) {
        for skipped in findings.skipped {
            notifyOnce(
                Notice(
                    .skipped, source: sources[skipped.source].name, path: skipped.path,
                    detail: skipped.why))
        }
        for failure in findings.failures {
            notifyOnce(unreadable(failure.source, failure.path, failure.error))
        }
    }

    /// What is not there any more is no trouble any more.
    private func forgetTroubles(but findings: Findings) {
        guard !reported.isEmpty else { return }
        var there = Set((findings.files + findings.archives).map(\.path))
        there.formUnion(findings.skipped.map(\.path))
        there.formUnion(findings.failures.map(\.path))
        for stream in streams where stream.file >= 0 || stream.retryAt != nil {
            there.insert(stream.position.path)
        }
        reported = reported.filter { $0.key.kind == .polling || there.contains($0.key.path) }
    }

    private func unreadable(
        _ source: Int, _ path: [UInt8], _ error: SystemError? = nil
    ) -> Notice {
        Notice(
            .unreadable, source: sources[source].name, path: path,
            detail: error?.description ?? "")
    }
}
