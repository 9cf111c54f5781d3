public import Core

/// Turns the lines of one kind of log into events.
///
/// A decoder keeps buffers and is used by one thread. What it writes into an event points into the
/// line or into those buffers, and is valid until the next call.
public protocol LineDecoder: AnyObject {
    /// Decodes one line, which comes without its newline and with 64 readable bytes after it.
    ///
    /// - Returns: nil if `event` holds what the line says, else why there is no event, and `event`
    ///   holds nothing of use.
    func decode(_ line: ByteSlice, into event: inout Event) -> Verdict?
}

/// A kind of log that can be read.
public struct LogFormat: Sendable {
    /// Its name in the configuration.
    public let name: String
    /// What it is, in one line for people.
    public let summary: String
    /// Makes a decoder for the use of one thread.
    public let makeDecoder: @Sendable () -> any LineDecoder

    /// Every format that there is.
    public static let all: [LogFormat] = [
        LogFormat(
            name: "events", summary: "NDJSON, one event per line",
            makeDecoder: { EventsDecoder() })
    ]

    /// The format of that name.
    public static func named(_ name: String) -> LogFormat? { all.first { $0.name == name } }
}
