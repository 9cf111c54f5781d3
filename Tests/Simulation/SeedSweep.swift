import Foundation
import Synchronization

/// Tries seeds on all processors.
package final class SeedSweep: Sendable {
    /// A seed with what went wrong.
    package typealias Failure = (seed: UInt64, difference: [String])

    private let subject: Subject
    private let skipped: Set<UInt64>
    private let end: UInt64
    private let limit: Int
    private let next: Atomic<UInt64>
    private let failed = Mutex<[Failure]>([])

    /// - Parameters:
    ///   - skipped: Seeds that are not tried.
    ///   - limit: After so many failures it ends.
    package init(
        _ seeds: Range<UInt64>, _ subject: Subject, skipping skipped: Set<UInt64> = [],
        limit: Int = 10
    ) {
        self.subject = subject
        self.skipped = skipped
        self.limit = limit
        end = seeds.upperBound
        next = Atomic(seeds.lowerBound)
    }

    /// Tries them, and gives those that failed, ascending.
    ///
    /// - Parameter each: Called with every failure when it is found.
    package func run(
        each: @escaping @Sendable (Failure) -> Void = { _ in }
    ) async -> [Failure] {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                group.addTask { [self] in
                    while let seed = nextSeed() {
                        let difference = World.run(seed: seed, subject)
                        guard !difference.isEmpty else { continue }
                        failed.withLock { $0.append((seed, difference)) }
                        each((seed, difference))
                    }
                }
            }
        }
        return failed.withLock { $0 }.sorted { $0.seed < $1.seed }
    }

    private func nextSeed() -> UInt64? {
        guard failed.withLock({ $0.count < limit }) else { return nil }
        while true {
            let seed = next.add(1, ordering: .relaxed).oldValue
            if seed >= end { return nil }
            if !skipped.contains(seed) { return seed }
        }
    }
}
