import Core
import Store

/// The rules by which the store derives what is published.
struct Rules: Sendable {
    var model: Model
    var scoring: ScoringModel
    var topics: ScoringModel
    var names: NameTable
    var signals: [SignalID: ScoredSignal]
    var profile: ProfileRules
    var mail: MailSignals
    var configurationHash: String

    /// A model with the numbers that the state has given to its names.
    init(model: Model, names: NameTable, configurationHash: String) {
        self.model = model
        self.names = names
        self.configurationHash = configurationHash
        profile = ProfileRules(model)
        mail = MailSignals(
            model, number: { names.number($0) }, twin: { names.number($0, .machineTwin) })
        var signals: [SignalID: ScoredSignal] = [:]
        for rule in model.signals {
            if let number = names.number(rule.name) {
                signals[number] = ScoredSignal(rule, in: model)
            }
        }
        self.signals = signals
        var interests: [SignalID: ScoredSignal] = [:]
        for rule in model.topics {
            guard let number = names.number(rule.name, .topic) else { continue }
            interests[number] = ScoredSignal(weight: 1, halfLife: rule.halfLife ?? model.halfLife)
        }
        scoring = ScoringModel(
            signals: signals, mql: model.mql, purchase: names.number(model.purchaseSignal))
        topics = ScoringModel(signals: interests, mql: .infinity, purchase: nil)
    }

    /// The signals that take machines alone, separated by blanks.
    var machineSignals: String {
        model.signals.filter { signal in
            signal.when?.allSatisfy { $0.origins == [.machine] } ?? false
        }.map(\.name).joined(separator: " ")
    }

    /// By what machines are told from people, on a day.
    func machines(on day: Day) -> MachineWatch {
        MachineWatch(
            model, on: day, number: { names.number($0) }, twin: { names.number($0, .machineTwin) },
            rule: { names.number($0.name, .originRule) })
    }

    /// Up to when counts are kept by day, on a day.
    func retention(on day: Day) -> Retention {
        Retention(days: model.retentionDays, on: day, purchase: scoring.purchase)
    }
}
