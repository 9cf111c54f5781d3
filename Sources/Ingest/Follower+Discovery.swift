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

    /// Looks at everything under the patterns, adopts what is new, and closes what is done with. To
    /// be called at the start, when `needsDiscovery`, and at least every 5 seconds.
    public func discover() {
        let first = lastLook == nil
        lastLook = clock()
        lookWanted = false
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
        others.sort { left, right in
            left.stamp.modified != right.stamp.modified
                ? left.stamp.modified < right.stamp.modified
                : left.path.lexicographicallyPrecedes(right.path)
        }
        let copied = streamsByStem(unless: others.isEmpty)
        for found in others { takeIn(found, copied) }
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
        let known = plainStreams(of: found)
        // As long as a file is open, no other can have its inode.
        for stream in known where stream.isLive && !stream.orphaned {
            let isOpen =
                stream.file >= 0 && stream.position.identity.device == found.stamp.device
            if isOpen, stream.stamp != found.stamp, !isIntact(stream) {
                beginAgain(stream, as: found)
                return true
            }
            if isOpen || stream.stamp == found.stamp {
                sight(stream, found)
                return true
            }
        }
        if known.isEmpty { return false }
        guard let sighting = look(into: found) else { return true }
        if adopt(sighting, among: known) { return true }
        files.close(sighting.file)
        return false
    }

    /// The streams of a file's inode number, without those that were read from an archive.
    private func plainStreams(of found: FoundFile) -> [LogStream] {
        (byInode[found.stamp.inode] ?? []).filter {
            $0.source == found.source && $0.position.packed == nil
        }
    }

    /// Whether what was read of an open file still stands there; a failure is left for the turn.
    private func isIntact(_ stream: LogStream) -> Bool {
        (try? reader.anchorMatches(stream.position, in: stream.file)) ?? true
    }

    /// Finds out what a file is that no stream seems to know: a copy, or a new one.
    private func takeIn(_ found: FoundFile, _ copied: [[UInt8]: [LogStream]]) {
        guard let sighting = look(into: found) else { return }
        let known = plainStreams(of: sighting.found)
        if adopt(sighting, among: known) { return }
        if adoptCopy(sighting, copied) { return }
        let old = known.last {
            Generation.isSameFile($0.position.identity, sighting.status.identity)
        }
        begin(sighting, at: old.map { provenEnd(of: $0, in: sighting) } ?? 0)
        notify(Notice(.new, source: sources[found.source].name, path: found.path))
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
        for stream in byInode[found.stamp.inode] ?? [] where stream.source == found.source {
            stream.sighted = true
        }
        return nil
    }

    /// Lets the stream that a file belongs to go on with it.
    private func adopt(_ sighting: Sighting, among known: [LogStream]) -> Bool {
        var shrunk: LogStream?
        var rewritten: [LogStream] = []
        for stream in known.reversed() {
            switch judge(stream, sighting) {
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
        cut(shrunk, sighting)
        return true
    }

    private func judge(_ stream: LogStream, _ sighting: Sighting) -> Generation.Judgement {
        Generation.judge(stream.position, sighting.candidate) {
            (try? reader.anchorMatches(stream.position, in: sighting.file)) ?? false
        }
    }

    /// What a file that seems to be new is to a stream whose name it has or had.
    private enum Resemblance { case none, copy, growing }

    /// Lets a stream that lost its file go on in a copy of it: what `copytruncate` and editors make.
    private func adoptCopy(_ sighting: Sighting, _ copied: [[UInt8]: [LogStream]]) -> Bool {
        let path = sighting.found.path
        let stem = Generation.stem(path)
        for stream in (copied[stem] ?? []).reversed()
        where stream.source == sighting.found.source && (stem != path || isNamed(stream, path)) {
            switch resemblance(of: sighting, to: stream) {
            case .none: continue
            case .growing: files.close(sighting.file)
            case .copy: goOn(stream, in: sighting)
            }
            return true
        }
        return false
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
        if isNamed(stream, path) {
            guard !stream.sighted, muchAlike else { return .none }
        } else {
            let isOriginal = Generation.namesBefore(path).contains(stream.position.path)
            let mayBe = isOriginal && (stream.keepsPath || muchAlike)
            guard mayBe || !stream.sighted else { return .none }
            if sighting.candidate.size < stream.position.offset {
                return shortResemblance(of: sighting, to: stream)
            }
        }
        let isCopy = Generation.isCopy(of: stream.position, sighting.candidate) {
            (try? reader.anchorMatches(stream.position, in: sighting.file)) ?? false
        }
        return isCopy ? .copy : .none
    }

    /// A file with less in it than was read of a stream: a copy that is not complete yet, or was made
    /// while the original was still written to and read.
    private func shortResemblance(of sighting: Sighting, to stream: LogStream) -> Resemblance {
        let candidate = sighting.candidate
        guard Generation.isBeginning(candidate, of: stream.position),
            let proof = try? reader.proof(
                of: stream.position, in: sighting.file, size: candidate.size),
            proof.isWhole
        else { return .none }
        if isGrowing(sighting) { return .growing }
        let isProven =
            proof.offset > 0 || candidate.head.count == candidate.size
            || stream.position.head.count == Generation.headBytes
        return isProven ? .copy : .none
    }

    private func goOn(_ stream: LogStream, in sighting: Sighting) {
        if !stream.hasFile {
            stream.orphaned = false
            resume(stream, sighting)
        } else if !stream.sighted, stream.isCaughtUp {
            // Somebody may still write to the nameless original: it stays, and the copy is a
            // generation of its own from here on.
            begin(sighting, at: stream.position.offset)
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

    private func streamsByStem(unless nothing: Bool) -> [[UInt8]: [LogStream]] {
        guard !nothing else { return [:] }
        var result: [[UInt8]: [LogStream]] = [:]
        for stream in streams where stream.source != nil && stream.position.offset > 0 {
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
