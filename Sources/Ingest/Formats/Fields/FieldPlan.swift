import Core

/// What stands at a place of a record: of JSON at a pointer, of CSV in a column.
struct FieldScalar {
    enum Kind { case absent, text, number, boolean, container }

    var text = ByteSlice.empty
    var kind = Kind.absent

    static var absent: FieldScalar { FieldScalar() }
}

/// Finds what stands at the places of one record.
protocol FieldFinder: ~Copyable {
    /// What stands at the place of this number; absent if it is not there, null or empty.
    mutating func find(_ place: Int) -> FieldScalar
    /// A trait's value at a place, as JSON; empty if there is none.
    mutating func trait(_ place: Int) -> ByteSlice
}

/// A layout of fields with everything found that does not depend on a record: each place has a
/// number, and each text that events may point at an address.
struct FieldPlan: ~Copyable {
    /// One of our words for one of theirs.
    struct Word {
        let theirs: [UInt8]
        /// In `texts`.
        let ours: Int
    }

    /// One field.
    struct Taken {
        let field: EventField
        let places: [Int]
        let words: [Word]
        /// What any other word means, in `texts`.
        let otherwise: Int?
    }

    /// The places, by their numbers.
    let places: [String]
    let time: [Int]
    let type: [Int]
    /// All other fields.
    let taken: [Taken]
    /// Single traits: the name in `texts`, and the places.
    let traits: [(name: Int, places: [Int])]
    /// Their types: ours and a class of bounces in `texts`.
    let types: [(theirs: [UInt8], type: Int, bounce: Int?)]?
    let standardType: Int?
    let zone: FixedZone?
    let texts: StaticBytes

    /// The plan of a layout.
    ///
    /// - Parameter zone: of times that state none; nil: these are no times.
    init(_ layout: FieldLayout, zone: FixedZone?) {
        var places: [String] = []
        func numbers(_ names: [String]?) -> [Int] {
            (names ?? []).map { name in
                if let known = places.firstIndex(of: name) { return known }
                places.append(name)
                return places.count - 1
            }
        }
        var texts: [[UInt8]] = []
        func text(_ string: String) -> Int {
            texts.append(Array(string.utf8))
            return texts.count - 1
        }
        time = numbers(layout.fields[.ts])
        type = numbers(layout.fields[.type])
        taken = EventField.allCases.filter { $0 != .ts && $0 != .type }.compactMap { field in
            guard let names = layout.fields[field] else { return nil }
            let words = (layout.values[field] ?? [:]).sorted { $0.key < $1.key }
            return Taken(
                field: field, places: numbers(names),
                words: words.filter { $0.key != "*" }.map {
                    Word(theirs: Array($0.key.utf8), ours: text($0.value))
                }, otherwise: words.first { $0.key == "*" }.map { text($0.value) })
        }
        traits = layout.traits.keys.sorted().map { (text($0), numbers(layout.traits[$0])) }
        types = layout.types.map { types in
            types.sorted { $0.key < $1.key }.map { name, meaning in
                (Array(name.utf8), text(meaning.type), meaning.bounce.map { text($0) })
            }
        }
        standardType = layout.type.map { text($0) }
        self.zone = zone
        self.places = places
        self.texts = StaticBytes(texts)
    }
}

/// Makes events of what stands at the places of a plan.
extension FieldPlan {
    /// Fills an event from one record.
    ///
    /// - Returns: the reason if there is no event in it.
    borrowing func fill(
        _ event: inout Event, from finder: inout some FieldFinder & ~Copyable
    ) -> Verdict? {
        event.clear()
        var bounce: Int?
        if let verdict = takeType(&event, &bounce, from: &finder) { return verdict }
        guard let at = instant(from: &finder) else { return .time }
        event.at = at
        var translated = false
        for taken in taken {
            for place in taken.places {
                let scalar = finder.find(place)
                guard let (text, isOurs) = word(scalar, of: taken) else { continue }
                if text.isEmpty { continue }
                // A word of theirs for true is no address and no number.
                if scalar.kind == .boolean, isOurs == false { return .field }
                if let verdict = event.take(text, as: taken.field) { return verdict }
                if taken.field == .bounce { translated = isOurs }
                break
            }
        }
        settleBounce(&event, meaning: bounce, translated: translated)
        return takeTraits(&event, from: &finder)
    }

    private borrowing func takeType(
        _ event: inout Event, _ bounce: inout Int?, from finder: inout some FieldFinder & ~Copyable
    ) -> Verdict? {
        var isStated = false
        for place in type {
            let scalar = finder.find(place)
            guard scalar.kind == .text || scalar.kind == .number else { continue }
            guard let types else {
                event.type = scalar.text
                return Event.isType(event.type) ? nil : .type
            }
            isStated = true
            guard let meaning = types.first(where: { Self.is(scalar.text, $0.theirs) }) else {
                continue
            }
            event.type = texts[meaning.type]
            bounce = meaning.bounce
            return nil
        }
        if !isStated, let standardType {
            event.type = texts[standardType]
            return nil
        }
        return types == nil ? .type : .otherType
    }

