import Core
import Glibc
import Ingest

/// A file system in memory with inodes, names and open files, and no clock but a counter.
final class MemoryFileSystem: LogFileSystem {
    final class Node {
        let inode: UInt64
        let generation: UInt64
        var bytes: [UInt8] = []
        var kind = FileKind.regular
        var links = 0
        var touched: Int64

        init(inode: UInt64, generation: UInt64, touched: Int64) {
            self.inode = inode
            self.generation = generation
            self.touched = touched
        }
    }

    var openFilesLimit = 64
    private(set) var nodes: [String: Node] = [:]
    private var open: [Int32: Node] = [:]
    private var nextFile: Int32 = 100
    private var nextInode: UInt64 = 1000
    private var nextGeneration: UInt64 = 1
    private var freeInodes: [UInt64] = []
    private var time: Int64 = 1
    /// Paths that cannot be opened or listed, with the errno.
    var failures: [String: Int32] = [:]
    /// Errno of every read of the file at a path.
    var readFailures: [String: Int32] = [:]
    /// One read fails, after so many that do not.
    var readsUntilFailure: Int?
    /// Whether a deleted file's inode number is given to the next new one.
    var reusesInodes = true
    /// Whether files have generation numbers, as on ext4.
    var hasGenerations = true
    private(set) var openFilesPeak = 0
    var openFilesNow: Int { open.count }

    // What a writer and a rotation do.

    private func tick() -> Int64 {
        time += 1
        return time
    }

    @discardableResult
    func create(_ path: String, _ text: String = "", kind: FileKind = .regular) -> Node {
        precondition(nodes[path] == nil)
        let inode = reusesInodes ? freeInodes.popLast() : nil
        nextInode += inode == nil ? 1 : 0
        nextGeneration += 1
        let node = Node(
            inode: inode ?? nextInode, generation: hasGenerations ? nextGeneration : 0,
            touched: tick())
        node.kind = kind
        node.links = 1
        node.bytes = Array(text.utf8)
        nodes[path] = node
        return node
    }

    @discardableResult
    func create(_ path: String, bytes: some Sequence<UInt8>) -> Node {
        let node = create(path)
        node.bytes = Array(bytes)
        return node
    }

    func append(_ path: String, _ text: String) { append(path, Array(text.utf8)) }

    func append(_ path: String, _ bytes: [UInt8]) {
        (nodes[path] ?? create(path)).bytes += bytes
        nodes[path]?.touched = tick()
    }

    func append(to node: Node, _ text: String) {
        node.bytes += Array(text.utf8)
        node.touched = tick()
    }

    func rename(_ from: String, _ to: String) {
        if nodes[to] != nil { remove(to) }
        nodes[to] = nodes.removeValue(forKey: from)
        nodes[to]?.touched = tick()
    }

    func link(_ from: String, _ to: String) {
        nodes[to] = nodes[from]
        nodes[from]?.links += 1
    }

    func copy(_ from: String, _ to: String) {
        if nodes[to] != nil { remove(to) }
        create(to).bytes = nodes[from]?.bytes ?? []
    }

    func truncate(_ path: String, to size: Int = 0) {
        guard let node = nodes[path] else { return }
        node.bytes.removeLast(node.bytes.count - size)
        node.touched = tick()
    }

    func remove(_ path: String) {
        guard let node = nodes.removeValue(forKey: path) else { return }
        node.links -= 1
        release(node)
    }

    private func release(_ node: Node) {
        if node.links == 0, !open.values.contains(where: { $0 === node }) {
            freeInodes.append(node.inode)
        }
    }

    // What the follower asks.

    func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]] {
        let path = String(decoding: directory, as: UTF8.self)
        if let code = failures[path] { throw SystemError(call: "opendir", code: code) }
        let prefix = path == "/" ? path : path + "/"
        var names: Set<String> = []
        for known in nodes.keys where known.hasPrefix(prefix) {
            names.insert(String(known.dropFirst(prefix.count).prefix { $0 != "/" }))
        }
        return names.map { Array($0.utf8) }
    }

    func look(at path: [UInt8]) throws(SystemError) -> FileLook {
        let text = String(decoding: path, as: UTF8.self)
        guard let node = nodes[text] else {
            let isDirectory = nodes.keys.contains { $0.hasPrefix(text + "/") }
            guard isDirectory else { throw SystemError(call: "lstat", code: ENOENT) }
            return FileLook(
                kind: .directory,
                stamp: FileStamp(device: 1, inode: 1, size: 0, modified: 0, changed: 0))
        }
        return FileLook(
            kind: node.kind,
            stamp: FileStamp(
                device: 1, inode: node.inode, size: Int64(node.bytes.count), modified: node.touched,
                changed: node.touched))
    }

    func open(_ path: [UInt8]) throws(SystemError) -> Int32 {
        let text = String(decoding: path, as: UTF8.self)
        if let code = failures[text] { throw SystemError(call: "open", code: code) }
        guard let node = nodes[text] else { throw SystemError(call: "open", code: ENOENT) }
        nextFile += 1
        open[nextFile] = node
        openFilesPeak = max(openFilesPeak, open.count)
        return nextFile
    }

    func identify(_ file: Int32) throws(SystemError) -> FileStatus {
        guard let node = open[file] else { throw SystemError(call: "statx", code: EBADF) }
        return FileStatus(
            identity: FileIdentity(
                device: 1, inode: node.inode, generation: node.generation, born: 0),
            size: Int64(node.bytes.count), isRegular: node.kind == .regular)
    }

    func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        guard let node = open[file] else { throw SystemError(call: "pread", code: EBADF) }
        for (path, code) in readFailures where nodes[path] === node {
            throw SystemError(call: "pread", code: code)
        }
        if let left = readsUntilFailure {
            readsUntilFailure = left > 0 ? left - 1 : nil
            if left == 0 { throw SystemError(call: "pread", code: EIO) }
        }
        let start = min(Int(offset), node.bytes.count)
        let count = min(buffer.count, node.bytes.count - start)
        unsafe buffer.copyBytes(from: node.bytes[start..<(start + count)])
        return count
    }

    func close(_ file: Int32) {
        guard let node = open.removeValue(forKey: file) else { preconditionFailure("not open") }
        release(node)
    }
}
