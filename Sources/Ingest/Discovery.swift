import Core
import Glibc

/// A regular file that stands under a pattern of a source.
struct FoundFile {
    /// The place of the source in the list of sources.
    var source: Int
    var path: [UInt8]
    /// Whether its name is the pattern's with a rotation suffix.
    var rotated: Bool
    var stamp: FileStamp
    /// How it is compressed; nil for a plain file.
    var compression: Compression?
}

/// What stands under the patterns at one moment.
struct Findings {
    var files: [FoundFile] = []
    /// The compressed ones.
    var archives: [FoundFile] = []
    /// What is not read: why, by path.
    var skipped: [(source: Int, path: [UInt8], why: String)] = []
    /// What could not be looked at.
    var failures: [(source: Int, path: [UInt8], error: SystemError)] = []
}

/// Finds the files of the sources: the patterns, and the names that rotation makes of them.
struct Discovery {
    private let patterns: [PathPattern]

    init(sources: [SourceDefinition]) {
        patterns = sources.enumerated().flatMap { index, source in
            source.paths.map {
                PathPattern($0, source: index, followsLinks: source.followsLinks)
            }
        }
    }

    /// Looks under all patterns. `willList` is called for a directory before its names are read, so
    /// that a watch set then misses nothing.
    func find(_ files: any LogFileSystem, willList: @escaping ([UInt8]) -> Void) -> Findings {
        var search = Search(files: files, willList: willList)
        for pattern in patterns { search.expand(pattern) }
        search.findings.files.sort { left, right in
            left.source != right.source
                ? left.source < right.source : left.path.lexicographicallyPrecedes(right.path)
        }
        return search.findings
    }
}

/// A pattern of absolute paths, by components; `*`, `?` and `[...]` do not match a `/`.
private struct PathPattern {
    let source: Int
    let followsLinks: Bool
    /// As C strings, without the empty ones.
    let components: [[UInt8]]
    let rotated: [[UInt8]]

    init(_ text: String, source: Int, followsLinks: Bool) {
        self.source = source
        self.followsLinks = followsLinks
        let parts = text.utf8.split(separator: 0x2F).map(Array.init)
        components = parts.map { $0 + [0] }
        let last = parts.last ?? []
        rotated = [".[0-9]*", "-[0-9]*"].map { last + Array($0.utf8) + [0] }
    }

    enum Match { case current, rotated, compressed }

    /// What a name in the last directory is to the pattern.
    func match(_ name: [UInt8]) -> Match? {
        for suffix in Self.compressions where name.reversed().starts(with: suffix.reversed()) {
            return matchPlain(Array(name.dropLast(suffix.count))) ?? matchPlain(name) != nil
                ? .compressed : nil
        }
        return matchPlain(name)
    }

    private func matchPlain(_ name: [UInt8]) -> Match? {
        guard let last = components.last else { return nil }
        let text = name + [0]
        if fits(last, text) { return .current }
        return rotated.contains { fits($0, text) } ? .rotated : nil
    }

    private static let compressions =
        (Compression.allCases.map(\.rawValue) + [".bz2"]).map { Array($0.utf8) }
}

/// Whether a name fits a pattern, both C strings.
private func fits(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
    unsafe pattern.withUnsafeBytes { pattern in
        unsafe name.withUnsafeBytes { name in
            // SAFETY: both end with NUL and outlive the call.
            unsafe fnmatch(
                pattern.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self),
                name.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), FNM_PERIOD)
                == 0
        }
    }
}

/// One look under all patterns. Each directory is listed once.
private struct Search {
    let files: any LogFileSystem
    let willList: ([UInt8]) -> Void
    var findings = Findings()
    private var listings: [[UInt8]: [[UInt8]]] = [:]
    private var looked: Set<[UInt8]> = []

    init(files: any LogFileSystem, willList: @escaping ([UInt8]) -> Void) {
        self.files = files
        self.willList = willList
    }

    mutating func expand(_ pattern: PathPattern) {
        looked = []
        guard !pattern.components.isEmpty else { return }
        walk(pattern, from: [], component: 0)
    }

    private mutating func walk(_ pattern: PathPattern, from directory: [UInt8], component: Int) {
        let name = pattern.components[component].dropLast()
        if component == pattern.components.count - 1 {
            finish(pattern, in: directory, literal: Self.isLiteral(name) ? Array(name) : nil)
        } else if Self.isLiteral(name) {
            walk(pattern, from: directory + [0x2F] + name, component: component + 1)
        } else {
            for entry in names(in: directory, of: pattern)
            where fits(pattern.components[component], entry + [0]) {
                walk(pattern, from: directory + [0x2F] + entry, component: component + 1)
            }
        }
    }

    private mutating func finish(
        _ pattern: PathPattern, in directory: [UInt8], literal: [UInt8]?
    ) {
        for name in names(in: directory, of: pattern) {
            guard let match = pattern.match(name) else { continue }
            let path = directory + [0x2F] + name
            let compression = match == .compressed ? Compression(ofPath: path) : nil
            if match == .compressed, compression == nil {
                findings.skipped.append((pattern.source, path, "compressed by bzip2"))
            } else {
                look(at: path, of: pattern, rotated: match != .current, compression)
            }
        }
        // A directory may let its files be opened and not be listed.
        if let literal { look(at: directory + [0x2F] + literal, of: pattern, rotated: false) }
    }

    private mutating func look(
        at path: [UInt8], of pattern: PathPattern, rotated: Bool, _ compression: Compression? = nil
    ) {
        guard looked.insert(path).inserted else { return }
        do throws(SystemError) {
            var path = path
            var look = try files.look(at: path)
            if look.kind == .link, pattern.followsLinks, let target = try? files.target(of: path) {
                path = target
                look = try files.look(at: path)
                // What comes and goes beside it is its rotation.
                willList(Array(path[..<(path.lastIndex(of: 0x2F) ?? 0)]))
            }
            if look.kind == .regular {
                let found = FoundFile(
                    source: pattern.source, path: path, rotated: rotated, stamp: look.stamp,
                    compression: compression)
                if compression == nil {
                    findings.files.append(found)
                } else {
                    findings.archives.append(found)
                }
            } else {
                findings.skipped.append((pattern.source, path, look.kind.rawValue))
            }
        } catch {
            note(error, at: path, of: pattern)
        }
    }

    private mutating func names(in directory: [UInt8], of pattern: PathPattern) -> [[UInt8]] {
        let path = directory.isEmpty ? [0x2F] : directory
        if let known = listings[path] { return known }
        willList(path)
        do throws(SystemError) {
            let names = try files.names(in: path)
            listings[path] = names
            return names
        } catch {
            note(error, at: path, of: pattern)
            return []
        }
    }

    /// What is not there is no failure; what cannot be looked at is.
    private mutating func note(_ error: SystemError, at path: [UInt8], of pattern: PathPattern) {
        guard error.code != ENOENT, error.code != ENOTDIR else { return }
        findings.failures.append((pattern.source, path, error))
    }

    private static func isLiteral(_ component: ArraySlice<UInt8>) -> Bool {
        !component.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B || $0 == 0x5C }
    }
}
