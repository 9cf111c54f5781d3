/// Why a command and the daemon do not get to talk to each other.
public enum ControlError: Error, Equatable, Sendable {
    /// Nobody listens: no socket, or one that a killed daemon left behind.
    case notRunning(path: String)
    /// The kernel or the daemon refuses this user.
    case permission(path: String)
    /// No answer within this time.
    case timeout(milliseconds: Int64)
    /// The daemon hung up without an answer, as it does when it ends.
    case disconnected(path: String)
    /// What came is not an answer.
    case malformed(String)
    /// A system call failed.
    case io(call: String, path: String, errno: Int32)

    /// What happened.
    public var message: String {
        switch self {
        case .notRunning(let path): "no daemon listens on \(path)"
        case .permission(let path): "\(path): permission denied"
        case .timeout(let milliseconds): "no answer from the daemon within \(milliseconds) ms"
        case .disconnected(let path): "the daemon on \(path) hung up without an answer"
        case .malformed(let found): "the daemon's answer is unusable: \(found)"
        case .io(let call, let path, let code): "\(call) \(path): \(errnoText(code))"
        }
    }

    /// What to do about it.
    public var remedy: String {
        switch self {
        case .notRunning: "start it, or check --state"
        case .permission: "ask as root or as the user that the service runs as"
        case .timeout: "try again; if it stays so, look at its log"
        case .disconnected: "see whether it still runs, and look at its log"
        case .malformed: "see that command and daemon are of the same version"
        case .io: "see that the state directory exists and can be reached"
        }
    }

    /// The exit code of the command (sysexits).
    public var exitCode: Int32 {
        switch self {
        case .notRunning, .timeout, .disconnected: 75
        case .permission: 77
        case .malformed: 70
        case .io: 74
        }
    }
}
