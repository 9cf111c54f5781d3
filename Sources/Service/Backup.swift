import Core
import Glibc
import Store

/// What `leadscore backup` asks of whoever owns the state: a copy in the state directory, which the
/// command takes from there. A service that may write nowhere else can do that too.
enum Backup {
    /// The copy's name in the state directory.
    static let name = "backup.tmp"
    /// Pages copied between two looks at what else there is to do: some milliseconds of work.
    private static let pages: Int32 = 1000

    /// Makes the copy.
    ///
    /// - Returns: `{path, bytes, seq}`.
    static func make(
        _ access: some StateAccess, directory: String
    ) throws(StoreError) -> ControlResponse {
        let path = directory + "/" + name
        let backup = try access.read { store, _, _ throws(StoreError) in
            try StateBackup(of: store, to: path)
        }
        do throws(StoreError) {
            while true {
                let end = try access.read { store, _, _ throws(StoreError) -> Int64? in
                    try backup.step(pages: pages) ? store.sequence : nil
                }
                guard let sequence = end else { continue }
                return .result(
                    .object([
                        "path": .string(path), "bytes": .integer(backup.bytes),
                        "seq": .integer(sequence),
                    ]))
            }
        } catch {
            unsafe unlink(path)
            throw error
        }
    }
}
