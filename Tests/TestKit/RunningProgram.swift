public import Foundation
internal import Glibc
internal import Synchronization

/// A program of this package while it runs. What it writes to stderr is kept in a file.
///
/// Killed with the value that stands for it, so that no test leaves one behind.
public final class RunningProgram: Sendable {
    /// The process.
    public let pid: Int32
    private let process: Mutex<Process>
    private let talkFile: URL

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: In addition to a minimal one.
    ///   - wrapper: A program with arguments that becomes this one by `exec`.
    ///   - talkFile: What stderr is appended to.
    ///   - pipe: What stderr is instead.
    public init(
        _ binary: BuiltBinary, _ arguments: [String], talkFile: URL,
        environment: [String: String] = [:], wrapper: [String] = [], pipe: Pipe? = nil
    ) throws {
        let process = Process()
        let command = wrapper + [binary.url.path] + arguments
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = [
            "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin",
            // How full the disk is is no matter of these tests.
            "LEADSCORED_MIN_FREE": "0",
        ]
        .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        if !FileManager.default.fileExists(atPath: talkFile.path) {
            try Data().write(to: talkFile)
        }
        let talk = try FileHandle(forWritingTo: talkFile)
        try talk.seekToEnd()
        if let pipe { process.standardError = pipe } else { process.standardError = talk }
        try process.run()
        try talk.close()
        self.talkFile = talkFile
        pid = process.processIdentifier
        self.process = Mutex(process)
    }

    deinit { if isRunning { kill(pid, SIGKILL) } }

    /// Whether it has not ended.
    public var isRunning: Bool { process.withLock { $0.isRunning } }

    /// Everything that was written to stderr, by this and earlier programs with the same file.
    public var talk: String {
        String(decoding: (try? Data(contentsOf: talkFile)) ?? Data(), as: UTF8.self)
    }

    /// Sends a signal.
    public func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for its end.
    ///
    /// - Returns: its exit code, 128 and the number for a signal; nil if it still runs.
    public func code(within seconds: Double) -> Int32? {
        guard holds(within: seconds, { !isRunning }) else { return nil }
        return process.withLock { process in
            process.terminationReason == .exit
                ? process.terminationStatus : 128 + process.terminationStatus
        }
    }

    /// SIGKILL, and waits until it is gone.
    public func killNow() {
        signal(SIGKILL)
        _ = code(within: 10)
    }
}
