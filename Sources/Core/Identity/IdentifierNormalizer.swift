import CIDN
import Glibc

/// Brings identifiers into the one form under which they are counted.
///
/// Email: trimmed, domain lower-cased and IDNA-encoded, local part lower-cased in ASCII, plus-tags
/// and dots kept, NFC, at most 254 bytes. Customer numbers and cookies: trimmed, NFC, case kept, at
/// most 4,096 bytes. Placeholders are nobody. Normalising twice gives the same as once.
///
/// - Source: RFC 5321 (lengths), RFC 5891 and UTS 46 by libidn2, UAX 15 by libunistring.
/// SAFETY: the scratch buffers belong to this value alone and are freed with it.
@safe
public struct IdentifierNormalizer: ~Copyable {
    /// What normalising came to.
    public enum Result {
        /// The identifier's bytes, valid until the next call for the same kind.
        case identifier(ByteSlice)
        /// The field says nothing: empty, or a placeholder.
        case nobody
        /// The field says something that no identifier can be.
        case unusable
    }

    /// One byte for the kind and the longest value, for each kind.
    private static let stride = Bounds.identifierBytes + 1
    private let scratch: UnsafeMutablePointer<UInt8>

    /// A normaliser with its own buffers.
    public init() {
        unsafe scratch = .allocate(capacity: Self.stride * IdentifierKind.allCases.count)
        for kind in IdentifierKind.allCases {
            unsafe scratch[Self.stride * Int(kind.rawValue)] = kind.rawValue
        }
    }

    deinit { unsafe scratch.deallocate() }

    /// The normal form of a field.
    ///
    /// - Complexity: O(n) in its bytes, without allocation for ASCII.
    public func normalize(_ raw: ByteSlice, as kind: IdentifierKind) -> Result {
        let text = raw.trimmed
        if Self.isPlaceholder(text) { return .nobody }
        guard text.count <= Bounds.identifierBytes else { return .unusable }
        let out = unsafe scratch + (Self.stride * Int(kind.rawValue) + 1)
        let count =
            kind == .email
            ? unsafe normalizeEmail(text, into: out) : unsafe normalizeOpaque(text, into: out)
        guard let count else { return .unusable }
        return .identifier(unsafe ByteSlice(start: out, count: count))
    }

    /// The identifier with its kind in front, which is what is hashed: `normalize` leaves it so.
    public func hashed(_ identifier: ByteSlice, as kind: IdentifierKind) -> ByteSlice {
        unsafe ByteSlice(
            start: scratch + Self.stride * Int(kind.rawValue), count: identifier.count + 1)
    }

    /// Values that producers write for "nobody".
    static func isPlaceholder(_ text: ByteSlice) -> Bool {
        switch text.count {
        case 0: true
        case 1: text[0] == 0x2D || text[0] == 0x30
        case 4: text.equals("null")
        case 9: text.equals("undefined") || text.equals("test@test")
        default: false
        }
    }

