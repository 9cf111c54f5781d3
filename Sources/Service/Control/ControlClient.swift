internal import Foundation
internal import Glibc

/// Asks a running daemon.
public enum ControlClient {
    /// The longest answer that is read, in bytes.
    static let responseBytes = 64 << 20

    /// Sends one request to the daemon of a state directory and waits for its answer.
    ///
    /// - Parameter timeoutMilliseconds: For all of it, in milliseconds.
    /// - Throws: `ControlError`. That a daemon runs and could not do it is an answer, no error.
    public static func send(
        stateDirectory: String, request: ControlRequest, timeoutMilliseconds: Int64 = 30_000
    ) throws(ControlError) -> ControlResponse {
        let socket = try ControlSocket(in: stateDirectory)
        let descriptor = UnixSocket.open(SOCK_STREAM)
        guard descriptor >= 0 else {
            throw .io(call: "socket", path: socket.path, errno: -descriptor)
        }
        defer { close(descriptor) }
        let exchange = Exchange(
            descriptor: descriptor, path: socket.path, timeoutMilliseconds: timeoutMilliseconds)
        try exchange.connect(socket)
        try exchange.send(encoded(request))
        let answer = try exchange.receive()
        guard !answer.isEmpty else { throw .disconnected(path: socket.path) }
        guard let response = try? JSONDecoder().decode(ControlResponse.self, from: Data(answer))
        else { throw .malformed("it is not the expected JSON") }
        if response == .permission { throw .permission(path: socket.path) }
        return response
    }

    private static func encoded(_ request: ControlRequest) throws(ControlError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(request) else {
            throw .malformed("the request holds a number that is not finite")
        }
        return Array(bytes) + [0x0A]
    }
}

/// One request and its answer on one connection, within one deadline.
private struct Exchange {
    let descriptor: Int32
    let path: String
    let timeoutMilliseconds: Int64
    let deadline: Int64

    init(descriptor: Int32, path: String, timeoutMilliseconds: Int64) {
        self.descriptor = descriptor
        self.path = path
        self.timeoutMilliseconds = timeoutMilliseconds
        deadline = monotonicMilliseconds() + timeoutMilliseconds
    }

    func connect(_ socket: borrowing ControlSocket) throws(ControlError) {
        while true {
            switch socket.connect(descriptor) {
            case 0: return
            case ENOENT, ECONNREFUSED: throw .notRunning(path: path)
            case EACCES, EPERM: throw .permission(path: path)
            case EAGAIN:  // the server's queue is full, which nothing announces the end of
                guard monotonicMilliseconds() < deadline else { throw timeout }
                usleep(10_000)
            case EINTR: continue
            case let code: throw .io(call: "connect", path: path, errno: code)
            }
        }
    }

    func send(_ bytes: [UInt8]) throws(ControlError) {
        var sent = 0
        while sent < bytes.count {
            switch UnixSocket.send(descriptor, bytes, from: sent) {
            case let count where count > 0: sent += count
            case -Int(EAGAIN): try wait(for: POLLOUT)
            case -Int(EINTR): continue
            // The server has already answered, and hears no more: too long, or not allowed.
            case -Int(EPIPE), -Int(ECONNRESET): return
            case let code: throw .io(call: "send", path: path, errno: Int32(-code))
            }
        }
    }

    /// The answer up to its newline, or what came before the connection ended.
    func receive() throws(ControlError) -> [UInt8] {
        var answer: [UInt8] = []
        while answer.count <= ControlClient.responseBytes {
            let before = answer.count
            switch UnixSocket.read(descriptor, upTo: 1 << 16, into: &answer) {
            case 0, -Int(ECONNRESET): return answer
            case -Int(EAGAIN): try wait(for: POLLIN)
            case -Int(EINTR): continue
            case let code where code < 0:
                throw .io(call: "recv", path: path, errno: Int32(-code))
            default:
                if let end = answer[before...].firstIndex(of: 0x0A) { return Array(answer[..<end]) }
            }
        }
        throw .malformed("it is longer than \(ControlClient.responseBytes) bytes")
    }

    private var timeout: ControlError { .timeout(milliseconds: timeoutMilliseconds) }

    private func wait(for events: Int32) throws(ControlError) {
        let left = deadline - monotonicMilliseconds()
        guard left > 0 else { throw timeout }
        _ = UnixSocket.wait(descriptor, for: events, milliseconds: left)
    }
}
