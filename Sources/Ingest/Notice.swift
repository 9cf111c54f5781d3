/// Something about a file that a person may want to know.
public struct Notice: Hashable, Sendable {
    /// What happened; the raw value is the name under which it is counted.
    public enum Kind: String, Sendable, CaseIterable {
        /// A file that was never seen before.
        case new
        /// A file has another name.
        case rotated
        /// A copy goes on where the file that was copied ended.
        case copyAdopted = "copy_adopted"
        /// A file was emptied or rewritten in place.
        case truncated
        /// The end of a file was cut off.
        case shrunk
        /// A file is gone; `lostBytes` of it were not read.
        case vanished
        /// Something in the patterns is not read: no regular file, or compressed by bzip2.
        case skipped
        /// A file or directory cannot be read at present.
        case unreadable
        /// A compressed file that was cut off or damaged: what can be unpacked of it was read.
        case damaged
        /// Files are looked at in intervals because they cannot be watched.
        case polling
    }

    /// What happened.
    public var kind: Kind
    /// The source's name; empty if it concerns no source.
    public var source: String
    /// The file or directory; may be empty.
    public var path: [UInt8]
    /// What else there is to say: the old name, the reason.
    public var detail: String
    /// Bytes that are gone unread.
    public var lostBytes: Int64

    /// Something about a file.
    public init(
        _ kind: Kind, source: String = "", path: [UInt8] = [], detail: String = "",
        lostBytes: Int64 = 0
    ) {
        self.kind = kind
        self.source = source
        self.path = path
        self.detail = detail
        self.lostBytes = lostBytes
    }

    /// What a notice is about; something that lasts is reported once.
    struct Subject: Hashable {
        var kind: Kind
        var source: String
        var path: [UInt8]
    }

    var subject: Subject { Subject(kind: kind, source: source, path: path) }

    /// The path for people; bytes that are no UTF-8 are replaced.
    public var displayPath: String { String(decoding: path, as: UTF8.self) }
}
