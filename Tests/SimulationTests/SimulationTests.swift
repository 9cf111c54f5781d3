import Foundation
import Synchronization
import Testing

/// The whole way of a line, from files in memory to what is committed, with everything that can
/// happen to files, processes and disks in between, by seeds.
///
/// `SIMULATION_SEEDS=n` tries so many seeds, `SIMULATION_SEED=n` begins with that one: a seed alone
/// repeats a failure. With `SIMULATION_TRACE=1` and one seed it says what happens, as far as needed to
/// fail.
@Suite struct SimulationTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test func `whatever happens, each complete line that can be reached counts once`() async {
        let first = Self.setting("SIMULATION_SEED") ?? 1
        let count = Self.setting("SIMULATION_SEEDS") ?? 1000
        print("simulation: \(count) seeds from \(first)")
        let failed = await Self.failures(of: first..<(first + count))
        if count == 1, !failed.isEmpty, Self.setting("SIMULATION_TRACE") != nil {
            Self.tell(first)
        }
        for (seed, difference) in failed {
            Issue.record("seed \(seed): \(difference.prefix(5))")
        }
    }

    /// Seeds that once failed, each with what was wrong.
    @Test(arguments: KeptSeeds.mended)
    func `a seed that once failed does not fail again`(seed: UInt64) {
        #expect(World.run(seed: seed).isEmpty, "seed \(seed)")
    }

    @Test func `a seed replays`() {
        for seed in UInt64(1)...3 {
            #expect(
                World.run(seed: seed, bug: .factsFirst) == World.run(seed: seed, bug: .factsFirst))
        }
    }

    /// The same check on the same seeds, with one mistake planted: it has to see it.
    @Test(arguments: PlantedBug.allCases)
    func `the check finds a planted mistake`(bug: PlantedBug) {
        let caught = (UInt64(1)...400).first {
            !World.run(seed: $0, bug: bug).isEmpty && World.run(seed: $0).isEmpty
        }
        #expect(caught != nil, "\(bug) was not noticed in 400 seeds")
    }

    @Test func `the check finds what tail -F loses and doubles`() {
        let caught = (UInt64(1)...20).count {
            !World.run(seed: $0, makeCounter: { TailCounter($0) }).isEmpty
        }
        #expect(caught >= 19)
    }

    /// Prints the shortest beginning of a failing life.
    static func tell(_ seed: UInt64) {
        let actions = (1...150).first { !World.run(seed: seed, actions: $0).isEmpty }
        _ = World.run(seed: seed, actions: actions ?? 150, trace: { print($0) })
        print("after \(actions ?? 150) actions")
    }

    private typealias Failure = (seed: UInt64, difference: [String])

    /// Tries seeds on all processors, and gives what went wrong, at most ten.
    private static func failures(of seeds: Range<UInt64>) async -> [Failure] {
        let progress = Progress(seeds.lowerBound)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                group.addTask {
                    while let seed = progress.nextSeed(below: seeds.upperBound) {
                        let difference = World.run(seed: seed)
                        if !difference.isEmpty { progress.note((seed, difference)) }
                    }
                }
            }
        }
        return progress.failures
    }

    private final class Progress: Sendable {
        private let next: Atomic<UInt64>
        private let failed = Mutex<[Failure]>([])

        init(_ first: UInt64) { next = Atomic(first) }

        var failures: [Failure] { failed.withLock { $0 }.sorted { $0.seed < $1.seed } }

        func nextSeed(below end: UInt64) -> UInt64? {
            guard failed.withLock({ $0.count < 10 }) else { return nil }
            let seed = next.add(1, ordering: .relaxed).oldValue
            return seed < end ? seed : nil
        }

        func note(_ failure: Failure) { failed.withLock { $0.append(failure) } }
    }
}
