/// What a source may claim, and within which scope its duplicates are looked for.
public struct SourceScope: Sendable {
    /// The source's name, kept with the traits that it states.
    public var name: String
    /// How much it may claim.
    public var trust: Trust
    /// 0 for all sources of full trust together, a number of its own for every other.
    public var scope: UInt32

    /// A source's rights.
    public init(name: String, trust: Trust, scope: UInt32) {
        self.name = name
        self.trust = trust
        self.scope = scope
    }
}

/// Folds events into a delta: decides the outcome of each, and adds what an applied one changes.
///
/// The only door through which an event changes facts. Nothing is allocated for an event whose
/// identifiers and cells the delta knows already.
public struct EventFold: ~Copyable {
    /// Events before this are `too_old`: 2000-01-01T00:00:00Z.
    private static let oldest = Instant(946_684_800_000)

    /// Events after this are `future`.
    public var latest: Instant
    /// Events in another currency than the configured one, whose value counted as 0.
    public private(set) var foreignCurrency: Int64 = 0
    /// Tokens of the identifiers of erased persons: whatever names one of them is `suppressed`.
    public var erased: Set<UInt64> = []
    /// Which events were counted before.
    public var deduplicator: Deduplicator

    private var matcher: SignalMatcher
    private let zone: FixedZone
    private var currency: [UInt8]
    private let hash: KeyedHash
    private let normalizer = IdentifierNormalizer()

    /// An identifier of the event at hand, with its number in the delta.
    private struct Named {
        var kind: IdentifierKind
        var hash: UInt64
        var number: Int
    }

    /// A fold under a model.
    ///
    /// - Parameters:
    ///   - hash: The state's own hash, under which identifiers and duplicates are known.
    ///   - latest: The time after which events are `future`.
    public init(
        model: Model, matcher: SignalMatcher, hash: KeyedHash, deduplicator: Deduplicator,
        latest: Instant
    ) {
        self.matcher = matcher
        self.zone = model.zone
        self.currency = Array(model.currency.utf8)
        self.hash = hash
        self.deduplicator = deduplicator
        self.latest = latest
    }

    /// Replaces the rules at a reload; what is remembered of duplicates stays, up to the new limit.
    public mutating func use(_ model: Model, matcher: SignalMatcher) {
        self.matcher = matcher
        currency = Array(model.currency.utf8)
        deduplicator.use(limit: model.dedupeMax)
    }

    /// Gives an event its outcome, and adds it to the facts if it is applied.
    public mutating func fold(
        _ event: borrowing Event, from source: SourceScope, into delta: inout FactDelta
    ) -> Verdict {
        let day = Day(of: event.at, in: zone)
        guard event.at <= latest, day <= CellKey.lastDay else { return .future }
        guard event.at >= Self.oldest else { return .tooOld }
        for trait in event.traits where trait.attribute.first(0x24) == 0 { return .traits }

        let customer = normalizer.normalize(event.customerID, as: .customerID)
        let email = normalizer.normalize(event.email, as: .email)
        let cookie = normalizer.normalize(event.cookie, as: .cookie)
        if case .unusable = email { return .email }

        var root: (kind: IdentifierKind, value: ByteSlice)? = nil
        if case .identifier(let value) = cookie { root = (.cookie, value) }
        if case .identifier(let value) = email { root = (.email, value) }
        if case .identifier(let value) = customer { root = (.customerID, value) }
        guard let root else { return .noIdentifier }
        guard let signal = matcher.signal(for: event) else { return .noSignal }

        if !erased.isEmpty,
            isErased(customer, .customerID) || isErased(email, .email)
                || isErased(cookie, .cookie)
        {
            return .suppressed
        }
        let rootHash = hash(normalizer.hashed(root.value, as: root.kind))
        if !event.id.isEmpty,
            !deduplicator.isFirst(key(of: event, rootHash, source.scope), day: day)
        {
            return .duplicate
        }
        let number = delta.number(of: root.value, kind: root.kind, hash: rootHash)
        delta.saw(number, at: event.at)
        delta.add(
            Tally(n: 1, value: amount(of: event)),
            to: CellKey(identifier: number, day: day, signal: signal))
        if case .identifier(let value) = email, root.kind != .email {
            join(value, .email, to: number, root.kind, event.at, source, &delta)
        }
        if case .identifier(let value) = cookie, root.kind != .cookie {
            join(value, .cookie, to: number, root.kind, event.at, source, &delta)
        }
        matcher.forEachTopic(of: event) { topic in
            delta.add(
                Tally(n: 1, value: 0), to: CellKey(identifier: number, day: day, signal: topic))
        }
        if source.trust == .full { state(event, of: number, source, &delta) }
        return .applied
    }

    private func isErased(_ field: IdentifierNormalizer.Result, _ kind: IdentifierKind) -> Bool {
        guard case .identifier(let value) = field else { return false }
        return erased.contains(hash(normalizer.hashed(value, as: kind)))
    }

    /// An edge from the event's highest-ranked identifier to another one of it: a star.
    private func join(
        _ value: ByteSlice, _ kind: IdentifierKind, to root: Int, _ rootKind: IdentifierKind,
        _ at: Instant, _ source: SourceScope, _ delta: inout FactDelta
    ) {
        let number = delta.number(
            of: value, kind: kind, hash: hash(normalizer.hashed(value, as: kind)))
        delta.saw(number, at: at)
        if source.trust == .full || (rootKind == .email && kind == .cookie) {
            delta.addEdge(lower: number, higher: root, at: at)
        }
    }

    private func state(
        _ event: borrowing Event, of number: Int, _ source: SourceScope, _ delta: inout FactDelta
    ) {
        let at = event.at.milliseconds
        for trait in event.traits {
            delta.state(
                Trait(value: trait.value.array, at: at, source: source.name),
                attribute: trait.attribute.array, of: number)
        }
        if !event.stage.isEmpty {
            delta.state(
                Trait(value: event.stage.array, at: at, source: source.name),
                attribute: Trait.stageAttribute, of: number)
        }
        if !event.owner.isEmpty {
            delta.state(
                Trait(value: event.owner.array, at: at, source: source.name),
                attribute: Trait.ownerAttribute, of: number)
        }
    }

    private mutating func amount(of event: borrowing Event) -> Int64 {
        guard event.value.tenThousandths != 0, !event.currency.isEmpty, !currency.isEmpty else {
            return event.value.tenThousandths
        }
        let same = unsafe event.currency.buffer.elementsEqual(currency)
        if !same { foreignCurrency += 1 }
        return same ? event.value.tenThousandths : 0
    }

    /// The key by which a second copy of the event is known: scope, id, ts, type and identifier.
    ///
    /// The texts are hashed with the state's secret; what comes out is mixed with the numbers by
    /// multiplication, which loses nothing that an outsider could aim at.
    private func key(of event: borrowing Event, _ identifier: UInt64, _ scope: UInt32) -> UInt64 {
        let what = Self.mix(hash(event.id), hash(event.type))
        let when = Self.mix(UInt64(bitPattern: event.at.milliseconds), UInt64(scope))
        return Self.mix(Self.mix(what, identifier), when)
    }

    /// Both halves of a 128-bit product of the two, each made odd by a constant of its own.
    ///
    /// - Source: the mixing step of wyhash (Wang Yi, public domain).
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ 0x9E37_79B9_7F4A_7C15)
            .multipliedFullWidth(by: right ^ 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
