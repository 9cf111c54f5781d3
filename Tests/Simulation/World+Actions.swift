import TestKit

/// What is tried.
package enum Subject: Sendable {
    /// The reading side with a ledger in memory, and a mistake that is planted around it.
    case daemon(PlantedBug?)
    /// The reading side with the real store.
    case stored(PlantedBug?)
    /// `tail -F FILE... | count`.
    case tail
}

extension World {
    /// Runs a whole life.
    ///
    /// - Returns: what was lost, doubled or against the laws.
    package static func run(
        seed: UInt64, _ subject: Subject = .daemon(nil), actions: Int = 150,
        trace: ((String) -> Void)? = nil
    ) -> [String] {
        let world = World(seed: seed, subject: subject)
        world.trace = trace
        (world.counter as? SimulatedDaemon)?.trace = trace
        (world.counter as? StoredDaemon)?.trace = trace
        for _ in 0..<actions { world.act() }
        world.settle()
        let difference = world.difference()
        for cookie in difference.prefix(5).compactMap({ $0.split(separator: " ").first }) {
            for (path, node) in world.disk.names.sorted(by: { $0.key < $1.key }) {
                let bytes = (node.content ?? node.bytes)[...]
                guard Self.cookies(in: bytes).contains(String(cookie)) else { continue }
                world.say("\(cookie) stands in \(path), \(node.inode)")
            }
        }
        return difference
    }

    /// One thing that happens, to the files or in the daemon.
    private func act() {
        switch below(40) {
        case 0...11: rotateOrWrite()
        case 12...15:
            say("look")
            counter.discover()
        case 16...29:
            say("turns")
            for _ in 0..<below(6) { _ = counter.turn() }
        case 30...33:
            let (hasSpace, dies) = (!chance(8), chance(12))
            say("commit" + (hasSpace ? "" : ", no space") + (dies ? ", dies" : ""))
            counter.commit(hasSpace: hasSpace, dies: dies)
        case 34:
            say("crash")
            counter.crash()
        case 35: chance(3) ? powerCut() : sync()
        case 36: if job == nil { chance(2) ? removeOldest() : settle() }
        default: pass(job == nil ? Int64(below(chance(4) ? 90_000 : 3000)) : 300)
        }
    }

    /// What writers and rotation do; nothing here knows of the daemon.
    func rotateOrWrite() {
        let path = "/log/\(random.pick(["a", "b"])).log"
        if job != nil, chance(2) { return step() }
        switch below(24) {
        case 0...10: write(1 + below(6), to: disk.names[path] ?? create(path))
        case 11: if let node = disk.names[path] { begin(node) }
        case 12...14: if let node = writers.last { write(1, to: node) }
        case 15, 16: if job == nil { rotate(path) }
        case 17: if job == nil { copyTruncate(path) }
        case 18, 19: if job == nil { compress(path) }
        case 20: if job == nil { unpack(path) }
        case 21: if chance(4), job == nil, let node = disk.names[path] { empty(node) }
        case 22:
            if chance(4), job == nil, let node = disk.names[path], !node.bytes.isEmpty {
                shorten(node)
            }
        default: if chance(4) { writers = [] }
        }
    }

    private func sync() { for node in disk.names.values { node.synced = node.bytes.count } }

    private func empty(_ node: SimulatedDisk.Node) {
        say("empty \(node.inode)")
        disk.truncate(node, to: 0)
        node.rest = nil
        if chance(2) { write(1 + below(20), to: node) }
    }

    private func shorten(_ node: SimulatedDisk.Node) {
        cut(node, to: node.bytes.count - below(min(node.bytes.count, 300)))
        if chance(2) { write(1 + below(8), to: node) }
    }

    // MARK: Rotation

    private static let suffixes = ["", ".gz", ".xz", ".zst"]

