import Core
import Glibc
import Ingest

/// A disk in memory: inodes with generations, names, open files, bytes that are not synced yet, and
/// failures on demand. What others do to it may happen before any call of the follower.
final class SimulatedDisk: LogFileSystem {
    final class Node {
        let inode: UInt64
        let generation: UInt64
        var bytes: [UInt8] = []
        /// Bytes that a power cut leaves.
        var synced = 0
        var links = 1
        var changed: Int64
        /// What is still to be written of its last line, and since when.
        var rest: (bytes: [UInt8], since: Int64)?
        /// How large it was before its end was cut off: what is written below that may be taken for old.
        var cutFrom = 0
        /// What is in it, if it is compressed and complete; empty if it is compressed and not.
        var content: [UInt8]?

        init(inode: UInt64, generation: UInt64, changed: Int64) {
            self.inode = inode
            self.generation = generation
            self.changed = changed
        }
    }

    let openFilesLimit: Int
    let hasGenerations: Bool
    private(set) var names: [String: Node] = [:]
    private var open: [Int32: Node] = [:]
    private var nextFile: Int32 = 100
    private var nextInode: UInt64 = 1000
    private var nextGeneration: UInt64 = 1
    private var freeInodes: [UInt64] = []
    private var ticks: Int64 = 1
    /// Asked before each call of the follower; a number is the errno with which it fails.
    var beforeCall: (String) -> Int32? = { _ in nil }

    init(openFilesLimit: Int, hasGenerations: Bool) {
        self.openFilesLimit = openFilesLimit
        self.hasGenerations = hasGenerations
    }

    // MARK: What the world does

    private func tick() -> Int64 {
        ticks += 1
        return ticks
    }

    @discardableResult
    func create(_ path: String, _ bytes: [UInt8] = []) -> Node {
        if names[path] != nil { remove(path) }
        // Where numbers are all there is, as on tmpfs, they are not used again so soon.
        let reused = hasGenerations ? freeInodes.popLast() : nil
        if reused == nil { nextInode += 1 }
        nextGeneration += 1
        let node = Node(
            inode: reused ?? nextInode, generation: hasGenerations ? nextGeneration : 0,
            changed: tick())
        node.bytes = bytes
        names[path] = node
        return node
    }

    func append(_ bytes: some Sequence<UInt8>, to node: Node) {
        node.bytes += bytes
        node.changed = tick()
    }

    func rename(_ from: String, _ to: String) {
        guard let node = names.removeValue(forKey: from) else { return }
        if names[to] != nil { remove(to) }
        names[to] = node
        node.changed = tick()
    }

    func truncate(_ node: Node, to size: Int) {
        node.bytes.removeLast(node.bytes.count - size)
        node.synced = min(node.synced, size)
        node.changed = tick()
    }

    func remove(_ path: String) {
        guard let node = names.removeValue(forKey: path) else { return }
        node.links = 0
        release(node)
    }

    /// Every process is gone.
    func closeAll() {
        let nodes = open.sorted { $0.key < $1.key }.map(\.value)
        open = [:]
        for node in nodes { release(node) }
    }

    private func release(_ node: Node) {
        if node.links == 0, !open.values.contains(where: { $0 === node }),
            !freeInodes.contains(node.inode)
        {
            freeInodes.append(node.inode)
        }
    }

    // MARK: What the follower asks

    private func enter(_ call: String) throws(SystemError) {
        if let code = beforeCall(call) { throw SystemError(call: call, code: code) }
    }

    func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]] {
        try enter("opendir")
        let prefix = String(decoding: directory, as: UTF8.self) + "/"
        return names.keys.filter { $0.hasPrefix(prefix) }.sorted()
            .map { Array($0.dropFirst(prefix.count).utf8) }
    }

    func look(at path: [UInt8]) throws(SystemError) -> FileLook {
        try enter("lstat")
        guard let node = names[String(decoding: path, as: UTF8.self)] else {
            throw SystemError(call: "lstat", code: ENOENT)
        }
        return FileLook(
            kind: .regular,
            stamp: FileStamp(
                device: 1, inode: node.inode, size: Int64(node.bytes.count),
                modified: node.changed, changed: node.changed))
    }

    func open(_ path: [UInt8]) throws(SystemError) -> Int32 {
        try enter("open")
        guard let node = names[String(decoding: path, as: UTF8.self)] else {
            throw SystemError(call: "open", code: ENOENT)
        }
        nextFile += 1
        open[nextFile] = node
        return nextFile
    }

    func identify(_ file: Int32) throws(SystemError) -> FileStatus {
        try enter("statx")
        guard let node = open[file] else { throw SystemError(call: "statx", code: EBADF) }
        return FileStatus(
            identity: FileIdentity(
                device: 1, inode: node.inode, generation: node.generation, born: 0),
            size: Int64(node.bytes.count), isRegular: true)
    }

    func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        try enter("pread")
        guard let node = open[file] else { throw SystemError(call: "pread", code: EBADF) }
        let start = min(Int(offset), node.bytes.count)
        let count = min(buffer.count, node.bytes.count - start)
        unsafe buffer.copyBytes(from: node.bytes[start..<(start + count)])
        return count
    }

    func close(_ file: Int32) {
        // A file of a daemon that died is closed already.
        guard let node = open.removeValue(forKey: file) else { return }
        release(node)
    }
}
