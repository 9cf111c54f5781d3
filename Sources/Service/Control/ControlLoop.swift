internal import CLinux
internal import Foundation
internal import Glibc

/// The control server's own thread: one poll() over the listener, the mailbox and all clients.
///
/// Invariants: `connections` holds open descriptors, at most `limits.clients`; `working` counts the
/// requests whose answer has not come back, also those whose client has gone.
struct ControlLoop: Sendable {
    /// How long accept() rests when the process has no descriptor left, in milliseconds.
    static let restMilliseconds: Int64 = 100

    private let listener: Int32
    private let limits: ControlLimits
    private let mailbox: ControlMailbox
    private let permits: @Sendable (UInt32) -> Bool
    private let handler: ControlServer.Handler
    private var connections: [ControlConnection] = []
    private var working = 0
    private var nextID: UInt64 = 0
    private var restsUntil: Int64 = 0

    init(
        listener: Int32, limits: ControlLimits, mailbox: ControlMailbox,
        permits: @escaping @Sendable (UInt32) -> Bool, handler: @escaping ControlServer.Handler
    ) {
        self.listener = listener
        self.limits = limits
        self.mailbox = mailbox
        self.permits = permits
        self.handler = handler
    }

    /// Serves until the mailbox says stop; closes everything.
    mutating func run() {
        while true {
            let shown = wait()
            let (answers, isStopped) = mailbox.take()
            if isStopped { break }
            let now = monotonicMilliseconds()
            for answer in answers { deliver(answer, now: now) }
            for (place, events) in shown.clients.enumerated() {
                serve(place, events, now: now)
            }
            if shown.listener { accept(now: now) }
            connections.removeAll { connection in
                if connection.phase == .done { close(connection.descriptor) }
                return connection.phase == .done
            }
        }
        for connection in connections { close(connection.descriptor) }
        close(listener)
    }

    /// Waits for something to do. Returns what each client shows, in the order of `connections`.
    private func wait() -> (listener: Bool, clients: [Int32]) {
        let now = monotonicMilliseconds()
        let isResting = now < restsUntil
        var entries = [
            pollfd(fd: mailbox.wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isResting ? -1 : listener, events: Int16(POLLIN), revents: 0),
        ]
        for connection in connections {
            let events = Int16(connection.events)
            entries.append(pollfd(fd: connection.descriptor, events: events, revents: 0))
        }
        var until = connections.compactMap(\.patience).min()
        if isResting { until = min(until ?? restsUntil, restsUntil) }
        let timeout = until.map { Int32(clamping: max(0, $0 - now)) } ?? -1
        let count = unsafe poll(&entries, nfds_t(entries.count), timeout)
        guard count > 0 else { return (false, connections.map { _ in 0 }) }
        return (entries[1].revents != 0, entries[2...].map { Int32($0.revents) })
    }

    private mutating func accept(now: Int64) {
        // At most as many as the queue holds, so that clients are not starved by newcomers.
        for _ in 0..<128 {
            let descriptor = UnixSocket.accept(listener)
            guard descriptor >= 0 else {
                let isTransient = [EAGAIN, EINTR, ECONNABORTED].contains(-descriptor)
                if !isTransient { restsUntil = now + Self.restMilliseconds }
                return
            }
            if let refusal = refusal(of: descriptor) {
                _ = UnixSocket.send(descriptor, ControlConnection.line(refusal), from: 0)
                close(descriptor)
                continue
            }
            nextID += 1
            connections.append(
                ControlConnection(id: nextID, descriptor: descriptor, limits: limits, now: now))
        }
    }

    /// Why a newcomer is sent away; nil if it is welcome.
    private func refusal(of descriptor: Int32) -> ControlResponse? {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var pid: Int32 = 0
        guard unsafe clinux_peer(descriptor, &uid, &gid, &pid) == 0, permits(uid) else {
            return .permission
        }
        return max(connections.count, working) >= limits.clients ? .busy : nil
    }

    private mutating func serve(_ place: Int, _ events: Int32, now: Int64) {
        switch connections[place].phase {
        case .reading where events != 0:
            if let request = connections[place].read(now: now) {
                start(request, for: connections[place].id)
            }
        case .writing where events != 0: connections[place].write()
        case .waiting where events & (POLLHUP | POLLERR) != 0: connections[place].abandon()
        default: break
        }
        // After reading: what arrived in time counts, also if this thread was late to see it.
        if let patience = connections[place].patience, now >= patience {
            connections[place].abandon()
        }
    }

    private mutating func start(_ request: ControlRequest, for connection: UInt64) {
        working += 1
        let thread = Thread { [handler, mailbox] in
            mailbox.post((connection, ControlConnection.line(handler(request))))
        }
        thread.name = "control request"
        thread.start()
    }

    private mutating func deliver(_ answer: ControlMailbox.Answer, now: Int64) {
        working -= 1
        guard let place = connections.firstIndex(where: { $0.id == answer.connection }) else {
            return
        }
        connections[place].answer(answer.line, now: now)
    }
}
