public import Core

/// Turns the lines of one kind of log into events.
///
/// A decoder keeps buffers and is used by one thread. What it writes into an event points into the
/// line or into those buffers, and is valid until the next call.
public protocol LineDecoder: AnyObject {
    /// Says of which file the next lines are, before each block of them.
    ///
    /// - Parameters:
    ///   - stream: The number of the file.
    ///   - head: Its first bytes, as far as they were read before.
    ///   - offset: Where the next line starts in it.
    func begin(stream: Int64, head: [UInt8], offset: Int64)

    /// Decodes one line, which comes without its newline and with 64 readable bytes after it.
    ///
    /// - Returns: nil if `event` holds what the line says, else why there is no event, and `event`
    ///   holds nothing of use.
    func decode(_ line: ByteSlice, into event: inout Event) -> Verdict?

    /// More about a verdict on the line that was decoded last, for people; nil if there is no more.
    func explain(_ line: ByteSlice, _ verdict: Verdict) -> String?
}

extension LineDecoder {
    /// It is all the same which file it is.
    public func begin(stream: Int64, head: [UInt8], offset: Int64) {}

    /// The verdict says it all.
    public func explain(_ line: ByteSlice, _ verdict: Verdict) -> String? { nil }
}

/// A decoder of lines that may hold several events. `decode` gives the first of a line.
public protocol BatchDecoder: LineDecoder {
    /// How many more events the line has that was decoded last.
    var remaining: Int { get }

    /// Decodes the next event of the line; only if some remain.
    ///
    /// - Returns: as `decode` does.
    func decodeNext(into event: inout Event) -> Verdict?
}

/// A decoder of lines whose times leave out what everybody knows.
public protocol CalendarDecoder: LineDecoder {
    /// The zone of times that state none.
    var zone: FixedZone { get set }
    /// No line is taken to be written after this.
    var latest: Instant { get set }
}

/// A decoder that has to know what earlier lines said, across restarts too.
public protocol RememberingDecoder: LineDecoder {
    /// What changed since the last call, to be committed with the positions of the lines so far.
    func takeRemembered() -> [RememberedText]
    /// Takes back what was committed, before the first line.
    func restore(_ texts: [RememberedText])
}

/// A kind of log that can be read.
public struct LogFormat: Sendable {
    /// Its name in the configuration.
    public let name: String
    /// What it is, in one line for people.
    public let summary: String
    /// Makes a decoder for the use of one thread, of a source whose layout was found to be right.
    public let makeDecoder: @Sendable (SourceDefinition) -> any LineDecoder

    /// Every format that there is.
    public static let all: [LogFormat] = [
        LogFormat(
            name: "events", summary: "NDJSON, one event per line",
            makeDecoder: { _ in EventsDecoder() }),
        LogFormat(
            name: "access", summary: "access logs of nginx, Apache and others",
            makeDecoder: { source in
                guard case .access(let layout) = source.layout,
                    let decoder = try? AccessDecoder(layout)
                else { preconditionFailure("the configuration let a wrong layout pass") }
                return decoder
            }),
        LogFormat(
            name: "json", summary: "JSON of any shape, such as the webhooks of mail providers",
            makeDecoder: { JSONLineDecoder(fields(of: $0)) }),
        LogFormat(
            name: "csv", summary: "exports and purchases",
            makeDecoder: { CSVDecoder(fields(of: $0)) }),
        LogFormat(
            name: "postfix", summary: "Postfix's log: deliveries, deferrals and bounces",
            makeDecoder: { _ in PostfixDecoder() }),
    ]

    private static func fields(of source: SourceDefinition) -> FieldLayout {
        guard case .fields(let layout) = source.layout else {
            preconditionFailure("the configuration let a wrong layout pass")
        }
        return layout
    }

    /// The format of that name.
    public static func named(_ name: String) -> LogFormat? { all.first { $0.name == name } }
}
