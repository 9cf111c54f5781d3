import Core
import Foundation
import Testing

@testable import Service

/// A directory of configuration files that goes with its owner.
private final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "leadscored-configuration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path + "/conf.d", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, mode: Int = 0o640) throws {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    func load(_ name: String = "main.yaml") throws -> Configuration {
        try Configuration.load(path: "\(path)/\(name)")
    }

    /// What is told about the files, the directory left out.
    func told(_ name: String = "main.yaml") -> [String] {
        do {
            return try load(name).warnings.map { $0.description.replacing(path + "/", with: "") }
        } catch let error as ConfigurationError {
            return error.mistakes.map { $0.description.replacing(path + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }
}

@Suite struct ConfigurationFilesTests {
    @Test func `lists go on in the order of the names in conf.d`() throws {
        let folder = try Folder()
        try folder.write("main.yaml", "audiences: [{name: a, where: \"1\"}]\nmql: 50\n")
        try folder.write("conf.d/10-z.yaml", "audiences: [{name: b, where: \"1\"}]\n")
        try folder.write("conf.d/2.yaml", "audiences: [{name: c, where: \"1\"}]\n")
        try folder.write("conf.d/Z.yaml", "sources: [{name: e, paths: /e}]\n")
        try folder.write("conf.d/empty.yaml", "# nothing yet\n")
        try folder.write("conf.d/.hidden.yaml", "nonsense")
        try folder.write("conf.d/old.yaml~", "nonsense")
        let configuration = try folder.load()
        #expect(configuration.model.audiences.map(\.name) == ["a", "b", "c"])
        #expect(configuration.model.mql == 50)
        #expect(configuration.warnings.isEmpty)
        #expect(
            configuration.model.audiences[1].condition.place
                == "\(folder.path)/conf.d/10-z.yaml:1:30")
    }

    @Test func `what stands in two files is told with both places`() throws {
        let folder = try Folder()
        try folder.write("main.yaml", "sources: [{name: e, paths: /e}]\nmql: 50\n")
        try folder.write("conf.d/1.yaml", "\nmql: 60\nsources: [{name: e, paths: /f}]\n")
        try folder.write("conf.d/2.yaml", "rfm: {purchase: purchase}\nmql: 50\n")
        let first = "\(folder.path)/main.yaml".replacing(folder.path + "/", with: "")
        #expect(
            folder.told() == [
                "conf.d/1.yaml:2:1: 'mql' is already set at \(first):2:1; keep one of them",
                "conf.d/1.yaml:3:18: source 'e' is already defined at \(first):1:18; "
                    + "rename one of them",
                "conf.d/2.yaml:2:1: 'mql' is already set at \(first):2:1; keep one of them",
            ])
    }

    @Test func `a file that is no YAML does not hide the mistakes of the others`() throws {
        let folder = try Folder()
        try folder.write("main.yaml", "mql: x\nsources: [\n")
        try folder.write("conf.d/1.yaml", "half_life: y\n")
        #expect(
            folder.told() == [
                "main.yaml:3:1: a value is expected here; close the brackets before it, "
                    + "and remove a ',' or ':' too many",
                "conf.d/1.yaml:1:12: 'half_life' is 'y', not a duration; write a number with h, "
                    + "d or w, such as half_life: 14d, or none for what never fades",
            ])
    }

    @Test func `files that cannot be read are told`() throws {
        let folder = try Folder()
        #expect(
            folder.told() == [
                "main.yaml:1:1: does not exist; create it, or name another file with --config"
            ])
        #expect(
            folder.told("conf.d") == [
                "conf.d:1:1: is not a regular file; name a file with --config"
            ])
        try folder.write("main.yaml", "sources: [{name: e, paths: /e}]\n")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/conf.d/dir.yaml", withIntermediateDirectories: false)
        #expect(
            folder.told() == ["conf.d/dir.yaml:1:1: is not a regular file; move it out of conf.d"])
    }

    @Test func `conf_d may be missing, but must be a directory`() throws {
        let folder = try Folder()
        try folder.write("main.yaml", "sources: [{name: e, paths: /e}]\n")
        try FileManager.default.removeItem(atPath: folder.path + "/conf.d")
        #expect(folder.told() == [])
        try folder.write("conf.d", "")
        #expect(
            folder.told() == [
                "conf.d:1:1: cannot be listed; make it a directory that the service may read"
            ])
    }

    @Test func `files that others can write, and names that are not read, are warned of`() throws {
        let folder = try Folder()
        try folder.write("main.yaml", "sources: [{name: e, paths: /e}]\n", mode: 0o660)
        try folder.write("conf.d/1.yaml", "", mode: 0o646)
        try folder.write("conf.d/2.yml", "")
        #expect(
            folder.told() == [
                "main.yaml:1:1: can be written by its group; run chmod go-w main.yaml",
                "conf.d/2.yml:1:1: is not read, because its name does not end in .yaml; "
                    + "rename it to 2.yaml",
                "conf.d/1.yaml:1:1: can be written by everybody; run chmod go-w conf.d/1.yaml",
            ])
    }
}
