/// Tells crawlers by how much they read, and by what: a function of the counts, applied as they are
/// read, so that it costs nothing to take back once somebody is known behind the browser.
public struct Crawlers: Sendable, Equatable {
    /// A day with more page hits than this is a machine's; nil: none is.
    private let pageHits: Int64?
    /// Whether who reads robots.txt is a machine.
    private let robots: Bool
    /// By signal: its machine twin; nil for what stays, whoever did it.
    private let twins: [SignalID?]
    /// By signal: whether its events are page hits.
    private let isPage: [Bool]
    private let volumeRule: SignalID?
    private let robotsRule: SignalID?

    /// The crawlers of a model.
    ///
    /// Page hits are what counts for a signal that takes events of type `visit`, under whatever name.
    ///
    /// - Parameters:
    ///   - number: The number of a signal's name; nil if it has none.
    ///   - twin: The number of its machine twin.
    ///   - rule: The number under which it is noted that a rule applied.
    public init(
        _ model: Model, number: (String) -> SignalID?, twin: (String) -> SignalID?,
        rule: (OriginRule) -> SignalID?
    ) {
        pageHits = model.machines.pageHits.map(Int64.init)
        robots = model.machines.robots
        volumeRule = rule(.volume)
        robotsRule = rule(.robots)
        var twins: [SignalID?] = []
        var isPage: [Bool] = []
        for signal in model.signals where signal.name != model.purchaseSignal {
            guard let id = number(signal.name), let twin = twin(signal.name) else { continue }
            let sets = signal.when ?? BuiltInSignal(rawValue: signal.name).map { [$0.conditions] }
            // What takes machines too means them; what takes them alone has them already.
            guard let sets, !sets.contains(where: { $0.origins.contains(.machine) }) else {
                continue
            }
            while twins.count <= Int(max(id, twin)) {
                twins.append(nil)
                isPage.append(false)
            }
            twins[Int(id)] = twin
            let visits = sets.contains { set in
                set.globs[.type]?.contains { $0.matches(Event.literal("visit")) } ?? true
            }
            isPage[Int(id)] = visits
            isPage[Int(twin)] = visits
        }
        self.twins = twins
        self.isPage = isPage
    }

    /// The twins of what a person's anonymous browsers did, where that was a machine's.
    ///
    /// Nobody of whom a customer number or a mailbox is known is taken for a machine by volume: they
    /// may have shared the browser, or be keen.
    ///
    /// - Complexity: O(c) in the person's cells, O(c log c) for a machine.
    public func setAside(in person: inout PersonFacts) {
        let isAnonymous = person.members.allSatisfy {
            $0.identifier.kind == .cookie && !$0.ambiguous
        }
        for place in person.members.indices {
            let readsRobots = takeRobots(from: &person.members[place])
            guard isAnonymous else { continue }
            if readsRobots, robots, let robotsRule {
                moveAll(of: &person.members[place], robotsRule)
            } else if let pageHits, let volumeRule {
                moveBusyDays(of: &person.members[place], over: pageHits, volumeRule)
            }
        }
    }

    /// Takes out what was noted of reading robots.txt, which is no count of what was set aside.
    private func takeRobots(from member: inout PersonFacts.Member) -> Bool {
        guard let robotsRule else { return false }
        var found = member.lifetime.removeValue(forKey: robotsRule) != nil
        guard member.cells.contains(where: { $0.signal == robotsRule }) else { return found }
        member.cells.removeAll { $0.signal == robotsRule }
        found = true
        return found
    }

    private func moveAll(of member: inout PersonFacts.Member, _ rule: SignalID) {
        member.cells = moved(member.cells[...], rule)
        for (signal, tally) in member.lifetime {
            guard let twin = twin(of: signal) else { continue }
            member.lifetime[signal] = nil
            for (target, added) in [(twin, tally), (rule, Tally(n: tally.n, value: 0))] {
                member.lifetime[target, default: Tally(n: 0, value: 0)].add(added)
            }
        }
    }

    private func moveBusyDays(
        of member: inout PersonFacts.Member, over limit: Int64, _ rule: SignalID
    ) {
        var start = 0
        while start < member.cells.count {
            let day = member.cells[start].day
            var hits: Int64 = 0
            var end = start
            while end < member.cells.count, member.cells[end].day == day {
                let signal = Int(member.cells[end].signal)
                if signal < isPage.count, isPage[signal] { hits += member.cells[end].tally.n }
                end += 1
            }
            if hits > limit {
                let cells = moved(member.cells[start..<end], rule)
                member.cells.replaceSubrange(start..<end, with: cells)
                end = start + cells.count
            }
            start = end
        }
    }

    /// Cells with the twins of their signals, and how much is set aside beside them.
    private func moved(_ cells: ArraySlice<DailyCell>, _ rule: SignalID) -> [DailyCell] {
        var all: [DailyCell] = []
        for cell in cells {
            guard let twin = twin(of: cell.signal) else {
                all.append(cell)
                continue
            }
            all.append(DailyCell(day: cell.day, signal: twin, tally: cell.tally))
            all.append(
                DailyCell(day: cell.day, signal: rule, tally: Tally(n: cell.tally.n, value: 0)))
        }
        var merged: [DailyCell] = []
        for cell in all.sorted(by: { ($0.day, $0.signal) < ($1.day, $1.signal) }) {
            if let last = merged.last, last.day == cell.day, last.signal == cell.signal {
                merged[merged.count - 1].tally.add(cell.tally)
            } else {
                merged.append(cell)
            }
        }
        return merged
    }

    private func twin(of signal: SignalID) -> SignalID? {
        Int(signal) < twins.count ? twins[Int(signal)] : nil
    }
}
