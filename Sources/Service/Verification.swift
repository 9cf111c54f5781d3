import Core
import Store

/// A way to read the state: through the daemon that owns it, or directly when none runs.
protocol StateAccess {
    /// Runs `body` where the state may be read. Other work may come between two calls.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (StateStore, Rules, Day) throws(StoreError) -> T
    ) throws(StoreError) -> T
}

/// Holds the state to the laws of counting, and what is computed fast to what is computed slowly.
struct Verification {
    /// One law.
    struct Check: Sendable {
        var name: String
        var isKept: Bool
        var detail: String
    }

    private(set) var checks: [Check] = []

    /// Contacts whose scores are computed both ways, spread evenly over all of them.
    private static let sample = 2000

    /// Checks everything.
    ///
    /// - Complexity: O(size of the state) for the sums; the slow reference is computed for a sample.
    init(_ access: some StateAccess) throws(StoreError) {
        checks.append(try Self.integrity(access))
        checks += try Self.conservation(access)
        checks.append(try Self.mass(access))
        checks.append(try Self.persons(access))
        checks.append(try Self.scores(access))
    }

    /// `{ok, checks}`.
    var value: ControlValue {
        .object([
            "ok": .bool(checks.allSatisfy(\.isKept)),
            "checks": .array(
                checks.map {
                    .object([
                        "name": .string($0.name), "ok": .bool($0.isKept),
                        "detail": .string($0.detail),
                    ])
                }),
        ])
    }

    private static func integrity(_ access: some StateAccess) throws(StoreError) -> Check {
        let damage = try access.read { store, _, _ throws(StoreError) in
            try store.damage(budgetSeconds: 5)
        }
        return Check(
            name: "integrity", isKept: damage == nil,
            detail: damage ?? "SQLite finds nothing wrong with state.db")
    }

    /// records_read = applied + duplicate + filtered + quarantined + suppressed, and every line is a
    /// record, or several where its source has such lines.
    private static func conservation(_ access: some StateAccess) throws(StoreError) -> [Check] {
        let (streams, several) = try access.read { store, _, _ throws(StoreError) in
            let streams = try store.streams()
            var several: Set<String> = []
            for source in Set(streams.map(\.position.source)) {
                if try store.hasHeldSeveral(source) { several.insert(source) }
            }
            return (streams, several)
        }
        let sources = Dictionary(grouping: streams, by: \.position.source)
        return sources.sorted { $0.key < $1.key }.map { name, streams in
            let records = streams.reduce(0) { $0 + $1.records }
            let lines = streams.reduce(0) { $0 + $1.lines }
            let counts = Outcome.allCases.map { outcome in
                (outcome.name, streams.reduce(0) { $0 + $1[outcome] })
            }
            let isKept = streams.allSatisfy { stream in
                stream.records == Outcome.allCases.reduce(0) { $0 + stream[$1] }
                    && (several.contains(name)
                        ? stream.lines <= stream.records : stream.lines == stream.records)
                    && stream.position.offset >= 0
            }
            let sum = counts.map { "\($0.1) \($0.0)" }.joined(separator: " + ")
            return Check(
                name: "conservation \(name)", isKept: isKept,
                detail: "\(lines) lines, \(records) records = \(sum)")
        }
    }

    /// Σ n over all cells and lifetime counts + erased + expired = applied.
    private static func mass(_ access: some StateAccess) throws(StoreError) -> Check {
        let (mass, departed, applied) = try access.read { store, rules, _ throws(StoreError) in
            let applied = try store.streams().reduce(0) { $0 + $1[.applied] }
            return (try store.mass(store.names()), try store.departed(), applied)
        }
        return Check(
            name: "cells", isKept: mass + departed == applied,
            detail: "\(mass) in cells + \(departed) erased or expired = \(applied) applied")
    }

    private static func persons(_ access: some StateAccess) throws(StoreError) -> Check {
        var looked = 0
        var wrong = 0
        var last: Int64? = 0
        while let after = last {
            let step = try access.read { store, _, _ throws(StoreError) in
                try store.misplaced(after: after, limit: 5000)
            }
            looked += step.looked
            wrong += step.found.count
            last = step.last
        }
        return Check(
            name: "persons", isKept: wrong == 0,
            detail:
                "\(looked) linked identifiers, \(wrong) with another person than their edges say")
    }

    private static func scores(_ access: some StateAccess) throws(StoreError) -> Check {
        let total = try access.read { store, _, _ throws(StoreError) in
            try store.identifierCount()
        }
        let stride = max(1, Int(total) / sample)
        var compared = 0
        var wrong: [Int64] = []
        var after: Int64? = 0
        while let id = after {
            let step = try access.read { store, rules, day throws(StoreError) in
                try compare(store, rules, day, after: id, stride: stride)
            }
            compared += step.compared
            wrong += step.wrong
            after = step.last
        }
        return Check(
            name: "scores", isKept: wrong.isEmpty,
            detail: wrong.isEmpty
                ? "\(compared) contacts agree with the reference"
                : "contact \(wrong[0]) and \(wrong.count - 1) more differ from the reference")
    }

    /// Compares every `stride`-th of the next contacts.
    private static func compare(
        _ store: StateStore, _ rules: Rules, _ day: Day, after: Int64, stride: Int
    ) throws(StoreError) -> (compared: Int, wrong: [Int64], last: Int64?) {
        let persons = try store.persons(after: after, limit: 100 * stride)
        var wrong: [Int64] = []
        var compared = 0
        for place in Swift.stride(from: 0, to: persons.count, by: stride) {
            let cells = persons[place].members.flatMap(\.cells)
            let fast = Engagement(of: History(cells), on: day, under: rules.scoring)
            let slow = EngagementReference.engagement(
                of: cells, on: day, signals: rules.signals, mql: rules.model.mql)
            compared += 1
            if fast != slow { wrong.append(persons[place].contact) }
        }
        return (compared, wrong, persons.count < 100 * stride ? nil : persons.last?.contact)
    }
}
