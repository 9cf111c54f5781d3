import Foundation
import Glibc

/// The bounds of a configuration; a larger one is a mistake, not a trap.
enum ConfigurationBounds {
    /// The longest file in bytes.
    static let fileBytes = 1 << 20
    /// Files in `conf.d`.
    static let files = 1_000
    /// Entries of one list, over all files.
    static let entries = 1_000
    /// Condition sets of one list, over all files.
    static let conditionSets = 4_000
}

/// The bytes of one file.
struct ConfigurationFile {
    let number: Int
    let bytes: [UInt8]

    /// The main file and `conf.d/*.yaml` beside it, in the order of their names as bytes.
    static func all(path: String, findings: Findings) -> [ConfigurationFile] {
        var files: [ConfigurationFile] = []
        if let main = read(path, findings: findings, isMain: true) { files.append(main) }
        let directory = beside(path)
        for name in names(in: directory, findings: findings) {
            let part = read(directory + "/" + name, findings: findings, isMain: false)
            if let part { files.append(part) }
        }
        return files
    }

    private static func beside(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "conf.d" }
        return path[...slash] + "conf.d"
    }

    private static func names(in directory: String, findings: Findings) -> [String] {
        var entries: [String] = []
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
            return []
        } catch {
            let place = Place(file: findings.addFile(directory), line: 1, column: 1)
            findings.mistake(
                place, "cannot be listed", "make it a directory that the service may read")
            return []
        }
        let visible = entries.filter { !$0.hasPrefix(".") }.sorted(by: bytewise)
        for name in visible where name.hasSuffix(".yml") {
            let place = Place(file: findings.addFile("\(directory)/\(name)"), line: 1, column: 1)
            findings.warning(
                place, "is not read, because its name does not end in .yaml",
                "rename it to \(name.dropLast(4)).yaml")
        }
        let names = visible.filter { $0.hasSuffix(".yaml") }
        if names.count > ConfigurationBounds.files {
            let place = Place(file: findings.addFile(directory), line: 1, column: 1)
            findings.mistake(
                place, "holds more than \(ConfigurationBounds.files) files",
                "write fewer and longer ones")
        }
        return Array(names.prefix(ConfigurationBounds.files))
    }

    private static func bytewise(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    private static func read(
        _ path: String, findings: Findings, isMain: Bool
    ) -> ConfigurationFile? {
        let place = Place(file: findings.addFile(path), line: 1, column: 1)
        switch RawFile.read(path, limit: ConfigurationBounds.fileBytes) {
        case .success(let file):
            if file.mode & 0o022 != 0 {
                let who = file.mode & 0o002 != 0 ? "everybody" : "its group"
                findings.warning(
                    place, "can be written by \(who)", "run chmod go-w \(path)")
            }
            return ConfigurationFile(number: place.file, bytes: file.bytes)
        case .failure(let failure):
            let (what, remedy) = failure.message(path: path, isMain: isMain)
            findings.mistake(place, what, remedy)
            return nil
        }
    }
}

/// A whole file with its permissions.
struct RawFile {
    let bytes: [UInt8]
    let mode: mode_t

    enum Failure: Error {
        case system(Int32)
        case notRegular
        case tooLong

        func message(path: String, isMain: Bool) -> (what: String, remedy: String) {
            switch self {
            case .system(ENOENT) where isMain:
                return ("does not exist", "create it, or name another file with --config")
            case .system(EACCES):
                return (
                    "may not be read by this user",
                    "run chgrp leadscore \(path) && chmod 0640 \(path)"
                )
            case .system(let code):
                return (
                    "cannot be read: \(unsafe String(cString: strerror(code)))",
                    "make it a readable file"
                )
            case .notRegular:
                return (
                    "is not a regular file",
                    isMain ? "name a file with --config" : "move it out of conf.d"
                )
            case .tooLong:
                return (
                    "is longer than \(ConfigurationBounds.fileBytes) bytes",
                    "split it into files in conf.d"
                )
            }
        }
    }

    /// O_NONBLOCK, so that a pipe under this name is refused and not waited for.
    static func read(_ path: String, limit: Int) -> Result<RawFile, Failure> {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(.system(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return .failure(.system(errno)) }
        let mode = status.st_mode
        guard mode & S_IFMT == S_IFREG else { return .failure(.notRegular) }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return .failure(.system(errno)) }
            if count == 0 { return .success(RawFile(bytes: bytes, mode: mode)) }
            bytes += chunk[..<count]
        }
        return .failure(.tooLong)
    }
}
