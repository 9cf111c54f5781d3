import CFailures
import Foundation
import Glibc
import TestKit

/// An ext4 file system in a file, mounted through a loop device, that can lose its power.
///
/// Takes root, and a system that lets it mount.
final class LoopDisk {
    /// Where it is mounted.
    let mountPoint: String
    private let image: String

    /// Whether such a thing can be had here; tried once, for real.
    static let isAvailable: Bool = {
        guard geteuid() == 0 else { return false }
        let place = FileManager.default.temporaryDirectory
            .appending(path: "leadscored-loop-\(UUID().uuidString.prefix(8))").path
        guard
            (try? FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)) != nil
        else { return false }
        defer { try? FileManager.default.removeItem(atPath: place) }
        guard let disk = try? LoopDisk(at: place, megabytes: 8) else { return false }
        return (try? disk.cutPower()) != nil
    }()

    /// Makes one and mounts it over a directory.
    init(at mountPoint: String, megabytes: Int) throws {
        self.mountPoint = mountPoint
        image =
            FileManager.default.temporaryDirectory
            .appending(path: "leadscored-disk-\(UUID().uuidString.prefix(8))").path
        try Program.run("/usr/bin/truncate", ["-s", "\(megabytes)M", image])
        try Program.run("/sbin/mkfs.ext4", ["-q", "-F", image])
        try mount()
    }

    deinit {
        unsafe umount2(mountPoint, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: image)
    }

    private func mount() throws {
        try Program.run("/bin/mount", ["-o", "loop", image, mountPoint])
    }

    /// Loses every byte that was not synced, and comes back.
    ///
    /// - Parameter body: Ends whoever still has files open on it.
    func cutPower(_ body: () throws -> Void = {}) throws {
        let code = unsafe power_cut(mountPoint)
        try body()
        guard code == 0 else { throw DaemonError(talk: "no power cut: errno \(code)") }
        // The image stays busy until the last file is closed.
        guard holds(within: 5, { unsafe umount2(mountPoint, 0) == 0 }) else {
            throw DaemonError(talk: "\(mountPoint) is busy")
        }
        try mount()
    }

    /// Has everything written that was not.
    func sync() {
        unsafe power_sync(mountPoint)
    }
}
