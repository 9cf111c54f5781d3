import Core
import Foundation
import Logging

/// What does not work as it should at the moment, each with what to do about it.
///
/// SAFETY: `states` is touched only while `lock` is held.
final class Degraded: @unchecked Sendable {
    /// Something that does not work.
    struct State: Sendable {
        /// A short name, as in `degraded{publish}`.
        var reason: String
        /// When it began, RFC 3339.
        var since: String
        /// What happened, and what to do.
        var remedy: String
    }

    /// Every reason that there is.
    static let reasons = [
        "clock", "config", "files", "format", "metrics", "publish", "rules", "storage", "watch",
    ]

    private let lock = NSLock()
    private var states: [String: State] = [:]
    private let clock: Clock
    private let logger: Logger

    /// Nothing is degraded.
    init(clock: Clock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// Says that something does not work; said again it changes nothing but the text.
    func enter(_ reason: String, _ remedy: String) {
        let since = clock.now().rfc3339
        let isNew = lock.withLock {
            defer {
                states[reason] = State(
                    reason: reason, since: states[reason]?.since ?? since, remedy: remedy)
            }
            return states[reason] == nil
        }
        if isNew {
            logger.warning("degraded", metadata: ["reason": "\(reason)", "remedy": "\(remedy)"])
        }
    }

    /// Says that it works again.
    func leave(_ reason: String) {
        if lock.withLock({ states.removeValue(forKey: reason) }) != nil {
            logger.notice("recovered", metadata: ["reason": "\(reason)"])
        }
    }

    /// Everything that does not work now, by name.
    var current: [State] {
        lock.withLock { states.values.sorted { $0.reason < $1.reason } }
    }
}