    /// Makes room for the next rotated name.
    private func shift(_ path: String) {
        for place in (1...60).reversed() {
            for suffix in Self.suffixes where disk.names["\(path).\(place)\(suffix)"] != nil {
                disk.rename("\(path).\(place)\(suffix)", "\(path).\(place + 1)\(suffix)")
            }
        }
    }

    private func rotate(_ path: String) {
        guard let node = disk.names[path] else { return }
        say("rotate \(path), \(node.inode)")
        shift(path)
        disk.rename(path, "\(path).1")
        if let rest = node.rest { node.rest = (rest.bytes, now) }
        if chance(2) { writers.append(node) }
        if chance(2) { _ = create(path) }
    }

    /// logrotate's copytruncate: what is written between copy and truncation is gone, except for who
    /// was faster.
    private func copyTruncate(_ path: String) {
        guard let node = disk.names[path], node.bytes.count > 0 else { return }
        shift(path)
        say("copytruncate \(path), \(node.inode), \(node.bytes.count)")
        let copy = disk.create("\(path).1", Array(node.bytes.prefix(node.bytes.count / 2)))
        var steps = 0
        isCopying = true
        job = { [unowned self] in
            steps += 1
            if steps == 1 {
                disk.append(node.bytes.dropFirst(copy.bytes.count), to: copy)
                return true
            }
            say("truncate \(node.inode), copied \(copy.bytes.count) of \(node.bytes.count)")
            disk.truncate(node, to: 0)
            node.rest = nil
            return false
        }
    }

    /// gzip and its like: the archive grows beside the file, which then goes.
    private func compress(_ path: String) {
        let plain = (1...60).map { "\(path).\($0)" }.filter { name in
            disk.names[name] != nil
                && !Self.suffixes.dropFirst().contains {
                    disk.names[name + $0] != nil
                }
        }
        guard !plain.isEmpty else { return }
        let name = random.pick(plain)
        guard let node = disk.names[name] else { return }
        let format = chance(3) ? random.pick(PackedFormat.allCases) : .gzip
        let content = node.bytes
        let packed = format.pack(content)
        say("compress \(name), \(node.inode), \(content.count)")
        let archive = disk.create(name + format.suffix, Array(packed.prefix(packed.count / 2)))
        archive.content = []
        var steps = 0
        job = { [unowned self] in
            steps += 1
            if steps == 1 {
                disk.append(packed.dropFirst(packed.count / 2), to: archive)
                archive.content = content
                say("compressed to \(archive.inode)")
                return true
            }
            say("remove \(name)")
            disk.remove(name)
            return false
        }
    }

    /// gunzip: somebody wants to look into it.
    private func unpack(_ path: String) {
        let archives = disk.names.filter {
            $0.key.hasPrefix(path) && $0.value.content?.isEmpty == false
        }
        guard !archives.isEmpty else { return }
        let name = random.pick(archives.keys.sorted())
        guard let content = archives[name]?.content else { return }
        let plain = String(name.prefix { _ in true }.dropLast(name.hasSuffix(".zst") ? 4 : 3))
        guard disk.names[plain] == nil else { return }
        say("unpack \(name)")
        disk.create(plain, content)
        disk.remove(name)
    }

    /// Deletes the oldest file of a log, after all was read.
    private func removeOldest() {
        settle()
        let oldest = disk.names.keys.filter { !$0.hasSuffix(".log") }.max { left, right in
            (left.count, left) < (right.count, right)
        }
        guard let oldest, let node = disk.names[oldest] else { return }
        say("delete \(oldest)")
        remember(node)
        disk.remove(oldest)
        pass(12_000)
        counter.discover()
    }
}

extension World {
    /// Prints the shortest beginning of a failing life.
    package static func tell(_ seed: UInt64, _ subject: Subject) {
        let actions = (1...150).first { !run(seed: seed, subject, actions: $0).isEmpty }
        _ = run(seed: seed, subject, actions: actions ?? 150, trace: { print($0) })
        print("after \(actions ?? 150) actions")
    }
}
