internal import Foundation
internal import Glibc

/// What the control server puts up with.
public struct ControlLimits: Sendable {
    /// Connections at the same time.
    public var clients = 32
    /// The longest request in bytes, without its newline.
    public var requestBytes = 1 << 16
    /// How long a client may take to state its request, and again to take its answer.
    public var clientMilliseconds: Int64 = 5000

    /// The limits of production.
    public init() {}
}

/// One client of the control server: reads a line, waits for the answer, writes it.
///
/// Invariant: `phase` only moves forward.
struct ControlConnection {
    /// How far it is.
    enum Phase {
        case reading
        case waiting
        case writing
        case done
    }

    /// Tells this connection from a later one with its descriptor.
    let id: UInt64
    let descriptor: Int32
    private(set) var phase = Phase.reading
    private var deadline: Int64
    private var bytes: [UInt8] = []
    private var sent = 0
    private let limits: ControlLimits

    init(id: UInt64, descriptor: Int32, limits: ControlLimits, now: Int64) {
        self.id = id
        self.descriptor = descriptor
        self.limits = limits
        deadline = now + limits.clientMilliseconds
    }

    /// What poll() should watch for.
    var events: Int32 {
        switch phase {
        case .reading: POLLIN
        case .writing: POLLOUT
        case .waiting, .done: 0
        }
    }

    /// When patience ends in monotonic milliseconds; nil while the daemon itself is at work.
    var patience: Int64? { phase == .waiting ? nil : deadline }

    /// Reads what is there. Returns the request once it is complete and well formed.
    mutating func read(now: Int64) -> ControlRequest? {
        let before = bytes.count
        // One byte more than allowed, and its newline, tell a request that is too long.
        let room = limits.requestBytes + 2 - before
        let count = UnixSocket.read(descriptor, upTo: min(room, 1 << 14), into: &bytes)
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return nil }
        guard count > 0 else {
            if count == 0, before > 0 { refuse("the request does not end in a newline", now: now) }
            if count != 0 || before == 0 { phase = .done }
            return nil
        }
        guard let end = bytes[before...].firstIndex(of: 0x0A) else {
            if bytes.count > limits.requestBytes { refuseLength(now: now) }
            return nil
        }
        guard end <= limits.requestBytes else {
            refuseLength(now: now)
            return nil
        }
        guard
            let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(bytes[..<end]))
        else {
            refuse(#"the request is not {"command":"...","arguments":{...}}"#, now: now)
            return nil
        }
        bytes = []
        phase = .waiting
        return request
    }

    /// Begins to write an answer.
    mutating func answer(_ line: [UInt8], now: Int64) {
        bytes = line
        sent = 0
        phase = .writing
        deadline = now + limits.clientMilliseconds
        write()
    }

    /// Writes as much as fits.
    mutating func write() {
        let count = UnixSocket.send(descriptor, bytes, from: sent)
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return }
        sent += max(0, count)
        if count <= 0 || sent == bytes.count { phase = .done }
    }

    /// Gives up.
    mutating func abandon() { phase = .done }

    private mutating func refuseLength(now: Int64) {
        refuse("the request is longer than \(limits.requestBytes) bytes", now: now)
    }

    private mutating func refuse(_ why: String, now: Int64) {
        answer(Self.line(.failure(why, exitCode: 64)), now: now)
    }

    /// An answer as it goes over the wire.
    static func line(_ response: ControlResponse) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let bytes = try? encoder.encode(response) { return Array(bytes) + [0x0A] }
        return line(.failure("the result holds a number that is not finite", exitCode: 70))
    }
}
