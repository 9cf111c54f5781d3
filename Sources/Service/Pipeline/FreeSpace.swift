import Glibc

/// How much of its file system `leads.db` leaves free: publishing pauses below that, because what is
/// derived must not take the space that logs and `state.db` need.
struct FreeSpace: Sendable {
    /// The share that stays free, from 0 to 1.
    var minimum: Double
    /// The free share of the file system of a path, as `df` has it; nil if it cannot be told.
    var share: @Sendable (String) -> Double?

    /// What stays free if nobody says otherwise.
    static let tenth = 0.1
    /// The variable of the environment that says otherwise, in percent.
    static let variable = "LEADSCORED_MIN_FREE"

    /// Whether there is too little space at a path.
    func isShort(at path: String) -> Bool { share(path).map { $0 < minimum } ?? false }

    /// The system's; what the environment says counts if it is a percentage.
    static func system(environment: [String: String]) -> FreeSpace {
        let percent = environment[variable].flatMap(Double.init)
        let minimum = percent.flatMap { (0...100).contains($0) ? $0 / 100 : nil }
        return FreeSpace(minimum: minimum ?? tenth, share: share(of:))
    }

    /// Blocks that the service may use, of those and the ones in use: some are root's alone.
    @Sendable private static func share(of path: String) -> Double? {
        var found = statvfs()
        guard unsafe statvfs(path, &found) == 0 else { return nil }
        let usable = found.f_blocks - found.f_bfree + found.f_bavail
        return usable == 0 ? nil : Double(found.f_bavail) / Double(usable)
    }
}
