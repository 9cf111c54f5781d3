internal import CSystemd
internal import Glibc
internal import Synchronization

/// Tells the service manager how it goes: the sd_notify protocol.
///
/// Nothing here fails or waits: without a service manager, or with one that does not read, the
/// notification is lost, and the daemon works on.
///
/// Invariant: `shown` is the status that was last sent, not the one that was last asked for.
public final class Notifier: Sendable {
    /// The shortest time between two status texts in microseconds.
    static let statusInterval: Int64 = 1_000_000
    /// The longest status text in bytes; `systemctl status` shows it on one line.
    static let statusBytes = 256

    /// How often to call `watchdog()`, in milliseconds: a third of what the service manager waits
    /// before it kills. Nil if it expects nothing from this process.
    public let watchdogInterval: Int64?

    private struct Shown {
        var text = ""
        var at: Int64?
    }

    private let shown = Mutex(Shown())
    private let monotonicMicroseconds: @Sendable () -> Int64
    private let send: @Sendable (String) -> Void

    /// A notifier with its own clock and its own way out, for tests and simulations.
    ///
    /// - Parameters:
    ///   - watchdogInterval: Milliseconds between two pings, nil for none.
    ///   - monotonicMicroseconds: The clock, in microseconds of CLOCK_MONOTONIC.
    ///   - send: Takes one notification, lines of `KEY=value`.
    public init(
        watchdogInterval: Int64? = nil, monotonicMicroseconds: @escaping @Sendable () -> Int64,
        send: @escaping @Sendable (String) -> Void
    ) {
        self.watchdogInterval = watchdogInterval
        self.monotonicMicroseconds = monotonicMicroseconds
        self.send = send
    }

    /// The notifier of this process: speaks to NOTIFY_SOCKET, and to nobody where that is not set.
    public static func system() -> Notifier {
        let clock: @Sendable () -> Int64 = { Service.monotonicMicroseconds() }
        guard let socket = unsafe getenv("NOTIFY_SOCKET").map({ unsafe String(cString: $0) }) else {
            return Notifier(monotonicMicroseconds: clock, send: { _ in })
        }
        return Notifier(watchdogInterval: systemWatchdogInterval(), monotonicMicroseconds: clock) {
            // sd_notify() waits while the manager's queue is full, so look first.
            if hasRoom(socket) { unsafe _ = sd_notify(0, $0) }
        }
    }

    /// The start is complete: events are being read.
    public func ready() { send("READY=1") }

    /// A reload begins; it ends with `ready()`.
    public func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())")
    }

    /// The shutdown begins.
    public func stopping() { send("STOPPING=1") }

    /// The main loop has finished a turn. To be called by it alone, so that a stuck loop is seen.
    public func watchdog() { send("WATCHDOG=1") }

    /// Start, reload or shutdown goes on for at least so many more milliseconds.
    public func extendTimeout(milliseconds: Int64) {
        send("EXTEND_TIMEOUT_USEC=\(max(0, milliseconds).multipliedReportingOverflow(by: 1000).0)")
    }

    /// Shows one line in `systemctl status`. Call it as often as convenient: it is sent when it has
    /// changed, and at most once a second, so the last text arrives with a later call.
    public func status(_ text: String) {
        let now = monotonicMicroseconds()
        var line: [UInt8] = []
        appendEscaped(text, to: &line)
        cut(&line, to: Self.statusBytes)
        let escaped = String(decoding: line, as: UTF8.self)
        let isDue = shown.withLock { shown in
            guard escaped != shown.text else { return false }
            if let at = shown.at, now - at < Self.statusInterval { return false }
            shown = Shown(text: escaped, at: now)
            return true
        }
        if isDue { send("STATUS=\(escaped)") }
    }

    /// A third of WATCHDOG_USEC if WATCHDOG_PID means this process.
    private static func systemWatchdogInterval() -> Int64? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return max(1, Int64(clamping: microseconds / 3000))
    }

    /// Whether the socket takes a datagram at once.
    private static func hasRoom(_ socket: String) -> Bool {
        let probe = UnixSocket.open(SOCK_DGRAM)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        guard UnixSocket.connect(probe, to: socket) == 0 else { return false }
        return UnixSocket.wait(probe, for: POLLOUT, milliseconds: 0) & POLLOUT != 0
    }
}
