import Core

/// Conditions of the plain kind in a form that is evaluated without SQLite, which takes three times as
/// long for them. `RuleTable` asks SQLite wherever the answer is `unknown`, so that what holds is what
/// holds there.
struct ConditionProgram {
    enum Comparison {
        case equal
        case below
        case atMost
        case above
        case atLeast
    }

    /// A part of a condition; others are named by their places in `terms`.
    enum Term: Hashable {
        case null
        case integer(Int64)
        case real(Double)
        case rounded(Double)
        /// Where it lies in `texts`.
        case text(Int, Int)
        case column(LeadColumn)
        /// Of a term that is a column of JSON objects; where the key lies in `texts`.
        case member(Int, Int, Int)
        /// What a function of time gives for the day.
        case ofDay(Int)
        case not(Int)
        case and(Int, Int)
        case or(Int, Int)
        case compare(Comparison, Int, Int)
        /// Whether two are equal, null being equal to null.
        case isSame(Int, Int)
        /// Whether it is one of a list.
        case among(Int, Range<Int>)
        /// Whether it is like a pattern.
        case isLike(Int, Int)
        /// The first of a list that is not null.
        case firstKnown(Range<Int>)
        case sum(Int, Int)
        /// Null if either is; what else it is, SQLite knows.
        case strict(Int, Int)
    }

    /// The parts of all conditions, each once, and behind those that it is made of.
    private(set) var terms: [Term] = []
    private var places: [Term: Int] = [:]
    /// The places of the conditions themselves.
    var roots: [Int] = []
    /// Places of terms, for terms of many others.
    var lists: [Int] = []
    /// Functions of time as SQL, the day being the parameter.
    var timeFunctions: [String] = []
    private var texts: [UInt8] = []

    mutating func add(_ term: Term) -> Int {
        if let place = places[term] { return place }
        terms.append(term)
        places[term] = terms.count - 1
        return terms.count - 1
    }

    /// Where a text lies in `texts`.
    mutating func keep(_ text: [UInt8]) -> (Int, Int) {
        if let found = texts.firstRange(of: text) { return (found.lowerBound, text.count) }
        texts += text
        return (texts.count - text.count, text.count)
    }

    /// What functions of time give for a day: texts, or null.
    struct DayValues {
        fileprivate var day: [UInt8]?
        fileprivate var bytes: [UInt8] = []
        /// Where each lies in `bytes`.
        fileprivate var places: [Range<Int>?] = []

        /// Whether they are of this day.
        func areOf(_ other: ByteSlice?) -> Bool {
            guard let day, let other else { return day == nil && other == nil }
            guard day.count == other.count else { return false }
            return day.indices.allSatisfy { day[$0] == other[$0] }
        }
    }

    /// What the functions of time give for a day.
    func values(
        for day: ByteSlice?, in database: RuleDatabase
    ) throws(StoreError) -> DayValues {
        var values = DayValues(day: day?.array)
        for function in timeFunctions {
            let read = try database.prepare("SELECT \(function)")
            if let day { read.bind(text: day, 1) } else { read.bindNull(1) }
            defer { read.reset() }
            guard try read.step(), !read.isNull(0) else {
                values.places.append(nil)
                continue
            }
            let start = values.bytes.count
            values.bytes += read.bytes(0).array
            values.places.append(start..<values.bytes.count)
        }
        return values
    }

    /// Evaluates the conditions for contacts, one after the other.
    ///
    /// - Parameters:
    ///   - order: The places of the contacts.
    ///   - visit: Called with the place in `order`, and the values of all terms.
    func evaluate(
        _ contacts: [PublishedContact], order: [Int], in text: ByteSlice, beforeFit: Bool,
        on days: DayValues, _ visit: (_ row: Int, _ values: [ConditionValue]) -> Void
    ) {
        // SAFETY: the buffers are read within this call only.
        unsafe texts.withUnsafeBufferPointer { texts in
            unsafe days.bytes.withUnsafeBufferPointer { dayTexts in
                let (texts, dayTexts) = unsafe (ByteSlice(texts), ByteSlice(dayTexts))
                var values = Array(repeating: ConditionValue.null, count: terms.count)
                var varying: [Int] = []
                for (place, term) in terms.enumerated() {
                    switch term {
                    case .null: break
                    case .integer(let value): values[place] = .integer(value)
                    case .real(let value): values[place] = .real(value)
                    case .rounded(let value): values[place] = .rounded(value)
                    case .text(let start, let count):
                        values[place] = .text(texts[start..<(start + count)])
                    case .ofDay(let number):
                        values[place] = days.places[number].map { .text(dayTexts[$0]) } ?? .null
                    default: varying.append(place)
                    }
                }
                for (row, place) in order.enumerated() {
                    let contact = contacts[place]
                    for term in varying {
                        values[term] = value(
                            terms[term], of: contact, values, text, texts, beforeFit)
                    }
                    visit(row, values)
                }
            }
        }
    }

