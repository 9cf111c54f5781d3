internal import CLinux
internal import Foundation
internal import Glibc
internal import Synchronization

/// Answers commands on `control.sock`, on a thread of its own, so that no client, however slow or
/// mad, touches the reading of events.
///
/// Each request runs on a thread of its own too, because one may take minutes (`verify`) while
/// another one (`status`) is wanted at once. There are never more of both than `limits.clients`.
public final class ControlServer: Sendable {
    /// Carries out a request. Called from several threads at once.
    public typealias Handler = @Sendable (ControlRequest) -> ControlResponse

    private let mailbox: ControlMailbox
    private let ended = DispatchSemaphore(value: 0)

    /// Makes the socket and starts to answer. The caller holds the state's lock.
    ///
    /// - Parameters:
    ///   - permits: Whether a user may ask; nil means root and the user of this process.
    ///   - handler: Carries out the requests.
    /// - Throws: `ControlError`.
    public init(
        stateDirectory: String, limits: ControlLimits = ControlLimits(),
        permits: (@Sendable (_ uid: UInt32) -> Bool)? = nil, handler: @escaping Handler
    ) throws(ControlError) {
        let socket = try ControlSocket(in: stateDirectory)
        mailbox = try ControlMailbox()
        let listener = try socket.listen(backlog: 128)
        let ownUser = geteuid()
        let loop = ControlLoop(
            listener: listener, limits: limits, mailbox: mailbox,
            permits: permits ?? { $0 == 0 || $0 == ownUser }, handler: handler)
        let thread = Thread { [ended] in
            var loop = loop
            loop.run()
            // By path, as the directory's descriptor was only needed to listen.
            if let socket = try? ControlSocket(in: stateDirectory) { socket.remove() }
            ended.signal()
        }
        thread.name = "control"
        thread.start()
    }

    /// Stops answering, drops the clients and removes the socket. A request that is being carried
    /// out goes on, and nobody hears of it. May be called more than once.
    public func stop() {
        mailbox.stop()
        ended.wait()
        ended.signal()
    }
}

/// What the threads of the requests hand to the thread of the server.
final class ControlMailbox: Sendable {
    /// An answer for a connection.
    typealias Answer = (connection: UInt64, line: [UInt8])

    private struct Content {
        var answers: [Answer] = []
        var isStopped = false
    }

    /// Readable when there is something to take.
    let wake: Int32
    private let content = Mutex(Content())

    init() throws(ControlError) {
        wake = clinux_event_fd()
        if wake < 0 { throw .io(call: "eventfd", path: "", errno: -wake) }
    }

    deinit { close(wake) }

    func post(_ answer: Answer) {
        content.withLock { $0.answers.append(answer) }
        clinux_event_signal(wake)
    }

    func stop() {
        content.withLock { $0.isStopped = true }
        clinux_event_signal(wake)
    }

    func take() -> (answers: [Answer], isStopped: Bool) {
        clinux_event_drain(wake)
        return content.withLock { content in
            defer { content.answers = [] }
            return (content.answers, content.isStopped)
        }
    }
}
