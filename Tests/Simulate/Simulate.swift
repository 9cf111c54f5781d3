import ArgumentParser
import Simulation

/// The simulation at any size, at the speed of a release build.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Tries seeds of the simulation, and prints those that fail.",
        discussion: "Exit 1 if any does. scripts/simulate builds and runs it.")

    @Option(help: "The first seed.") var from: UInt64 = 1
    @Option(help: "How many seeds.") var seeds: UInt64 = 10_000
    @Option(help: "End after so many failures.") var failures = 100
    @Flag(help: "With the real store rather than a ledger in memory.") var stored = false
    @Option(help: "Plant a mistake, by its name in PlantedBug.swift.") var mistake: String?
    @Flag(help: "Tell what happens in a single seed.") var trace = false

    func run() async throws {
        let bug = try mistake.map { name in
            guard let bug = PlantedBug(rawValue: name) else {
                let names = PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("no mistake is called \(name); there are \(names)")
            }
            return bug
        }
        let subject: Subject = stored ? .stored(bug) : .daemon(bug)
        let start = ContinuousClock.now
        let sweep = SeedSweep(from..<(from + seeds), subject, limit: failures)
        let failed = await sweep.run { failure in
            print("seed \(failure.seed): \(failure.difference.prefix(5))")
        }
        if trace, seeds == 1, !failed.isEmpty { World.tell(from, subject) }
        let seconds = (ContinuousClock.now - start).components.seconds
        print("\(seeds) seeds from \(from) in \(seconds) s, \(failed.count) failed")
        if !failed.isEmpty { throw ExitCode(1) }
    }
}