    /// The value of a term for a contact, from those of the terms that it is made of.
    ///
    /// Everything is looked at, as SQLite might stumble over any part of a condition.
    private func value(
        _ term: Term, of contact: PublishedContact, _ values: [ConditionValue],
        _ text: ByteSlice, _ texts: ByteSlice, _ beforeFit: Bool
    ) -> ConditionValue {
        switch term {
        case .null, .integer, .real, .rounded, .text, .ofDay: .null  // set before
        case .column(let column): contact.value(of: column, in: text, beforeFit: beforeFit)
        case .member(let column, let start, let count):
            if case .text(let json) = values[column] {
                FlatObject.member(texts[start..<(start + count)], of: json)
            } else {
                .null
            }
        case .not(let inner): values[inner].truth.negated
        case .and(let left, let right): values[left].truth.and(values[right].truth)
        case .or(let left, let right): values[left].truth.or(values[right].truth)
        case .compare(let comparison, let left, let right):
            comparison.value(of: values[left].order(values[right]))
        case .isSame(let left, let right): values[left].isSame(as: values[right])
        case .among(let item, let list): among(values[item], list, values)
        case .isLike(let item, let pattern): values[item].isLike(values[pattern])
        case .firstKnown(let list):
            lists[list].lazy.map { values[$0] }.first { !$0.isNull } ?? .null
        case .sum(let left, let right): values[left].sum(values[right])
        case .strict(let left, let right): values[left].strict(values[right])
        }
    }

    private func among(
        _ item: ConditionValue, _ list: Range<Int>, _ values: [ConditionValue]
    ) -> ConditionValue {
        var result = ConditionValue.Truth.fails
        for other in lists[list] {
            switch item.order(values[other]) {
            case .unknown: return .unknown
            case .null: result = result == .holds ? .holds : .null
            case .same: result = .holds
            default: break
            }
        }
        return result.value
    }
}

extension ConditionProgram.Comparison {
    fileprivate func value(of order: ConditionValue.Order) -> ConditionValue {
        if order == .null { return .null }
        if order == .unknown { return .unknown }
        return switch self {
        case .equal: .flag(order == .same)
        case .below: .flag(order == .less)
        case .atMost: .flag(order != .greater)
        case .above: .flag(order == .greater)
        case .atLeast: .flag(order != .less)
        }
    }
}

extension ConditionValue {
    fileprivate func isSame(as other: Self) -> Self {
        let order = order(other)
        if order == .null { return .flag(isNull && other.isNull) }
        return ConditionProgram.Comparison.equal.value(of: order)
    }

    fileprivate func sum(_ other: Self) -> Self {
        guard case .integer(let left) = self, case .integer(let right) = other else {
            return strict(other)
        }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .unknown : .integer(sum)
    }

    /// `LIKE` for ASCII, of which capital letters are those that are not.
    fileprivate func isLike(_ pattern: Self) -> Self {
        guard case .text(let text) = self, case .text(let pattern) = pattern,
            text.isPlain, pattern.isPlain
        else { return strict(pattern) }
        var (place, next) = (0, 0)
        // Behind the last `%`, and where in the text what follows it was looked for last.
        var (retryNext, retryPlace) = (-1, 0)
        while place < text.count {
            if next < pattern.count, pattern[next] == 0x25 {
                next += 1
                (retryNext, retryPlace) = (next, place)
            } else if next < pattern.count,
                pattern[next] == 0x5F || lower(pattern[next]) == lower(text[place])
            {
                next += 1
                place += 1
            } else if retryNext >= 0 {
                retryPlace += 1
                (next, place) = (retryNext, retryPlace)
            } else {
                return .flag(false)
            }
        }
        while next < pattern.count, pattern[next] == 0x25 { next += 1 }
        return .flag(next == pattern.count)
    }

    private func lower(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    fileprivate func strict(_ other: Self) -> Self {
        if isUnknown || other.isUnknown { return .unknown }
        return isNull || other.isNull ? .null : .unknown
    }
}

extension ByteSlice {
    /// Whether each byte is a character, and none ends the text for C.
    fileprivate var isPlain: Bool {
        for place in 0..<count where self[place] == 0 || self[place] > 0x7F { return false }
        return true
    }
}
