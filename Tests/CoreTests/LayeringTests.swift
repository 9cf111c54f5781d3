import Foundation
import Testing

@Suite("Layering")
struct LayeringTests {
    /// What each target may import of this package; see the head of Package.swift.
    private static let allowed: [String: Set<String>] = [
        "Core": ["CHash", "CIDN"],
        "Ingest": ["Core", "CSimdjson", "CLinux", "CNettle"],
        "Store": ["Core", "CLinux"],
        "Service": ["Core", "Ingest", "Store", "CSystemd", "CLinux"],
        "leadscored": ["Core", "Service"],
        "leadscore": ["Core", "Store", "Service"],
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func sources(_ target: String) throws -> [URL] {
        let folder = root.appending(path: "Sources/\(target)")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return paths.filter { $0.hasSuffix(".swift") }.map { folder.appending(path: $0) }
    }

    private static func imports(_ file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place < 2, place + 1 < words.count
            else {
                return nil
            }
            return String(words[place + 1])
        }
    }

    @Test(arguments: allowed.keys.sorted())
    func `imports go one way`(target: String) throws {
        let libraries: Set = ["CHash", "CIDN", "CSimdjson", "CLinux", "CNettle", "CSystemd"]
        let own = libraries.union(Self.allowed.keys)
        let files = try Self.sources(target)
        #expect(!files.isEmpty)
        for file in files {
            for name in try Self.imports(file) where own.contains(name) {
                #expect(
                    Self.allowed[target]?.contains(name) == true,
                    "\(file.lastPathComponent) imports \(name); \(target) may not know it, see Package.swift"
                )
            }
        }
    }

    @Test func `Core does no input, knows no clock and no Foundation`() throws {
        for file in try Self.sources("Core") {
            let imports = try Self.imports(file)
            #expect(!imports.contains("Foundation"), "\(file.lastPathComponent)")
            let text = try String(contentsOf: file, encoding: .utf8)
            for call in ["open(", "clock_gettime", "getenv", "print("] {
                #expect(!text.contains(" \(call)"), "\(file.lastPathComponent) calls \(call)")
            }
        }
    }
}
