import Foundation
import Glibc
import TestKit
import Testing

/// `leadscore watch` as somebody uses it who keeps a copy of the memberships elsewhere.
@Suite struct WatchTests {
    private static let rules =
        DaemonScratch.rules + """

            segments:
              - {name: hot, where: "engagement >= 60", leave: "engagement < 40"}
              - {name: warm, where: "engagement >= 20"}
              - {name: angry, where: "counts->>'unhappy' >= 2"}
            """

    @Test func `a copy kept by watch loses and repeats nothing, whatever is killed`() throws {
        let seed = UInt64.random(in: 0...99_999)
        var random = SeededGenerator(seed: seed)
        let scratch = try DaemonScratch(rules: Self.rules)
        let follower = Follower(scratch)
        var daemon = try scratch.start()
        for round in 1...12 {
            try follower.begin()
            let end = monotonicSeconds() + Double.random(in: 0.1...0.8, using: &random)
            while monotonicSeconds() < end {
                try scratch.append(Self.events(&random), to: "a.ndjson")
                _ = holds(within: 0.03) { false }
            }
            if random.oneIn(2) { try follower.kill() }
            if random.oneIn(2) {
                daemon.killNow()
                if random.oneIn(2) { Self.removeLeads(scratch) }
                daemon = try scratch.start()
            } else if round % 4 == 0 {
                // Under the running daemon: it makes a new one.
                Self.removeLeads(scratch)
            }
        }
        // It appears when it is complete.
        #expect(holds(within: 20) { FileManager.default.fileExists(atPath: scratch.leads) })
        _ = try scratch.settled()
        let journal = try scratch.rows("SELECT * FROM segment_changes ORDER BY seq")
        #expect(journal.count > 100, "seed \(seed)")
        try follower.begin()
        let last = journal.last?["seq"]?.int ?? 0
        #expect(try holds(within: 10) { try follower.read().last?.sequence ?? 0 >= last })
        let seen = try follower.read()
        #expect(seen.map(\.sequence) == journal.map { $0["seq"]?.int ?? 0 }, "seed \(seed)")
        #expect(Set(seen.map(\.change)).isSuperset(of: ["enter", "leave", "merge"]))

        let members = try scratch.rows("SELECT segment, contact_id FROM segment_members").map {
            "\($0["segment"]?.text ?? "") \($0["contact_id"]?.int ?? 0)"
        }
        #expect(Follower.copy(of: seen) == Set(members), "seed \(seed)")
    }

    @Test func `without since it begins with what comes next`() throws {
        let scratch = try DaemonScratch(rules: Self.rules)
        let daemon = try scratch.start()
        try scratch.append([eventLine("ann", type: "fair")], to: "a.ndjson")
        #expect(holds(within: 10) { scratch.number("SELECT count(*) FROM segment_changes") == 1 })
        let follower = Follower(scratch)
        try follower.begin(since: nil)
        // It has begun when it shows the first of several changes that are made until it does.
        var people = 0
        let hasBegun = try holds(within: 10) {
            people += 1
            try scratch.append([eventLine("p\(people)", type: "fair")], to: "a.ndjson")
            return try !follower.read().isEmpty
        }
        #expect(hasBegun)
        let first = try #require(try follower.read().first)
        #expect(first.sequence > 1)
        #expect(daemon.isRunning)
    }

    @Test func `another state under the same path is said, and not mixed up`() throws {
        let scratch = try DaemonScratch(rules: Self.rules)
        try scratch.append([eventLine("ann", type: "fair")], to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        let follower = Follower(scratch)
        try follower.begin()
        #expect(try holds(within: 10) { try follower.read().count == 1 })
        try FileManager.default.removeItem(atPath: scratch.state)
        try #require(try scratch.once().code == 0)
        #expect(follower.code(within: 10) == 65, "\(follower.talk)")
        #expect(follower.talk.contains("another state"))
    }

    /// Changes for a handful of people: up, down, and cookies that get to belong to somebody.
    private static func events(_ random: inout SeededGenerator) -> [String] {
        (0..<6).map { _ in
            let person = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return eventLine("p\(person)", type: "unhappy")
            case 1: return cookieLine(person, "")
            case 2: return cookieLine(person, ",\"email\":\"p\(person)@example.com\"")
            default: return eventLine("p\(person)", type: "fair")
            }
        }
    }

    private static func cookieLine(_ person: Int, _ more: String) -> String {
        "{\"ts\":\(time(nil) * 1000),\"type\":\"fair\",\"cookie\":\"k\(person)\"\(more)}"
    }

    private static func removeLeads(_ scratch: DaemonScratch) {
        for suffix in ["", "-wal", "-shm"] { unsafe unlink(scratch.leads + suffix) }
    }
}

/// Runs `watch` over and over, always behind the last line that it has.
private final class Follower {
    struct Change {
        var sequence: Int64
        var segment: String?
        var contact: Int64
        var change: String
        var other: Int64
    }

    private let scratch: DaemonScratch
    private let output: URL
    private let talkFile: URL
    private var program: RunningProgram?

    init(_ scratch: DaemonScratch) {
        self.scratch = scratch
        output = scratch.directory.appending(path: "changes.ndjson")
        talkFile = scratch.directory.appending(path: "watch-talk")
    }

    var talk: String { program?.talk ?? "" }

    /// Starts it unless it runs; tried until it finds a database.
    func begin() throws { try begin(since: try read().last?.sequence ?? 0) }

    func begin(since: Int64?) throws {
        if let program, program.isRunning { return }
        let arguments =
            ["watch", "--state", scratch.state] + (since.map { ["--since", "\($0)"] } ?? [])
        let shell = ["/bin/sh", "-c", "exec \"$0\" \"$@\" >> '\(output.path)'"]
        program = try RunningProgram(
            .released("leadscore"), arguments, talkFile: talkFile, wrapper: shell)
    }

    func kill() throws { program?.killNow() }

    func code(within seconds: Double) -> Int32? { program?.code(within: seconds) }

    /// The complete lines so far.
    func read() throws -> [Change] {
        guard let data = try? Data(contentsOf: output) else { return [] }
        let text = String(decoding: data, as: UTF8.self)
        return try text.split(separator: "\n").filter { $0.hasSuffix("}") }.map { line in
            let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            func number(_ key: String) -> Int64 { (json?[key] as? NSNumber)?.int64Value ?? 0 }
            return Change(
                sequence: number("seq"), segment: json?["segment"] as? String,
                contact: number("contact_id"), change: json?["change"] as? String ?? "",
                other: number("other_contact_id"))
        }
    }

    /// The memberships that the changes come to, applied as the page of the schema says.
    static func copy(of changes: [Change]) -> Set<String> {
        var members: Set<String> = []
        for change in changes {
            guard let segment = change.segment else { continue }
            switch change.change {
            case "enter": members.insert("\(segment) \(change.contact)")
            case "leave": members.remove("\(segment) \(change.contact)")
            default:
                members.remove("\(segment) \(change.contact)")
                members.insert("\(segment) \(change.other)")
            }
        }
        return members
    }
}
