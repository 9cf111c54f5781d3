/// What a source may claim, and within which scope its duplicates are looked for.
public struct SourceScope: Sendable {
    /// The source's name, kept with the traits that it states.
    public var name: String
    /// How much it may claim.
    public var trust: Trust
    /// 0 for all sources of full trust together, a number of its own for every other.
    public var scope: UInt32
    /// Whether it is an export of another system, whose attributes are imported rather than stated.
    public var isImport: Bool

    /// A source's rights.
    public init(name: String, trust: Trust, scope: UInt32, isImport: Bool = false) {
        self.name = name
        self.trust = trust
        self.scope = scope
        self.isImport = isImport
    }

    /// How an attribute on an event came to be known: `imported` from another system, `stated` in a
    /// profile, or else `observed`.
    func origin(of event: borrowing Event) -> String {
        isImport ? "imported" : event.type.equals("profile") ? "stated" : "observed"
    }
}

/// Folds events into a delta: decides the outcome of each, and adds what an applied one changes.
///
/// The only door through which an event changes facts. Nothing is allocated for an event whose
/// identifiers and cells the delta knows already.
///
/// Events are looked at one by one (`admit`) and added some at a time (`settle`): while the next one
/// is looked at, memory brings what the last ones will need.
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
    /// The zone in which days begin.
    public let zone: FixedZone
    private var currency: [UInt8]
    private let hash: KeyedHash
    private var userAgents = UserAgentCache()
    private let normalizer = IdentifierNormalizer()
    private var pending = PendingEvents()
    /// What was settled since `settle` was last called.
    private var settled = Settled()

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

    /// What became of the events that `admit` gave no verdict.
    public struct Settled: Equatable, Sendable {
        /// How many were applied.
        public var applied: Int64 = 0
        /// How many were counted before.
        public var duplicates: Int64 = 0
    }

    /// Gives an event its outcome, and adds it to the facts if it is applied.
    public mutating func fold(
        _ event: borrowing Event, from source: SourceScope, into delta: inout FactDelta
    ) -> Verdict {
        if let verdict = admit(event, from: source, into: &delta) { return verdict }
        return settle(into: &delta).duplicates > 0 ? .duplicate : .applied
    }

    /// Looks at an event, which need not be valid any longer afterwards.
    ///
    /// - Returns: its outcome; nil if `settle` decides between applied and duplicate.
    public mutating func admit(
        _ event: borrowing Event, from source: SourceScope, into delta: inout FactDelta
    ) -> Verdict? {
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
        let (origin, originRule) = origin(of: event)
        guard let signal = matcher.signal(for: event, by: origin) else { return .noSignal }

        if isAnyErased(customer, email, cookie) { return .suppressed }
        let isTrusted = source.trust == .full || event.isVouched
        let isStatement =
            isTrusted
            && !(event.traits.isEmpty && event.stage.isEmpty && event.owner.isEmpty)
        if isStatement || pending.isFull { settleWaiting(into: &delta) }

        let rootHash = hash(normalizer.hashed(root.value, as: root.kind))
        var entry = PendingEvents.Entry(
            at: event.at, day: day, signal: signal.id, isTrusted: isTrusted)
        entry.amount = amount(of: event)
        if !event.id.isEmpty {
            let key = key(of: event, rootHash, event.isVouched ? 0 : source.scope)
            deduplicator.prefetch(key, day: day)
            entry.key = key
        }
        pending.begin(entry)
        name(root.value, root.kind, hash: rootHash, delta)
        if case .identifier(let value) = email, root.kind != .email { name(value, .email, delta) }
        if case .identifier(let value) = cookie, root.kind != .cookie {
            name(value, .cookie, delta)
        }
        matcher.forEachTopic(of: event, by: origin) { pending.tells(of: $0) }
        if signal.isSetAside, let rule = matcher.number(of: originRule) { pending.tells(of: rule) }
        keepTrace(of: event, by: origin, root.kind, entry)
        guard isStatement else { return nil }
        return settleStatement(event, source, &delta)
    }

    /// Whether an event names an erased person.
    public func namesErased(_ event: borrowing Event) -> Bool {
        guard !erased.isEmpty else { return false }
        return isAnyErased(
            normalizer.normalize(event.customerID, as: .customerID),
            normalizer.normalize(event.email, as: .email),
            normalizer.normalize(event.cookie, as: .cookie))
    }

    private func isAnyErased(
        _ customer: IdentifierNormalizer.Result, _ email: IdentifierNormalizer.Result,
        _ cookie: IdentifierNormalizer.Result
    ) -> Bool {
        guard !erased.isEmpty else { return false }
        return isErased(customer, .customerID) || isErased(email, .email)
            || isErased(cookie, .cookie)
    }

    private func isErased(_ field: IdentifierNormalizer.Result, _ kind: IdentifierKind) -> Bool {
        guard case .identifier(let value) = field else { return false }
        return erased.contains(hash(normalizer.hashed(value, as: kind)))
    }

    /// Adds all that waits to the facts.
    ///
    /// - Returns: what became of the events since it was last called.
    public mutating func settle(into delta: inout FactDelta) -> Settled {
        settleWaiting(into: &delta)
        defer { settled = Settled() }
        return settled
    }

    /// Keeps in mind what may make the event, or others, a machine's.
    private mutating func keepTrace(
        of event: borrowing Event, by origin: Origin, _ kind: IdentifierKind,
        _ entry: PendingEvents.Entry
    ) {
        if kind == .cookie, event.readsRobots, let rule = matcher.number(of: .robots) {
            pending.tells(of: rule)
        }
        guard matcher.isTraced(event) else { return }
        let isHoneypot = matcher.isHoneypot(event)
        var link: UInt64 = 0
        if event.isMessageClick {
            let end = event.url.first(0x23) ?? event.url.count
            let message = event.message.isEmpty ? event.campaign : event.message
            link = TraceLog.link(hash(event.url[0..<end]), of: hash(message))
        }
        guard link != 0 || isHoneypot || origin != .machine else { return }
        let trace = TraceLog.Row(
            second: event.at.milliseconds / 1000, link: link, identifier: 0, isHoneypot: isHoneypot,
            shifts: 0..<0)
        pending.leaves(trace) {
            matcher.addShifts(
                of: event, by: origin, countedFor: entry.signal, entry.amount, to: &$0)
        }
    }

    /// As `Event.judged`, remembering what was found out about user agents.
    private mutating func origin(of event: borrowing Event) -> (Origin, OriginRule) {
        if let stated = event.stated { return stated }
        guard !event.userAgent.isEmpty else { return (.unknown, .none) }
        return event.judged(
            by: userAgents.rule(for: event.userAgent, hash: hash(event.userAgent)))
    }

    private mutating func name(
        _ value: ByteSlice, _ kind: IdentifierKind, hash: UInt64? = nil,
        _ delta: borrowing FactDelta
    ) {
        let hash = hash ?? self.hash(normalizer.hashed(value, as: kind))
        delta.prefetch(hash)
        pending.name(value, kind, hash: hash)
    }

    private mutating func settleWaiting(into delta: inout FactDelta) {
        let all = Int64(pending.entries.count)
        let duplicates = pending.findDuplicates(&deduplicator)
        pending.add(to: &delta)
        settled.applied += all - duplicates
        settled.duplicates += duplicates
    }

    /// Settles an event that also states something; nothing else waits.
    private mutating func settleStatement(
        _ event: borrowing Event, _ source: SourceScope, _ delta: inout FactDelta
    ) -> Verdict {
        guard pending.findDuplicates(&deduplicator) == 0 else {
            pending.clear()
            return .duplicate
        }
        if let root = pending.add(to: &delta) { state(event, of: root, source, &delta) }
        return .applied
    }

    private func state(
        _ event: borrowing Event, of number: Int, _ source: SourceScope, _ delta: inout FactDelta
    ) {
        let at = event.at.milliseconds
        let origin = source.origin(of: event)
        for trait in event.traits {
            delta.state(
                Trait(value: trait.value.array, at: at, source: origin),
                attribute: trait.attribute.array, of: number)
        }
        if !event.stage.isEmpty {
            delta.state(
                Trait(value: event.stage.array, at: at, source: origin),
                attribute: Trait.stageAttribute, of: number)
        }
        if !event.owner.isEmpty {
            delta.state(
                Trait(value: event.owner.array, at: at, source: origin),
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
