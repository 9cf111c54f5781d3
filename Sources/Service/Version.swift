/// Which version this is.
public enum Version {
    /// The version, as `--version` and `status` show it.
    public static let current = "0.1.0"
}
