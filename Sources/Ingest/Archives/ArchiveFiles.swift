import Glibc

/// A file system in which some of the open files are read unpacked.
final class ArchiveFiles: LogFileSystem {
    private let files: any LogFileSystem
    private let longestRead: Int
    private var unpackers: [Int32: Unpacker] = [:]

    /// - Parameter longestRead: The most bytes that are ever asked for at once.
    init(_ files: any LogFileSystem, longestRead: Int) {
        self.files = files
        self.longestRead = longestRead
    }

    var openFilesLimit: Int { files.openFilesLimit }

    /// Lets an open file be read unpacked from now on, until it is closed.
    func unpack(_ file: Int32, as compression: Compression) {
        unpackers[file] = Unpacker(
            compression, files: files, file: file, longestRead: longestRead)
    }

    /// How an open file is unpacked; nil for a plain one.
    func unpacker(of file: Int32) -> Unpacker? { unpackers[file] }

    func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]] {
        try files.names(in: directory)
    }

    func look(at path: [UInt8]) throws(SystemError) -> FileLook { try files.look(at: path) }

    func target(of path: [UInt8]) throws(SystemError) -> [UInt8]? {
        try files.target(of: path)
    }

    func open(_ path: [UInt8]) throws(SystemError) -> Int32 { try files.open(path) }

    /// Which file is open; its size is that of the content, as far as that is known.
    func identify(_ file: Int32) throws(SystemError) -> FileStatus {
        var status = try files.identify(file)
        if let unpacker = unpackers[file] { status.size = unpacker.produced }
        return status
    }

    func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        guard let unpacker = unpackers[file] else {
            return try unsafe files.read(file, into: buffer, at: offset)
        }
        return try unsafe unpacker.read(into: buffer, at: offset)
    }

    func data(in file: Int32, from offset: Int64) throws(SystemError) -> Int64? {
        unpackers[file] == nil ? try files.data(in: file, from: offset) : offset
    }

    func close(_ file: Int32) {
        unpackers[file] = nil
        files.close(file)
    }
}
