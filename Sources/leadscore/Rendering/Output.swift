import Glibc

/// Where words go: data to stdout, talk to stderr.
enum Output {
    /// Whoever read stdout has gone, as `head` does; that is no mistake of anybody.
    struct ReaderGone: Error {}

    /// Lets a write to a closed pipe come back as an error rather than end the process.
    static func surviveClosedPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Writes data.
    ///
    /// - Throws: `ReaderGone`, or a `Failure` with exit code 74.
    static func write(_ text: String) throws {
        guard let code = send(text, to: STDOUT_FILENO) else { return }
        if code == EPIPE { throw ReaderGone() }
        throw Failure(
            .inputOutput, "cannot write to the standard output: \(describe(code))",
            "make room, or send the output elsewhere")
    }

    /// Says something that is no data.
    static func talk(_ text: String) { _ = send(text + "\n", to: STDERR_FILENO) }

    /// How many columns the terminal on stdout has; nil if it is none.
    static var terminalWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        // SAFETY: the kernel fills the structure that it is given, and keeps nothing.
        let asked = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        return asked == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// The words for an error number.
    static func describe(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    /// Writes all of it; the error number if that fails.
    private static func send(_ text: String, to descriptor: Int32) -> Int32? {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                // SAFETY: within the array, of which `sent` bytes are written already.
                unsafe Glibc.write(
                    descriptor, $0.baseAddress.unsafelyUnwrapped + sent, $0.count - sent)
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&wish, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
