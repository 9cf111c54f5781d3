internal import ArgumentParser
internal import Glibc

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Makes a copy of the state.",
        discussion: """
            The copy is of one instant and complete, and may be taken while the daemon works. It is made in \
            the state directory, which needs room for it, and then put under its name, readable for its \
            owner only. A file that is there already is not replaced. With the daemon stopped, and the \
            files state.db and state.db-wal moved away, it can take the place of state.db. leads.db is \
            made anew from it. Takes root or the user of the service.

            Examples:
              leadscore backup /srv/backup/leadscored-2026-09-14.db
            """)

    @Argument(help: ArgumentHelp("The file to make.", valueName: "file"))
    var file: String

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let target = try NewFile(file)
        do {
            let answer = try state.ask("backup", [:])
            let made = answer["path"].text ?? ""
            try target.take(contentsOf: made)
            if format.json {
                let value: JSONValue = .object([
                    "file": .string(file), "bytes": answer["bytes"], "seq": answer["seq"],
                ])
                return try Output.write(value.document)
            }
            let bytes = Numbers.bytes(answer["bytes"].int ?? 0)
            let seq = Numbers.count(answer["seq"].int ?? 0)
            try Output.write("\(file.harmless): \(bytes), checkpoint \(seq)\n")
        } catch {
            target.remove()
            throw error
        }
    }
}

/// A file that did not exist, for its owner only.
private struct NewFile {
    private let path: String
    private let descriptor: Int32

    /// Makes it.
    ///
    /// - Throws: a `Failure` if it exists, or cannot be made.
    init(_ path: String) throws {
        self.path = path
        // SAFETY: open reads the path and keeps nothing.
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw Failure(.inputOutput, "\(path) exists", "name a file that does not")
            }
            throw Self.failure(path, "made")
        }
        fchmod(descriptor, 0o600)
    }

    /// Fills it with what another file holds, which is removed, and waits until it is on the disk.
    func take(contentsOf source: String) throws {
        let from = unsafe open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard from >= 0 else { throw Self.failure(source, "read") }
        defer { close(from) }
        try copy(from)
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let name = path.contains("/") ? parent.joined(separator: "/") + "/" : "."
        let directory = unsafe open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard fsync(descriptor) == 0, directory >= 0, fsync(directory) == 0 else {
            throw Self.failure(path, "written")
        }
        unsafe unlink(source)
    }

    /// Takes it away again.
    func remove() {
        close(descriptor)
        unsafe unlink(path)
    }

    private func copy(_ from: Int32) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(from, $0.baseAddress, $0.count)
            }
            if count == 0 { return }
            if count < 0 { throw Self.failure(path, "written") }
            var written = 0
            while written < count {
                // SAFETY: within the buffer, of which `written` bytes are written already.
                let more = unsafe buffer.withUnsafeBytes {
                    unsafe write(
                        descriptor, $0.baseAddress.unsafelyUnwrapped + written, count - written)
                }
                guard more > 0 else { throw Self.failure(path, "written") }
                written += more
            }
        }
    }

    private static func failure(_ path: String, _ what: String) -> Failure {
        let code: Failure.Code = errno == EACCES || errno == EPERM ? .permission : .inputOutput
        return Failure(
            code, "\(path) cannot be \(what): \(Output.describe(errno))",
            "name a file in a directory that you can write to, with room for it")
    }
}
