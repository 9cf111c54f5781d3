import Core

/// Which version this is.
public enum Version {
    /// The version, as `--version` and `status` show it.
    public static let current = "0.1.0"
    /// No clock that is right shows a time before this: 2026-01-01.
    static let released = Instant(1_767_225_600_000)
}
