import CFailures

/// What the databases that a simulated process opens stand on: every effect can fail, or be the one in
/// which the process dies.
///
/// SAFETY: used by the one thread that runs a simulation; the plan lives longer than the connections
/// that read it, because their owner lets them go first.
@safe
final class FailingStorage {
    enum Kind: CaseIterable {
        case death
        case full
        case broken
    }

    private let plan: UnsafeMutablePointer<failing_storage>

    init() {
        unsafe plan = .allocate(capacity: 1)
        unsafe plan.initialize(to: failing_storage(left: -1, kind: 0, is_dead: 0, files: nil))
    }

    deinit {
        unsafe failing_storage_close(plan)
        unsafe plan.deallocate()
    }

    /// Whether the process has died.
    var isDead: Bool { unsafe plan.pointee.is_dead != 0 }

    /// Has an effect fail: the first one, or one that comes later.
    func strike(after effects: Int, _ kind: Kind) {
        unsafe plan.pointee.left = Int64(effects)
        unsafe plan.pointee.kind =
            switch kind {
            case .death: Int32(bitPattern: FAILING_STORAGE_DEATH.rawValue)
            case .full: Int32(bitPattern: FAILING_STORAGE_FULL.rawValue)
            case .broken: Int32(bitPattern: FAILING_STORAGE_BROKEN.rawValue)
            }
    }

    /// Nothing fails any more.
    func heal() { unsafe plan.pointee.left = -1 }

    /// The process is gone: nothing that its connections do reaches the disk.
    func die() { unsafe plan.pointee.is_dead = 1 }

    /// Another process begins; what the last one had open is closed.
    func revive() {
        unsafe failing_storage_close(plan)
        unsafe plan.pointee.is_dead = 0
        heal()
    }

    /// What `body` opens stands on this.
    func use<T>(_ body: () throws -> T) rethrows -> T {
        unsafe failing_storage_use(plan)
        defer { failing_storage_use(nil) }
        return try body()
    }
}
