import Foundation
import TestKit
import Testing

/// kill -9 at random moments, with writers and the real logrotate at work.
///
/// `ROTATION_KILLS=n` sets how many times it is killed.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: KillLoop.logrotate)))
struct RotationKillTests {
    @Test func `rotated, compressed, cut and killed at random, each line counts once`() throws {
        let kills = ProcessInfo.processInfo.environment["ROTATION_KILLS"].flatMap(Int.init) ?? 60
        var loop = try KillLoop(.daemon(nil))
        try loop.run(kills: kills)
        let difference = try loop.difference()
        #expect(difference.isEmpty, "seed \(loop.seed): \(difference.prefix(5))")
        let verify = try loop.scratch.leadscore(
            ["verify", "--config", loop.scratch.configuration])
        #expect(verify.code == 0, "seed \(loop.seed): \(verify.output)")
        print("kill loop: \(kills) kills, \(loop.lines) lines, \(difference.count) wrong")
    }

    /// The same check, with a mistake planted: it has to see it.
    @Test(arguments: Mistake.shownByKills)
    func `the check finds a mistake that is planted under the daemon`(mistake: Mistake) throws {
        try expectCaught(.daemon(mistake), "\(mistake)")
    }

    @Test func `the check finds what tail -F and a counter lose and double`() throws {
        try expectCaught(.tail, "tail -F")
    }

    /// Kills a contender until the check fails, at most 60 times.
    private func expectCaught(_ contender: KillLoop.Contender, _ name: String) throws {
        var loop = try KillLoop(contender)
        for round in 1...20 {
            try loop.run(kills: 3)
            let difference = try loop.difference()
            guard difference.isEmpty else {
                return print(
                    "kill loop: \(name) is seen after \(round * 3) kills: \(difference[0].prefix(100))"
                )
            }
        }
        Issue.record("\(name) was not noticed in 60 kills, seed \(loop.seed)")
    }
}
