/// What a state needs to know to tell machines from people by what they do.
public struct MachineWatch: Sendable {
    /// Decides about the seconds of an identifier.
    public var verdict: MachineVerdict
    /// Decides about anonymous browsers, as their counts are read.
    public var crawlers: Crawlers
    /// The first second that is remembered; what is older goes when a day begins.
    public var start: Int64
    /// The zone in which days begin.
    public var zone: FixedZone
    private let sweep: SignalID?
    private let honeypot: SignalID?

    /// What a model says, on a day.
    ///
    /// - Parameters:
    ///   - number: The number of a signal's name; nil if it has none.
    ///   - twin: The number of its machine twin.
    ///   - rule: The number under which it is noted that a rule applied.
    public init(
        _ model: Model, on day: Day, number: (String) -> SignalID?, twin: (String) -> SignalID?,
        rule: (OriginRule) -> SignalID?
    ) {
        verdict = MachineVerdict(model.machines)
        crawlers = Crawlers(model, number: number, twin: twin, rule: rule)
        zone = model.zone
        let first = day.adding(-MachineRules.days - 1).end(in: model.zone).milliseconds / 1000
        start = TraceCodec.row(of: max(0, first)) * TraceCodec.rowSeconds
        sweep = rule(.sweep)
        honeypot = rule(.honeypot)
    }

    /// The number under which it is noted how much a rule set aside.
    public func number(of rule: OriginRule) -> SignalID? { rule == .sweep ? sweep : honeypot }
}
