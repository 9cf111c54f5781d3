internal import Glibc

/// The state directory as the place of `control.sock`.
///
/// A socket address holds 107 bytes of path, a state directory may have more. Where it does, the
/// socket is reached through the open directory: `/proc/self/fd/N/control.sock`.
struct ControlSocket: ~Copyable {
    /// The file's name within the state directory.
    static let name = "control.sock"

    /// The path for people.
    let path: String
    private let directory: Int32

    /// Opens the state directory.
    init(in stateDirectory: String) throws(ControlError) {
        path = stateDirectory + "/" + Self.name
        directory = unsafe open(stateDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory < 0 else { return }
        switch errno {
        case ENOENT, ENOTDIR: throw .notRunning(path: path)
        case EACCES: throw .permission(path: path)
        case let code: throw .io(call: "open", path: stateDirectory, errno: code)
        }
    }

    deinit { close(directory) }

    /// The path for the kernel.
    private var address: String {
        path.utf8.count <= UnixSocket.longestPath
            ? path : "/proc/self/fd/\(directory)/\(Self.name)"
    }

    /// Makes the socket anew, open to its owner alone, and listens. The caller holds the state's
    /// lock, so a socket that is already there belongs to nobody.
    func listen(backlog: Int32) throws(ControlError) -> Int32 {
        remove()
        let descriptor = UnixSocket.open(SOCK_STREAM)
        guard descriptor >= 0 else { throw failure("socket", -descriptor) }
        // Before bind(), so that there is no moment in which others could connect.
        if fchmod(descriptor, 0o600) != 0 { throw abandoned(descriptor, "fchmod", errno) }
        let bound = UnixSocket.bind(descriptor, to: address)
        if bound != 0 { throw abandoned(descriptor, "bind", bound) }
        if Glibc.listen(descriptor, backlog) != 0 { throw abandoned(descriptor, "listen", errno) }
        return descriptor
    }

    /// Tries once to connect. Returns 0 or an errno.
    func connect(_ descriptor: Int32) -> Int32 { UnixSocket.connect(descriptor, to: address) }

    /// Removes the socket's name.
    func remove() { unsafe _ = unlinkat(directory, Self.name, 0) }

    private func failure(_ call: String, _ code: Int32) -> ControlError {
        code == EACCES || code == EPERM
            ? .permission(path: path) : .io(call: call, path: path, errno: code)
    }

    private func abandoned(_ descriptor: Int32, _ call: String, _ code: Int32) -> ControlError {
        close(descriptor)
        return failure(call, code)
    }
}
