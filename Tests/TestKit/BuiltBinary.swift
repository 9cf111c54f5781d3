public import Foundation

/// A program of this package as it was built beside the tests.
public struct BuiltBinary: Sendable {
    /// Where it is.
    public private(set) var url: URL

    /// The program of this name.
    public init(_ name: String) {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        url = tests.deletingLastPathComponent().appending(path: name)
    }

    /// The program of this name from the release build if there is one, which is what people run.
    public static func released(_ name: String) -> BuiltBinary {
        var binary = BuiltBinary(name)
        let release = binary.url.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "release/\(name)")
        if FileManager.default.isExecutableFile(atPath: release.path) { binary.url = release }
        return binary
    }

    /// What a run came to.
    public struct Outcome: Sendable, Equatable {
        /// The exit code; for a process that a signal ended, 128 and the signal.
        public var code: Int32
        /// What it wrote to stdout.
        public var output: String
        /// What it wrote to stderr.
        public var talk: String
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - arguments: After the program's name.
    ///   - directory: In which it runs; nil for that of the tests.
    ///   - wrapper: A program with arguments that starts it, as `setpriv` with another user.
    public func run(
        _ arguments: [String], in directory: URL? = nil, wrapper: [String] = []
    ) throws -> Outcome {
        let process = Process()
        if let directory { process.currentDirectoryURL = directory }
        let command = wrapper + [url.path] + arguments
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["COLUMNS": "80", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        // A file takes any amount, so that only one pipe has to be emptied.
        let talk = FileManager.default.temporaryDirectory
            .appending(path: "leadscore-\(UUID().uuidString).err")
        try Data().write(to: talk)
        defer { try? FileManager.default.removeItem(at: talk) }
        process.standardError = try FileHandle(forWritingTo: talk)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationReason == .exit
                ? process.terminationStatus : 128 + process.terminationStatus,
            output: String(decoding: data, as: UTF8.self),
            talk: String(decoding: try Data(contentsOf: talk), as: UTF8.self))
    }
}
