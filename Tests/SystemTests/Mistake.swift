import Foundation
import TestKit

/// Mistakes that are planted between the built daemon and its libraries (Tests/Mistakes/mistakes.c). The
/// daemon is the one that gets installed; nothing of this is in it.
enum Mistake: String, CaseIterable, Sendable {
    /// Offsets are committed before the counts, in a transaction of their own.
    case countsLater
    /// Counts are committed before the offsets.
    case positionsLater
    /// There is no transaction: every statement is committed for itself.
    case noTransaction
    /// Nothing can be taken back: SQLite writes without a journal.
    case noJournal
    /// Where reading had come to is not known after a restart.
    case forgetsPositions
    /// The offset is a byte short.
    case offByOne
    /// What tells duplicates is not kept.
    case forgetsKeys
    /// A file is known by its inode number alone.
    case inodeOnly
    /// A last line without a newline is taken for a line.
    case partialLines
    /// A file that was renamed is not read any further.
    case closesRenamed
    /// Rotated files are not looked for.
    case forgetsRotated
    /// Compressed files are not looked for.
    case forgetsArchives
    /// Data is said to be on the disk and is not; only a power cut shows that.
    case syncsNothing

    /// Those that a kill shows.
    static let shownByKills = allCases.filter { $0 != .syncsNothing }

    /// What plants it.
    func environment() throws -> [String: String] {
        ["LD_PRELOAD": try Self.library.get(), "MISTAKE": rawValue]
    }

    /// The compiled file, made once in a run of the tests.
    private static let library = Result<String, any Error> {
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Mistakes/mistakes.c").standardizedFileURL.path
        let path = FileManager.default.temporaryDirectory
            .appending(path: "leadscored-mistakes-\(UUID().uuidString.prefix(8)).so").path
        try Program.run("/usr/bin/gcc", ["-O1", "-shared", "-fPIC", "-o", path, source])
        return path
    }
}

/// Programs of the system that tests need.
enum Program {
    /// Runs one to its end.
    ///
    /// - Throws: `DaemonError` with what it said, unless it exits with 0.
    @discardableResult
    static func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(
            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw DaemonError(talk: "\(path) \(arguments): \(said)")
        }
        return said
    }
}
