import CLinux
import Foundation

/// Starts a thread that the system knows by its name, as `top -H` and profilers show it.
///
/// The name is given by the thread itself: Foundation hands on a name only to a thread that it knows to
/// be running.
///
/// - Parameter name: At most 15 bytes.
func startThread(
    _ name: String, stackBytes: Int, _ body: @escaping @Sendable () -> Void
) {
    let thread = Thread {
        // SAFETY: the name is copied by the call.
        unsafe clinux_name_thread(name)
        body()
    }
    thread.name = name
    thread.stackSize = stackBytes
    thread.start()
}
