import CSimdjson
import Core

/// A pointer into JSON, taken apart once.
///
/// - Source: RFC 6901.
struct JSONPointer: Sendable {
    /// One reference: a key, which is also an index where it is made of digits.
    struct Reference: Sendable {
        let key: [UInt8]
        let index: Int?
    }

    let references: [Reference]

    /// A pointer: empty, or with a slash before each reference.
    init(_ text: String) {
        let parts = text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).dropFirst()
        references = parts.map { part in
            let name = String(decoding: part, as: UTF8.self).replacing("~1", with: "/")
                .replacing("~0", with: "~")
            let isIndex =
                name == "0"
                || (!name.hasPrefix("0") && !name.isEmpty && name.utf8.count < 10
                    && name.utf8.allSatisfy { (0x30...0x39).contains($0) })
            return Reference(key: Array(name.utf8), index: isIndex ? Int(name) : nil)
        }
    }
}

/// A text of JSON that was checked whole, in which values are looked up.
///
/// SAFETY: the parser belongs to this value alone. What it gives points into the text, which the
/// caller keeps until the next `open`, or into the parser's buffer.
@safe
struct JSONDocument: ~Copyable {
    /// The number of a value; 0 is the whole text.
    typealias Value = UInt32

    private let document: OpaquePointer
    /// Whether a key was looked up that an object states twice with different values.
    var hasAmbiguity = false

    init() { unsafe document = lsj_document_new() }

    deinit { unsafe lsj_document_free(document) }

    /// Takes up a text with 64 readable bytes behind it; the reason if it is no JSON.
    mutating func open(_ text: ByteSlice) -> Verdict? {
        hasAmbiguity = false
        guard let start = unsafe text.start else { return .json }
        switch UInt32(bitPattern: unsafe lsj_document_open(document, start, text.count)) {
        case LSJ_OK.rawValue: return nil
        case LSJ_DEPTH.rawValue: return .depth
        case LSJ_UTF8.rawValue: return .utf8
        case LSJ_NUL.rawValue: return .nul
        default: return .json
        }
    }

    /// What a value says.
    func scalar(_ value: Value) -> FieldScalar {
        let slice = unsafe lsj_document_value(document, value)
        let text = unsafe ByteSlice(start: slice.start, count: Int(slice.count))
        let kind: FieldScalar.Kind =
            switch unsafe slice.kind {
            case LSJ_STRING.rawValue: .text
            case LSJ_INTEGER.rawValue, LSJ_NUMBER.rawValue: .number
            case LSJ_BOOLEAN.rawValue: .boolean
            case LSJ_OBJECT.rawValue, LSJ_ARRAY.rawValue: .container
            default: .absent
            }
        return FieldScalar(text: text, kind: kind)
    }

    /// A value as it is written.
    func raw(_ value: Value) -> ByteSlice {
        let slice = unsafe lsj_document_raw(document, value)
        return unsafe ByteSlice(start: slice.start, count: Int(slice.count))
    }

    func isArray(_ value: Value) -> Bool {
        let raw = raw(value)
        return !raw.isEmpty && raw[0] == 0x5B
    }

    func isObject(_ value: Value) -> Bool {
        let raw = raw(value)
        return !raw.isEmpty && raw[0] == 0x7B
    }

    /// What a pointer leads to from a value; nil if it leads nowhere.
    mutating func find(_ pointer: JSONPointer, from root: Value) -> Value? {
        var value = root
        for reference in pointer.references {
            if let index = reference.index, isArray(value) {
                guard var element = first(of: value) else { return nil }
                for _ in 0..<index {
                    guard let next = next(after: element) else { return nil }
                    element = next
                }
                value = element
                continue
            }
            var twice: Int32 = 0
            let key = reference.key
            let member = unsafe lsj_document_member(document, value, key, key.count, &twice)
            if twice != 0 { hasAmbiguity = true }
            guard member != UInt32.max else { return nil }
            value = member
        }
        return value
    }

    /// The first element of an array, or the first key of an object.
    func first(of value: Value) -> Value? {
        let first = unsafe lsj_document_first(document, value)
        return first == UInt32.max ? nil : first
    }

    /// The element behind another one, or the key behind the value of another one.
    func next(after value: Value) -> Value? {
        let next = unsafe lsj_document_next(document, value)
        return next == UInt32.max ? nil : next
    }

    /// The value that stands behind a key.
    func value(ofKey key: Value) -> Value { lsj_document_of_key(key) }
}
