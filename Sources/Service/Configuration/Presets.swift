import Foundation

/// Where presets are: files `NAME.yaml` in the language of a source, without a name and paths.
struct Presets {
    /// Searched in this order.
    let folders: [String]

    /// `presets` beside the configuration, then where the package puts them, then those of the source
    /// tree that the running program was built in.
    static func beside(_ configuration: String) -> Presets {
        let folder = configuration.lastIndex(of: "/").map { String(configuration[...$0]) } ?? ""
        return Presets(
            folders: [folder + "presets", "/etc/leadscored/presets"] + ofSourceTree.folders)
    }

    /// Those of the source tree around the running program, if it is in one.
    static var ofSourceTree: Presets {
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let presets = folder.appending(path: "etc/presets").path
            let manifest = folder.appending(path: "Package.swift").path
            if FileManager.default.fileExists(atPath: manifest),
                FileManager.default.fileExists(atPath: presets)
            {
                return Presets(folders: [presets])
            }
        }
        return Presets(folders: [])
    }

    /// The preset that a value names; nil with a mistake if there is none.
    func read(_ value: Value) -> Section? {
        guard let name = value.name() else { return nil }
        let findings = value.document.findings
        for folder in folders {
            let path = "\(folder)/\(name).yaml"
            let file = RawFile.read(path, limit: ConfigurationBounds.fileBytes)
            guard case .success(let content) = file else { continue }
            let number = findings.addFile(path)
            let text = ConfigurationFile(number: number, bytes: content.bytes)
            guard case .document(let document) = Document.compose(text, findings: findings) else {
                return nil
            }
            return Section(
                document.root, in: document, kind: .preset, title: "preset '\(name)'")
        }
        let names = self.names
        let near = nearest(to: name, in: names).map { "did you mean '\($0)'?" }
        value.mistake(
            "there is no preset '\(name)' in \(enumerated(folders))",
            near
                ?? (names.isEmpty
                    ? "install them from etc/presets" : "write \(enumerated(names, "or"))"))
        return nil
    }

    /// The names of all presets, in order.
    var names: [String] {
        let files = folders.flatMap {
            (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? []
        }
        return Set(files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
    }
}
