import Foundation
import Glibc
import TestKit
import Testing

/// What `whatif` foretells, against what a reload brings.
@Suite struct WhatIfTests {
    private static let rules =
        DaemonScratch.rules + """

              - {name: purchase, weight: 0}
            fit:
              - {name: some, where: "CAST(substr(traits->>'job_title', 2) AS INTEGER) >= 5", points: 30}
            audiences:
              - {name: customer, where: "purchases > 1"}
              - {name: prospect, where: "TRUE"}
            stages:
              - {name: buyer, where: "purchases > 0", rank: 3}
              - {name: warm, where: "engagement >= 30", rank: 2}
              - {name: known, where: "NOT anonymous", rank: 1}
              - {name: anonymous, where: "TRUE", rank: 0}
            segments:
              - {name: hot, where: "engagement >= 60", leave: "engagement < 40"}
              - {name: buyers, where: "audience = 'customer'"}
              - {name: gone, where: "purchases > 0"}
            """

    /// Every kind of line is moved, up and down.
    private static let changed =
        rules
        .replacing("mql: 60", with: "mql: 45")
        .replacing("weight: 5, half_life: 30d", with: "weight: 2, half_life: 90d")
        .replacing("weight: 30, half_life: 90d", with: "weight: 34, half_life: 60d")
        .replacing("points: 30", with: "points: 55")
        .replacing("purchases > 1", with: "purchases > 2")
        .replacing("engagement >= 30\"", with: "engagement >= 20\"")
        .replacing("leave: \"engagement < 40\"", with: "leave: \"engagement < 50\"")
        .replacing(
            "{name: gone, where: \"purchases > 0\"}", with: "{name: new, where: \"fit > 50\"}")

    @Test(arguments: [true, false])
    func `who would cross which line is who does cross it at the reload`(isRunning: Bool) throws {
        let scratch = try DaemonScratch(rules: Self.rules)
        let seed = UInt64.random(in: 0...99_999)
        var log = RandomLog(seed: seed, people: 200, lastDay: time(nil) / 86_400)
        try scratch.append(log.lines(4000), to: "a.ndjson")
        var daemon: RunningProgram? = try scratch.start()
        _ = try scratch.settled()
        let before = try Self.sides(scratch, mql: 60)
        if !isRunning {
            daemon?.signal(SIGTERM)
            #expect(daemon?.code(within: 10) == 0)
        }
        let place = scratch.directory.appending(path: "new.yaml").path
        let old = try String(contentsOfFile: scratch.configuration, encoding: .utf8)
        try scratch.configure(Self.changed)
        try FileManager.default.moveItem(atPath: scratch.configuration, toPath: place)
        try Data(old.utf8).write(to: URL(filePath: scratch.configuration))
        let outcome = try scratch.leadscore([
            "whatif", "--config", place, "--current", scratch.configuration, "--json",
        ])
        try #require(outcome.code == 0, "\(outcome.talk)")
        #expect(try Self.sides(scratch, mql: 60) == before, "seed \(seed): it changed something")

        try scratch.configure(Self.changed)
        if isRunning { daemon?.signal(SIGHUP) } else { daemon = try scratch.start() }
        #expect(
            holds(within: 10) {
                scratch.number("SELECT count(*) FROM segments WHERE name = 'new'") == 1
            })
        _ = try scratch.settled()
        let after = try Self.sides(scratch, mql: 45)

        var expected: Set<String> = []
        for contact in Set(before.keys).union(after.keys) {
            let (old, new) = (before[contact] ?? [:], after[contact] ?? [:])
            for line in Set(old.keys).union(new.keys) where old[line] != new[line] {
                let isSegment = line.hasPrefix("segment ")
                let none = isSegment ? "out" : "-"
                expected.insert(
                    "\(contact) \(line): \(old[line] ?? none) -> \(new[line] ?? none)")
            }
        }
        let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let answer = try #require(json as? [String: Any])
        let crossings = try #require(answer["crossings"] as? [[String: Any]])
        let foretold = crossings.map {
            "\($0["contact_id"] ?? 0) \($0["line"] ?? ""): \($0["before"] as? String ?? "-") -> "
                + "\($0["after"] as? String ?? "-")"
        }
        #expect(foretold.count == Set(foretold).count)
        #expect(Set(foretold) == expected, "seed \(seed)")
        let lines = Set(crossings.compactMap { $0["line"] as? String })
        #expect(lines.isSuperset(of: ["mql", "stage"]) && lines.count >= 5, "seed \(seed)")
        let counts = answer["counts"] as? [[String: Any]] ?? []
        #expect(counts.compactMap { $0["contacts"] as? Int }.reduce(0, +) == expected.count)
        _ = daemon
    }

    /// On which side of each line everybody is who is shown.
    private static func sides(
        _ scratch: DaemonScratch, mql: Double
    ) throws -> [Int64: [String: String]] {
        var sides: [Int64: [String: String]] = [:]
        let sql = "SELECT contact_id, engagement, grade, audience, stage FROM leads"
        for row in try scratch.rows(sql) {
            let contact = row["contact_id"]?.int ?? 0
            sides[contact, default: [:]]["mql"] =
                (row["engagement"]?.number ?? 0) >= mql ? "above" : "below"
            for line in ["grade", "audience", "stage"] {
                sides[contact]?[line] = row[line]?.text
            }
        }
        for row in try scratch.rows("SELECT contact_id, segment FROM segment_members") {
            sides[row["contact_id"]?.int ?? 0]?["segment \(row["segment"]?.text ?? "")"] = "in"
        }
        return sides
    }
}