    private func normalizeOpaque(_ text: ByteSlice, into out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard let start = unsafe text.start else { return nil }
        var bits: UInt8 = 0
        var unfit: UInt8 = 0
        for place in 0..<text.count {
            // SAFETY: the place is within the slice, and within `out`, which is longer.
            let byte = unsafe start[place]
            unfit |= (byte < 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
            bits |= byte
            unsafe out[place] = byte
        }
        guard unfit == 0 else { return nil }
        if bits < 0x80 { return text.count }
        return unsafe composed(text, into: out, limit: Bounds.identifierBytes)
    }

    private func normalizeEmail(_ text: ByteSlice, into out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard text.count <= Bounds.emailBytes * 2, let start = unsafe text.start else { return nil }
        // Without a branch in it, so that it is done sixteen bytes at a time.
        var bits: UInt8 = 0
        var unfit: UInt8 = 0
        for place in 0..<text.count {
            // SAFETY: the place is within the slice, and within `out`, which is longer.
            let byte = unsafe start[place]
            unfit |= (byte <= 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
            bits |= byte
            unsafe out[place] = Self.lowered(byte)
        }
        let ascii = bits < 0x80
        guard unfit == 0, let at = text.first(0x40), text.first(0x40, from: at + 1) == nil, at > 0,
            at < text.count - 1
        else { return nil }
        if ascii {
            guard text.count <= Bounds.emailBytes, Self.isDomain(text[(at + 1)..<text.count]) else {
                return nil
            }
            return text.count
        }
        return unsafe normalizeInternational(text, at: at, into: out)
    }

    /// The slow path: a local part or a domain beyond ASCII.
    private func normalizeInternational(
        _ text: ByteSlice, at: Int, into out: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        guard let local = unsafe composed(text[0..<at], into: out, limit: Bounds.emailBytes),
            let domain = Self.encodedDomain(text[(at + 1)..<text.count]),
            local + 1 + domain.count <= Bounds.emailBytes
        else { return nil }
        for place in 0..<local { unsafe out[place] = unsafe Self.lowered(out[place]) }
        unsafe out[local] = 0x40
        for (place, byte) in domain.enumerated() { unsafe out[local + 1 + place] = byte }
        let encoded = unsafe ByteSlice(start: out + local + 1, count: domain.count)
        return Self.isDomain(encoded) ? local + 1 + domain.count : nil
    }

    /// NFC of the bytes; nil if they are no UTF-8 or too long.
    private func composed(
        _ text: ByteSlice, into out: UnsafeMutablePointer<UInt8>, limit: Int
    ) -> Int? {
        var length = 0
        guard
            let result = unsafe leadscored_nfc(text.start, text.count, nil, &length)
        else { return nil }
        defer { unsafe free(result) }
        guard length <= limit else { return nil }
        unsafe memcpy(out, result, length)
        return length
    }

    /// The domain in ASCII by IDNA; nil if it is none.
    private static func encodedDomain(_ domain: ByteSlice) -> [UInt8]? {
        let bytes = domain.array + [0]
        var result: UnsafeMutablePointer<UInt8>? = nil
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        let status = unsafe bytes.withUnsafeBufferPointer {
            unsafe idn2_lookup_u8($0.baseAddress, &result, flags)
        }
        guard status == IDN2_OK.rawValue, let result = unsafe result else { return nil }
        defer { unsafe idn2_free(result) }
        return unsafe Array(UnsafeBufferPointer(start: result, count: strlen(result)))
    }

    /// Labels of letters, digits, hyphens and underscores, 1 to 63 bytes each, of either case.
    private static func isDomain(_ domain: ByteSlice) -> Bool {
        guard let start = unsafe domain.start else { return false }
        var unfit: UInt8 = 0
        for place in 0..<domain.count {
            // SAFETY: the place is within the slice.
            let byte = unsafe start[place]
            let isLetter: UInt8 = (byte | 0x20) &- 0x61 < 26 ? 1 : 0
            let isDigit: UInt8 = byte &- 0x30 < 10 ? 1 : 0
            let isDot: UInt8 = byte == 0x2E ? 1 : 0
            let isMark: UInt8 = (byte == 0x2D ? 1 : 0) | (byte == 0x5F ? 1 : 0)
            unfit |= (isLetter | isDigit | isDot | isMark) ^ 1
        }
        guard unfit == 0 else { return false }
        var label = 0
        while let dot = domain.first(0x2E, from: label) {
            guard dot > label, dot - label <= 63 else { return false }
            label = dot + 1
        }
        return domain.count > label && domain.count - label <= 63
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}

extension Identifier {
    /// The identifier that a text stands for; nil if it names nobody.
    public init?(kind: IdentifierKind, text: String) {
        let normalizer = IdentifierNormalizer()
        let bytes = Array(text.utf8)
        let value: [UInt8]? = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard
                case .identifier(let value) = normalizer.normalize(
                    unsafe ByteSlice(buffer), as: kind)
            else { return nil }
            return value.array
        }
        guard let value else { return nil }
        self.init(kind: kind, value: value)
    }
}