    /// The time at the first place that says anything.
    private borrowing func instant(
        from finder: inout some FieldFinder & ~Copyable
    ) -> Instant? {
        for place in time {
            let scalar = finder.find(place)
            switch scalar.kind {
            case .absent: continue
            case .number: return Instant(epoch: scalar.text, unit: nil)
            case .text:
                let text = scalar.text.trimmed
                return Instant(rfc3339: text) ?? Instant(epoch: text, unit: nil)
                    ?? zone.flatMap { Instant(text, in: $0) }
            case .boolean, .container: return nil
            }
        }
        return nil
    }

    /// What a scalar means for a field, and whether that is a word of ours for one of theirs; nil if
    /// it says nothing.
    private borrowing func word(
        _ scalar: FieldScalar, of taken: Taken
    ) -> (text: ByteSlice, isOurs: Bool)? {
        guard scalar.kind != .absent, scalar.kind != .container else { return nil }
        if let word = taken.words.first(where: { Self.is(scalar.text, $0.theirs) }) {
            return (texts[word.ours], true)
        }
        if let otherwise = taken.otherwise, !scalar.text.isEmpty { return (texts[otherwise], true) }
        switch taken.field {
        case .bounce: return Self.isClass(scalar.text) ? (scalar.text, false) : nil
        case .origin:
            let isOrigin = Origin.allCases.contains { Self.is(scalar.text, Array($0.name.utf8)) }
            return isOrigin ? (scalar.text, false) : nil
        default: return (scalar.text, false)
        }
    }

    private static func isClass(_ text: ByteSlice) -> Bool {
        text.equals("hard") || text.equals("soft") || text.equals("block")
            || text.equals("auto_reply")
    }

    /// Decides between what the type means, what a word of theirs means, and the status code.
    ///
    /// Providers call permanent what a code tells more exactly: a full mailbox, a policy. So hard and
    /// soft in their words give way to a code whose second number is not 0.
    private borrowing func settleBounce(_ event: inout Event, meaning: Int?, translated: Bool) {
        guard event.bounce.isEmpty || translated else { return }
        if event.bounce.isEmpty {
            guard let meaning else { return }
            event.bounce = texts[meaning]
        }
        let isCoarse = event.bounce.equals("hard") || event.bounce.equals("soft")
        if isCoarse, Self.isTelling(event.status) { event.bounce = .empty }
    }

    /// Whether a status code, `5.1.1`, says more than that it failed.
    private static func isTelling(_ status: ByteSlice) -> Bool {
        let code = status.trimmed
        guard code.count >= 5, code[0] == 0x34 || code[0] == 0x35, code[1] == 0x2E,
            code[2] &- 0x31 <= 8
        else { return false }
        return code[3] == 0x2E || code[4] == 0x2E
    }

    private borrowing func takeTraits(
        _ event: inout Event, from finder: inout some FieldFinder & ~Copyable
    ) -> Verdict? {
        for trait in traits {
            for place in trait.places {
                let value = finder.trait(place)
                if value.isEmpty { continue }
                if let verdict = event.state(texts[trait.name], value) { return verdict }
                break
            }
        }
        return nil
    }

    private static func `is`(_ text: ByteSlice, _ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { unsafe text.equals(ByteSlice($0)) }
    }
}

extension Event {
    /// Takes a trait; the reason if it is too long, or there are too many.
    mutating func state(_ attribute: ByteSlice, _ value: ByteSlice) -> Verdict? {
        guard traits.count < Bounds.traitsPerEvent,
            (1...Bounds.attributeBytes).contains(attribute.count), value.count <= Bounds.traitBytes
        else { return .traits }
        traits.append(StatedTrait(attribute: attribute, value: value))
        return nil
    }
}

extension Instant {
    /// A day, `2026-09-14`, or a day with a time, `2026-09-14 08:21[:07[.123]]`, in a zone; nil if it
    /// is neither. A day stands for its first moment.
    init?(_ text: ByteSlice, in zone: FixedZone) {
        func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= text.count else { return nil }
            var value = 0
            for place in from..<(from + count) {
                let digit = text[place] &- 0x30
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
            }
            return value
        }
        guard text.count >= 10, text[4] == 0x2D, text[7] == 0x2D, let year = number(0, 4),
            let month = number(5, 2), let day = number(8, 2)
        else { return nil }
        var clock = (hour: 0, minute: 0, second: 0, fraction: Int64(0))
        if text.count > 10 {
            guard text.count >= 16, text[10] == 0x20 || text[10] == 0x54, text[13] == 0x3A,
                let hour = number(11, 2), let minute = number(14, 2)
            else { return nil }
            (clock.hour, clock.minute) = (hour, minute)
            if text.count > 16 {
                guard text[16] == 0x3A else { return nil }
                let rest = Instant(epoch: text[17..<text.count], unit: 1000)
                guard number(17, 2) != nil, let rest, text.count == 19 || text[19] == 0x2E else {
                    return nil
                }
                clock.second = Int(rest.milliseconds / 1000)
                clock.fraction = rest.milliseconds % 1000
            }
        }
        guard
            let whole = Instant(
                year: year, month: month, day: day, hour: clock.hour, minute: clock.minute,
                second: clock.second, minutesEast: zone.offsetMinutes)
        else { return nil }
        self.init(whole.milliseconds + clock.fraction)
    }
}
