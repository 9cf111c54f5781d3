import CSimdjson
public import Core

/// The native format, `events`: NDJSON, one object per line.
///
/// Nothing is allocated for a line, but for one with traits.
@safe
public final class EventsDecoder: LineDecoder {
    private let parser: OpaquePointer
    // Not a stored struct: each access to one is checked for exclusivity.
    private let fields: UnsafeMutablePointer<lsj_event>

    /// A decoder.
    public init() {
        unsafe parser = lsj_new()
        unsafe fields = .allocate(capacity: 1)
        unsafe fields.initialize(to: lsj_event())
    }

    deinit {
        unsafe lsj_free(parser)
        unsafe fields.deallocate()
    }

    /// Decodes one line; a carriage return at its end is dropped.
    public func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        // SAFETY: the slices of `fields` point into the line and the parser's buffer, which is as
        // long as those of `event` are promised to be valid.
        guard let start = unsafe line.start else { return .blank }
        var count = line.count
        if unsafe count > 0 && start[count - 1] == 0x0D { count -= 1 }
        if count == 0 { return .blank }
        if unsafe start[0] <= 0x20, line[0..<count].isBlank { return .blank }
        let error = unsafe lsj_decode(parser, start, count, fields)
        guard error == 0 else { return Self.verdict(of: error) }
        guard let at = unsafe Self.instant(fields.pointee.ts) else { return .time }
        event.at = at
        unsafe event.type = Self.slice(fields.pointee.type)
        guard Event.isType(event.type) else { return .type }
        if unsafe fields.pointee.value.kind == 0 {
            event.value = Money(tenThousandths: 0)
        } else {
            guard let value = unsafe Money(decimal: Self.slice(fields.pointee.value)) else {
                return .value
            }
            event.value = value
        }
        copyFields(to: &event)
        return copyTraits(to: &event)
    }

    private func copyFields(to event: inout Event) {
        unsafe event.customerID = Self.slice(fields.pointee.customer_id)
        unsafe event.email = Self.slice(fields.pointee.email)
        unsafe event.cookie = Self.slice(fields.pointee.cookie)
        unsafe event.id = Self.slice(fields.pointee.id)
        unsafe event.url = Self.slice(fields.pointee.url)
        unsafe event.campaign = Self.slice(fields.pointee.campaign)
        unsafe event.message = Self.slice(fields.pointee.message)
        unsafe event.search = Self.slice(fields.pointee.search)
        unsafe event.currency = Self.slice(fields.pointee.currency)
        unsafe event.status = Self.slice(fields.pointee.status)
        unsafe event.bounce = Self.slice(fields.pointee.bounce)
        unsafe event.userAgent = Self.slice(fields.pointee.ua)
        unsafe event.ip = Self.slice(fields.pointee.ip)
        unsafe event.stage = Self.slice(fields.pointee.stage)
        unsafe event.owner = Self.slice(fields.pointee.owner)
        event.origin = .unknown
        event.originRule = .none
        event.isVouched = false
    }

    private func copyTraits(to event: inout Event) -> Verdict? {
        if !event.traits.isEmpty { event.traits.removeAll(keepingCapacity: true) }
        if unsafe fields.pointee.traits_overflow != 0 { return .traits }
        let traits = unsafe Int(fields.pointee.traits_count)
        for index in 0..<traits {
            let trait = unsafe fields.pointee.traits[index]
            let attribute = unsafe Self.slice(trait.attribute)
            let value = unsafe Self.slice(trait.value)
            guard (1...Bounds.attributeBytes).contains(attribute.count),
                value.count <= Bounds.traitBytes
            else { return .traits }
            event.traits.append(StatedTrait(attribute: attribute, value: value))
        }
        return nil
    }

    /// The time of `ts`: RFC 3339, or integer milliseconds since 1970.
    ///
    /// An integer that does not fit is as far off as can be said, which later finds to be too far.
    @unsafe private static func instant(_ field: lsj_slice) -> Instant? {
        let text = unsafe slice(field)
        switch unsafe field.kind {
        case 1: return Instant(rfc3339: text)
        case 2: return milliseconds(text)
        default: return nil
        }
    }

    private static func milliseconds(_ digits: ByteSlice) -> Instant {
        let negative = digits[0] == 0x2D
        var value: Int64 = 0
        for place in (negative ? 1 : 0)..<digits.count {
            let digit = Int64(digits[place] &- 0x30)
            let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(digit)
            if tooLarge || overflow { return Instant(negative ? .min : .max) }
            value = sum
        }
        return Instant(negative ? -value : value)
    }

    @unsafe private static func slice(_ field: lsj_slice) -> ByteSlice {
        unsafe ByteSlice(start: field.start, count: Int(field.count))
    }

    private static func verdict(of error: Int32) -> Verdict {
        switch error {
        case Int32(LSJ_DEPTH.rawValue): .depth
        case Int32(LSJ_UTF8.rawValue): .utf8
        case Int32(LSJ_NUL.rawValue): .nul
        case Int32(LSJ_DUPLICATE_KEY.rawValue): .duplicateKey
        case Int32(LSJ_FIELD.rawValue): .field
        default: .json
        }
    }
}
