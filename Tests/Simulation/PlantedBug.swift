import Core
import Ingest

/// Mistakes that a follower or a store could make. Each is planted around the real code, not in it,
/// and has to be caught by the check that the real code passes.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// Positions are committed before the facts, in a transaction of their own.
    case positionsFirst
    /// Facts are committed before the positions, in a transaction of their own.
    case factsFirst
    /// Positions are taken later than the facts of the same checkpoint.
    case positionsLate
    /// A commit that failed for want of space is not tried again.
    case dropsWhatFailed
    /// A commit that failed had done half of its work.
    case failsHalfway
    /// A file is known by its inode number alone.
    case inodeOnly
    /// What stands before the offset is not compared, only the beginning.
    case noAnchor
    /// A file that became shorter is taken for a new one.
    case readsAgainOnShrink
    /// A last line without a newline is taken for a line.
    case countsPartialLines
    /// A file that was renamed is closed at once.
    case closesRenamed
    /// Rotated files are not looked for.
    case forgetsRotated
    /// Finished generations are forgotten at a restart.
    case forgetsRetired
    /// Every compressed file is taken for one that was never seen.
    case forgetsArchives
    /// A read that fails is taken for the end of the file.
    case failureIsEnd
    /// The offset is kept one byte short.
    case offByOne
    /// Older anchors are not kept.
    case noOlderAnchors
    /// What tells duplicates is not committed with the facts.
    case forgetsKeys

    /// Those that show with a ledger in memory.
    package static let inLedger = allCases.filter { $0 != .forgetsKeys }
    /// Those of storing, which the real store has to be seen with.
    package static let inStore: [PlantedBug] = [
        .positionsFirst, .factsFirst, .dropsWhatFailed, .forgetsKeys, .offByOne,
    ]

    /// What a restart gets of a committed position.
    func restored(_ position: StreamPosition) -> StreamPosition? {
        var position = position
        switch self {
        case .inodeOnly:
            position.head = []
            position.anchorLength = 0
            position.anchors = []
        case .noAnchor:
            position.anchorLength = 0
            position.anchors = []
        case .noOlderAnchors: position.anchors = []
        case .offByOne:
            position.offset -= position.offset > 0 ? 1 : 0
            position.anchorLength = 0
        case .forgetsRetired where position.retired: return nil
        case .forgetsArchives where position.packed != nil || position.retired: return nil
        default: break
        }
        return position
    }
}

/// A file system as one of the mistakes sees it.
final class MistakenFiles: LogFileSystem {
    private let disk: SimulatedDisk
    private let bug: PlantedBug
    private var paths: [Int32: String] = [:]
    private var largest: [UInt64: (size: Int64, life: UInt64)] = [:]

    init(_ disk: SimulatedDisk, _ bug: PlantedBug) {
        self.disk = disk
        self.bug = bug
    }

    var openFilesLimit: Int { disk.openFilesLimit }

    func names(in directory: [UInt8]) throws(SystemError) -> [[UInt8]] {
        let names = try disk.names(in: directory)
        guard bug == .forgetsRotated else { return names }
        return names.filter { $0.suffix(4).elementsEqual(".log".utf8) }
    }

    func look(at path: [UInt8]) throws(SystemError) -> FileLook { try disk.look(at: path) }

    func open(_ path: [UInt8]) throws(SystemError) -> Int32 {
        let file = try disk.open(path)
        paths[file] = String(decoding: path, as: UTF8.self)
        return file
    }

    func identify(_ file: Int32) throws(SystemError) -> FileStatus {
        var status = try disk.identify(file)
        switch bug {
        case .inodeOnly: status.identity.generation = 0
        case .readsAgainOnShrink:
            let known = largest[status.identity.inode] ?? (0, 0)
            let life = status.size < known.size ? known.life + 1 : known.life
            largest[status.identity.inode] = (status.size, life)
            status.identity.generation += life << 32
        default: break
        }
        return status
    }

    func read(
        _ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        if bug == .closesRenamed, let path = paths[file], disk.names[path] == nil { return 0 }
        do throws(SystemError) {
            let count = try unsafe disk.read(file, into: buffer, at: offset)
            guard bug == .countsPartialLines, count > 0, count < buffer.count,
                unsafe buffer[count - 1] != 0x0A, paths[file]?.hasSuffix(".log") == true
            else { return count }
            unsafe buffer[count] = 0x0A
            return count + 1
        } catch {
            if bug == .failureIsEnd { return 0 }
            throw error
        }
    }

    func close(_ file: Int32) {
        paths[file] = nil
        disk.close(file)
    }
}
