internal import Foundation
internal import Glibc

/// Other users of this machine, for tests that run as root.
public enum OtherUser {
    /// Whether programs can be started as somebody else.
    public static var isAvailable: Bool {
        geteuid() == 0 && FileManager.default.isExecutableFile(atPath: setpriv)
    }

    /// The daemon's user with its own group.
    public static let service = become(user: 4321, group: 4321)
    /// An analyst: another user, of the group that may read.
    public static let analyst = become(user: 4322, group: 4399)
    /// Somebody who is neither.
    public static let stranger = become(user: 4323, group: 4323)

    /// The group of the analysts.
    public static let analysts: UInt32 = 4399
    /// The number of the daemon's user and of its group.
    public static let serviceNumber: UInt32 = 4321

    private static let setpriv = "/usr/bin/setpriv"

    private static func become(user: Int, group: Int) -> [String] {
        [setpriv, "--reuid", "\(user)", "--regid", "\(group)", "--clear-groups"]
    }
}
