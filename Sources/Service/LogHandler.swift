internal import CLinux
internal import Glibc
public import Logging
internal import Synchronization

/// Where the lines of all loggers meet: one order, one rate, one count of what was lost.
///
/// Writing never waits. A line that standard error does not take at once is dropped and counted, so
/// that a full pipe or a stopped journal never holds up the reading of events.
public final class LogSink: Sendable {
    private let isPrefixed: Bool
    private let monotonicMilliseconds: @Sendable () -> Int64
    private let write: @Sendable ([UInt8]) -> Bool
    private let repeats = Mutex(LogRepeats())
    private let dropped = Atomic<UInt64>(0)

    /// A sink with its own clock and its own way out, for tests and simulations.
    ///
    /// - Parameters:
    ///   - isPrefixed: Whether lines begin with sd-daemon's priority, `<4>`.
    ///   - monotonicMilliseconds: The clock that the rate limit goes by.
    ///   - write: Takes one line with its newline; false if it was dropped.
    public init(
        isPrefixed: Bool, monotonicMilliseconds: @escaping @Sendable () -> Int64,
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.isPrefixed = isPrefixed
        self.monotonicMilliseconds = monotonicMilliseconds
        self.write = write
    }

    /// The sink to standard error: plain text on a terminal, else with priorities for the journal.
    public static func standardError() -> LogSink {
        LogSink(
            isPrefixed: isatty(STDERR_FILENO) == 0,
            monotonicMilliseconds: { Service.monotonicMilliseconds() },
            write: { line in
                unsafe line.withUnsafeBytes {
                    unsafe clinux_try_log($0.bindMemory(to: CChar.self).baseAddress, $0.count) == 1
                }
            })
    }

    /// How many lines could not be written.
    public var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// Reports the messages that were held back and whose second is over. Any logging does this
    /// too; call it now and then so that the last report is not kept waiting.
    public func flush() {
        let now = monotonicMilliseconds()
        repeats.withLock { report(&$0, at: now) }
    }

    func log(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        let now = monotonicMilliseconds()
        // Written under the lock: two threads that both saw room in a pipe could fill it together.
        repeats.withLock { repeats in
            report(&repeats, at: now)
            guard repeats.admits(message, level, at: now) else { return }
            put(LogLine.bytes(level, message, metadata, isPrefixed: isPrefixed))
        }
    }

    private func report(_ repeats: inout LogRepeats, at now: Int64) {
        for repeated in repeats.takeEnded(at: now) {
            let text = "\(repeated.message) (repeated \(repeated.count) times)"
            put(LogLine.bytes(repeated.level, text, [:], isPrefixed: isPrefixed))
        }
    }

    private func put(_ line: [UInt8]) {
        if !write(line) { dropped.wrappingAdd(1, ordering: .relaxed) }
    }
}

/// Writes one event as one line to a sink.
///
/// The message is the key of the rate limit, so it stays the same text, and what varies goes into
/// metadata: `logger.warning("cannot read", metadata: ["path": "\(path)"])`.
public struct LineLogHandler: LogHandler {
    /// What is less severe than this is not logged.
    public var logLevel: Logger.Level
    /// What stands on every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// More of it, at the time of the event.
    public var metadataProvider: Logger.MetadataProvider?

    private let sink: LogSink

    /// A handler that writes to `sink`.
    public init(sink: LogSink, level: Logger.Level = .info) {
        self.sink = sink
        logLevel = level
    }

    /// One item of `metadata`.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event, unless its message came too often this second.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        sink.log(event.level, event.message.description, all)
    }
}

/// Sends the lines of all loggers of this process to standard error. To be called once, at start.
///
/// - Returns: The sink, which counts the dropped lines and wants a `flush()` now and then.
@discardableResult
public func bootstrapLogging(level: Logger.Level = .info) -> LogSink {
    let sink = LogSink.standardError()
    LoggingSystem.bootstrap { _ in LineLogHandler(sink: sink, level: level) }
    return sink
}
