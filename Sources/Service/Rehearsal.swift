public import Core
import Ingest

/// What a configuration makes of one record.
public struct RehearsedRecord: Sendable {
    /// The number of its line, from 1.
    public var line: Int
    /// Its number within the line, from 1.
    public var number: Int
    /// What would become of it.
    public var verdict: Verdict
    /// More about the verdict, for people; nil if there is no more.
    public var detail: String?
    /// The signal that it would count for.
    public var signal: String?
    /// The event that was found in the line, by the names of the native format, in its order; empty
    /// if there is none.
    public var event: [(name: String, value: String)] = []
    /// Stated attributes with their values as JSON.
    public var traits: [(name: String, value: String)] = []
    /// Who it is about, in normal form, the highest kind first.
    public var identifiers: [(kind: IdentifierKind, value: String)] = []
    /// Whether a signature proves it.
    public var isVouched = false
}

/// Takes lines through a source of a configuration, as the daemon would, and changes nothing: what
/// `leadscore try` shows.
public final class Rehearsal {
    private let decoder: any LineDecoder
    private let scope: SourceScope
    private let signals: [String]
    private var fold: EventFold
    private var matcher: SignalMatcher
    private let normalizer = IdentifierNormalizer()
    private var event = Event()
    private var lines = 0

    /// A rehearsal for a source.
    ///
    /// - Returns: nil if the configuration has no source of that name.
    public init?(_ configuration: Configuration, source name: String) {
        guard let source = configuration.sources.first(where: { $0.name == name }),
            let format = LogFormat.named(source.format)
        else { return nil }
        let clock = Clock.system(asOf: nil)
        let model = configuration.model
        let own = model.signals.map(\.name)
        let names = own + own.map { $0 + ":machine" }
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        matcher = SignalMatcher(
            model: model, signalID: { SignalID(numbers[$0] ?? 0) }, topicID: { _ in 0 },
            twinID: { numbers[$0 + ":machine"].map(SignalID.init) })
        signals = names
        scope = SourceScope(
            name: name, trust: source.trust, scope: source.trust == .full ? 0 : 1)
        fold = EventFold(
            model: model, matcher: matcher,
            hash: KeyedHash(secret: [UInt8](repeating: 1, count: KeyedHash.secretLength)),
            deduplicator: Deduplicator(limit: model.dedupeMax),
            latest: clock.latestEvent(in: model.zone))
        decoder = format.makeDecoder(source)
        if let calendar = decoder as? any CalendarDecoder {
            calendar.zone = model.zone
            calendar.latest = clock.latestEvent(in: model.zone)
        }
        decoder.begin(stream: 1, head: [], offset: 0)
    }

    /// What becomes of a line, without its newline.
    public func read(_ line: [UInt8]) -> [RehearsedRecord] {
        lines += 1
        if line.count > Bounds.lineBytes {
            return [RehearsedRecord(line: lines, number: 1, verdict: .oversize)]
        }
        let padded = line + [UInt8](repeating: 0, count: 64)
        return unsafe padded.withUnsafeBufferPointer {
            read(unsafe ByteSlice(start: $0.baseAddress, count: line.count))
        }
    }

    private func read(_ line: ByteSlice) -> [RehearsedRecord] {
        var records = [record(decoder.decode(line, into: &event), line, 1)]
        if let batch = decoder as? any BatchDecoder {
            while batch.remaining > 0 {
                records.append(record(batch.decodeNext(into: &event), line, records.count + 1))
            }
        }
        return records
    }

    private func record(_ failure: Verdict?, _ line: ByteSlice, _ number: Int) -> RehearsedRecord {
        if let failure {
            return RehearsedRecord(
                line: lines, number: number, verdict: failure,
                detail: decoder.explain(line, failure))
        }
        var facts = FactDelta()
        let verdict = fold.fold(event, from: scope, into: &facts)
        var record = RehearsedRecord(line: lines, number: number, verdict: verdict)
        record.signal = matcher.signal(for: event, by: event.judged.origin).map {
            signals[Int($0.id)]
        }
        record.event = event.texts
        record.traits = event.traits.map { ($0.attribute.text, $0.value.text) }
        record.isVouched = event.isVouched
        for kind in IdentifierKind.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
            let raw =
                switch kind {
                case .customerID: event.customerID
                case .email: event.email
                case .cookie: event.cookie
                }
            if case .identifier(let value) = normalizer.normalize(raw, as: kind) {
                record.identifiers.append((kind, value.text))
            }
        }
        return record
    }
}

extension Event {
    /// The fields that are not empty, by their names in the native format.
    fileprivate var texts: [(name: String, value: String)] {
        let slices: [(String, ByteSlice)] = [
            ("type", type), ("customer_id", customerID), ("email", email), ("cookie", cookie),
            ("id", id), ("url", url), ("campaign", campaign), ("message", message),
            ("search", search),
        ]
        let rest: [(String, ByteSlice)] = [
            ("currency", currency), ("status", status), ("bounce", bounce), ("ua", userAgent),
            ("ip", ip), ("stage", stage), ("owner", owner),
        ]
        var texts = [("ts", at.rfc3339)] + slices.map { ($0.0, $0.1.text) }
        if value.tenThousandths != 0 { texts.append(("value", value.description)) }
        texts += rest.map { ($0.0, $0.1.text) }
        let judged = self.judged
        if judged.origin == .machine || origin != .unknown {
            texts += [("origin", judged.origin.name), ("origin_rule", judged.rule.name)]
        }
        return texts.filter { !$0.1.isEmpty }
    }
}
