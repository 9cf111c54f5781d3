/// Which signals tell whether mail reaches somebody.
public struct MailSignals: Sendable {
    /// What a signal says of the mail.
    enum Role: UInt8, Sendable {
        case nothing
        /// Opened, clicked, delivered: by a machine too, for that had the mail.
        case sign
        case soft
        case hard
        case unsubscribe
        case complaint
    }

    private let roles: [Role]

    /// The signals of a model.
    ///
    /// A sign of delivery is every signal that can take events of type `open`, `click` or
    /// `delivered`, under whatever name.
    ///
    /// - Parameters:
    ///   - number: The number of a signal's name; nil if it has none.
    ///   - twin: The number of its machine twin.
    public init(
        _ model: Model, number: (String) -> SignalID?, twin: (String) -> SignalID? = { _ in nil }
    ) {
        var roles: [Role] = []
        func set(_ role: Role, _ id: SignalID?) {
            guard let id else { return }
            while roles.count <= Int(id) { roles.append(.nothing) }
            roles[Int(id)] = role
        }
        for signal in model.signals where Self.isSign(signal) {
            set(.sign, number(signal.name))
            set(.sign, twin(signal.name))
        }
        set(.soft, number(BuiltInSignal.softBounce.rawValue))
        set(.hard, number(BuiltInSignal.hardBounce.rawValue))
        set(.unsubscribe, number(BuiltInSignal.unsubscribe.rawValue))
        set(.complaint, number(BuiltInSignal.complaint.rawValue))
        self.roles = roles
    }

    func role(of signal: SignalID) -> Role {
        Int(signal) < roles.count ? roles[Int(signal)] : .nothing
    }

    private static func isSign(_ signal: SignalRule) -> Bool {
        let builtIn = BuiltInSignal(rawValue: signal.name).map { [$0.conditions] }
        return (signal.when ?? builtIn ?? []).contains { set in
            guard let types = set.globs[.type] else { return false }
            return (["open", "click", "delivered"] as [StaticString]).contains { type in
                types.contains { $0.matches(Event.literal(type)) }
            }
        }
    }
}
