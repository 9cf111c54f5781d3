public import Core

/// JSON of any shape, one text a line: fields by pointers, several events in an array.
///
/// A pointer is looked up in the element of `each`, and what the element does not have in the whole.
public final class JSONLineDecoder: BatchDecoder {
    private var reader: JSONReader

    /// A decoder for a layout.
    public init(_ layout: FieldLayout) { reader = JSONReader(layout) }

    /// Decodes the first event of a line.
    public func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        reader.decode(line, into: &event)
    }

    /// Events of the line that are still to come.
    public var remaining: Int { reader.remaining }

    /// Decodes the next event of the line.
    public func decodeNext(into event: inout Event) -> Verdict? { reader.decodeNext(into: &event) }
}

/// The reading behind `JSONLineDecoder`.
private struct JSONReader: ~Copyable {
    private let plan: FieldPlan
    private let traitObjects: [JSONPointer]
    private let each: [JSONPointer]
    private let unwrap: [JSONPointer]
    private var record: JSONRecord
    private var envelope = JSONDocument()
    private var inner = ByteScratch(capacity: 1 << 10)
    private(set) var remaining = 0

    init(_ layout: FieldLayout) {
        plan = FieldPlan(layout, zone: nil)
        traitObjects = layout.traitObjects.map { JSONPointer($0) }
        each = layout.each.map { JSONPointer($0) }
        unwrap = layout.unwrap.map { JSONPointer($0) }
        record = JSONRecord(plan.places.map { JSONPointer($0) })
    }

    mutating func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        remaining = 0
        if line.isBlank { return .blank }
        if let verdict = open(line) { return verdict }
        var list: JSONDocument.Value?
        for pointer in each where list == nil {
            let found = record.document.find(pointer, from: JSONRecord.whole)
            if let found, record.document.isArray(found) { list = found }
        }
        guard let list else {
            record.element = JSONRecord.whole
            guard record.document.isObject(JSONRecord.whole) else { return .json }
            return fill(&event)
        }
        guard let first = record.document.first(of: list) else { return .blank }
        record.element = first
        var last = first
        while let next = record.document.next(after: last) {
            remaining += 1
            last = next
        }
        return fill(&event)
    }

    mutating func decodeNext(into event: inout Event) -> Verdict? {
        precondition(remaining > 0)
        remaining -= 1
        guard let next = record.document.next(after: record.element) else { return .json }
        record.element = next
        record.document.hasAmbiguity = false
        return fill(&event)
    }

    /// Takes up the line, or what it wraps. A text that is not JSON is left where it is: then the
    /// envelope is the record.
    private mutating func open(_ line: ByteSlice) -> Verdict? {
        guard !unwrap.isEmpty else { return record.document.open(line) }
        inner.begin(unwrap.count * (line.count + 64))
        var text = line
        for pointer in unwrap {
            if let verdict = envelope.open(text) { return verdict }
            guard let found = envelope.find(pointer, from: 0) else { continue }
            let scalar = envelope.scalar(found)
            let wrapped = scalar.text.trimmed
            guard let first = wrapped.isEmpty ? nil : wrapped[0] else { continue }
            switch scalar.kind {
            case .text where first == 0x7B || first == 0x5B: text = inner.padded(wrapped)
            // What follows it in the line can be read, as the parser wants.
            case .container: text = wrapped
            default: continue
            }
        }
        return record.document.open(text)
    }

    private mutating func fill(_ event: inout Event) -> Verdict? {
        if let verdict = plan.fill(&event, from: &record) { return verdict }
        if record.document.hasAmbiguity { return .duplicateKey }
        for pointer in traitObjects {
            guard let object = record.find(pointer) else { continue }
            guard record.document.isObject(object) else { continue }
            return state(object, in: &event)
        }
        return nil
    }

    /// Every member of an object as a trait.
    private func state(_ object: JSONDocument.Value, in event: inout Event) -> Verdict? {
        var key = record.document.first(of: object)
        while let name = key {
            let value = record.document.value(ofKey: name)
            let verdict = event.state(
                record.document.scalar(name).text, record.document.raw(value))
            if let verdict { return verdict }
            key = record.document.next(after: value)
        }
        return nil
    }
}

/// One element of a document, in which the places of a plan are looked up.
private struct JSONRecord: FieldFinder, ~Copyable {
    var document = JSONDocument()
    var element: JSONDocument.Value = 0
    static let whole: JSONDocument.Value = 0
    private let pointers: [JSONPointer]

    init(_ pointers: [JSONPointer]) { self.pointers = pointers }

    mutating func find(_ place: Int) -> FieldScalar {
        let scalar = document.find(pointers[place], from: element).map { document.scalar($0) }
        if let scalar, scalar.kind != .absent, scalar.kind != .container { return scalar }
        guard element != Self.whole else { return .absent }
        return document.find(pointers[place], from: Self.whole).map { document.scalar($0) }
            ?? .absent
    }

    mutating func trait(_ place: Int) -> ByteSlice {
        find(pointers[place]).map { document.raw($0) } ?? .empty
    }

    mutating func find(_ pointer: JSONPointer) -> JSONDocument.Value? {
        document.find(pointer, from: element)
            ?? (element == Self.whole ? nil : document.find(pointer, from: Self.whole))
    }
}
