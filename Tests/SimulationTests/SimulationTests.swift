import Foundation
import Simulation
import Testing

/// The whole way of a line, from files in memory to what is committed, with everything that can
/// happen to files, processes and disks in between, by seeds.
///
/// `SIMULATION_SEEDS=n` tries so many seeds, `SIMULATION_SEED=n` begins with that one: a seed alone
/// repeats a failure. With `SIMULATION_TRACE=1` and one seed it says what happens, as far as needed to
/// fail. scripts/simulate does the same at the speed of a release build.
@Suite struct SimulationTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test func `whatever happens, each complete line that can be reached counts once`() async {
        await Self.tryAll(.daemon(nil), count: Self.setting("SIMULATION_SEEDS") ?? 1000)
    }

    /// `STORED_SEEDS=n` tries so many.
    @Test func `with the real store on failing files, each such line counts once`() async {
        await Self.tryAll(.stored(nil), count: Self.setting("STORED_SEEDS") ?? 150)
    }

    private static func tryAll(_ subject: Subject, count: UInt64) async {
        let first = setting("SIMULATION_SEED")
        let start = first ?? 1
        print("simulation: \(count) seeds from \(start)")
        let failed = await SeedSweep(start..<(start + count), subject).run()
        if count == 1, !failed.isEmpty, setting("SIMULATION_TRACE") != nil {
            World.tell(start, subject)
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

    @Test(arguments: [Subject.daemon(.factsFirst), .stored(.factsFirst)])
    func `a seed replays`(subject: Subject) {
        for seed in UInt64(1)...3 {
            #expect(World.run(seed: seed, subject) == World.run(seed: seed, subject))
        }
    }

    /// The same check on the same seeds, with one mistake planted: it has to see it.
    @Test(arguments: PlantedBug.inLedger)
    func `the check finds a planted mistake`(bug: PlantedBug) {
        let caught = (UInt64(1)...400).first {
            !World.run(seed: $0, .daemon(bug)).isEmpty && World.run(seed: $0).isEmpty
        }
        #expect(caught != nil, "\(bug) was not noticed in 400 seeds")
    }

    @Test(arguments: PlantedBug.inStore)
    func `the check finds a mistake that is planted before the real store`(bug: PlantedBug) {
        let caught = (UInt64(1)...100).first {
            !World.run(seed: $0, .stored(bug)).isEmpty
                && World.run(seed: $0, .stored(nil)).isEmpty
        }
        #expect(caught != nil, "\(bug) was not noticed in 100 seeds")
    }

    @Test func `the check finds what tail -F loses and doubles`() {
        let caught = (UInt64(1)...20).count { !World.run(seed: $0, .tail).isEmpty }
        #expect(caught >= 19)
    }
}
