import CLinux
public import Core
import Foundation
import Glibc
import Ingest
import Logging
import Store
import Synchronization

/// What the daemon is told on its command line.
public struct DaemonOptions: Sendable {
    /// The configuration file.
    public var configuration: String
    /// The state directory.
    public var state: String
    /// Read everything, publish in full, and end.
    public var once: Bool
    /// The day that everything is derived for.
    public var asOf: Day?

    /// The options of a run.
    public init(configuration: String, state: String, once: Bool, asOf: Day?) {
        self.configuration = configuration
        self.state = state
        self.once = once
        self.asOf = asOf
    }
}

/// The daemon from its start to its end.
///
/// Start: configuration, lock, state, publication, first look at the files, READY. End: what was read
/// is committed, what is touched is published, and the code is 0.
public final class Daemon {
    private let options: DaemonOptions
    private let clock: Clock
    private let notifier: Notifier
    private let logger: Logger
    private let sink: LogSink
    private let degraded: Degraded
    private let signalDescriptor: Int32

    /// How long the last publications may take at the end, in milliseconds.
    private static let farewellMilliseconds = 1500

    /// A daemon that is not started yet. Blocks the signals that it will handle: to be made before
    /// any thread is.
    public init(_ options: DaemonOptions) {
        clinux_keep_standard_descriptors()
        clinux_quiet_sqlite()
        clinux_give_back_memory()
        signalDescriptor = clinux_signal_fd()
        self.options = options
        clock = Clock.system(asOf: options.asOf)
        sink = bootstrapLogging()
        logger = Logger(label: "leadscored")
        notifier = Notifier.system()
        degraded = Degraded(clock: clock, logger: logger)
    }

    /// Runs until the end.
    ///
    /// - Returns: the exit code, by sysexits.
    public func run() -> Int32 {
        defer { sink.flush() }
        guard signalDescriptor >= 0 else {
            logger.critical(
                "no signals can be received", metadata: ["errno": "\(-signalDescriptor)"])
            return 70
        }
        umask(0o077)
        do {
            let configuration = try Configuration.load(path: options.configuration)
            for warning in configuration.warnings { logger.warning("\(warning)") }
            let lock = try StateLock.acquire(directory: options.state)
            return try withExtendedLifetime(lock) { try run(configuration, lock) }
        } catch let error as ConfigurationError {
            for mistake in error.mistakes { logger.error("\(mistake)") }
            return 78
        } catch let error as StateLockError {
            logger.error("\(error.message); \(error.remedy)")
            return error.exitCode
        } catch let error as StoreError {
            logger.critical("\(error)")
            return error.exitCode
        } catch let error as ControlError {
            logger.critical("\(error.message); \(error.remedy)")
            return error.exitCode
        } catch {
            logger.critical("\(error)")
            return 70
        }
    }

    private func run(_ configuration: Configuration, _ lock: StateLock) throws -> Int32 {
        let parts = try Assembly(
            configuration: configuration, options: options, lock: lock, clock: clock,
            degraded: degraded, logger: logger, notifier: notifier,
            signalDescriptor: signalDescriptor)
        lock.noteFaults()
        parts.loop.discover()
        let control = try startControl(parts)
        defer { control?.stop() }
        let metrics = MetricsWriter(
            parts, directory: options.state, degraded: degraded, clock: clock)
        notifier.ready()
        logger.notice(
            "ready",
            metadata: [
                "state": "\(options.state)", "day": "\(parts.loop.day)",
                "checkpoint": "\(parts.worker.sequence)",
            ])
        return serve(parts, metrics)
    }

    /// `--once` answers no commands: it is gone before anybody could ask twice.
    private func startControl(_ parts: Assembly) throws -> ControlServer? {
        guard !options.once else { return nil }
        let commands = DaemonCommands(
            parts: parts, directory: options.state, clock: clock, degraded: degraded)
        return try ControlServer(stateDirectory: options.state) { commands.answer($0) }
    }

    private func serve(_ parts: Assembly, _ metrics: MetricsWriter) -> Int32 {
        while true {
            switch parts.loop.run(once: options.once) {
            case .signal(SIGHUP): reload(parts)
            case .signal: return end(parts, metrics, full: false)
            case .caughtUp: return end(parts, metrics, full: true)
            case .newDay(let day): parts.begin(day)
            case .failed(let error):
                logger.critical("\(error)")
                return error.exitCode
            }
        }
    }

    private func reload(_ parts: Assembly) {
        notifier.reloading()
        defer { notifier.ready() }
        do {
            let configuration = try Configuration.load(path: options.configuration)
            try parts.use(configuration)
            logger.notice("configuration reloaded", metadata: ["hash": "\(configuration.hash)"])
            degraded.leave("config")
        } catch {
            let mistakes = (error as? ConfigurationError)?.mistakes.map(\.description)
            for mistake in mistakes ?? ["\(error)"] { logger.error("\(mistake)") }
            logger.error("the configuration was not reloaded; the old one stays in force")
            degraded.enter("config", "the file has mistakes; correct them and reload")
        }
    }

    private func end(_ parts: Assembly, _ metrics: MetricsWriter, full: Bool) -> Int32 {
        notifier.stopping()
        endAtOnceIfAskedAgain(code: full ? 75 : 0)
        parts.loop.drain()
        metrics.stop()
        parts.worker.stop(full: full)
        parts.loop.letGo()
        while !parts.worker.hasEnded(milliseconds: 1000) {}
        if full {
            parts.publication.close()
            while !parts.publication.hasEnded(milliseconds: 1000) {}
        } else {
            parts.publication.stop(milliseconds: Self.farewellMilliseconds)
        }
        metrics.finish()
        if let failure = parts.worker.failure.withLock({ $0 }) {
            logger.critical("\(failure)")
            return failure.exitCode
        }
        let foreign = parts.loop.current.foreignCurrency
        if foreign > 0 {
            logger.warning(
                "money in another currency counted as 0", metadata: ["events": "\(foreign)"])
        }
        let partial = parts.loop.current.partialBytes
        logger.notice(
            "stopped",
            metadata: ["checkpoint": "\(parts.worker.sequence)", "partial_bytes": "\(partial)"])
        return 0
    }

    /// Whoever asks for the end again does not want to wait for it: what is not committed is read again,
    /// and what is not published is published then. With `--once` that is a failure, because the
    /// publication was the point.
    private func endAtOnceIfAskedAgain(code: Int32) {
        let descriptor = signalDescriptor
        let thread = Thread {
            while true {
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
                let signal = clinux_next_signal(descriptor)
                if signal > 0, signal != SIGHUP { _exit(code) }
            }
        }
        thread.start()
    }
}
