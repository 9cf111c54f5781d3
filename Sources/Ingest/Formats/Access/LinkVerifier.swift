import CNettle
import Core

/// Tells links that we made from links that somebody else made up.
///
/// Signed are the decoded values of the parameters, in the configured order, with a line feed
/// between them; an absent one is empty. The signature is the HMAC-SHA256 of that, in hexadecimal
/// digits or in base64url without padding.
///
/// - Source: RFC 2104, RFC 6234; RFC 4648, section 5.
struct LinkVerifier {
    private let key: [UInt8]
    private let parameter: [UInt8]
    private let over: [[UInt8]]
    private var message: [UInt8] = []
    private var digest = [UInt8](repeating: 0, count: 32)

    init(_ signature: LinkSignature) {
        key = signature.key
        parameter = Array(signature.parameter.lowercased().utf8)
        over = signature.over.map { Array($0.lowercased().utf8) }
    }

    /// Whether the query is signed by us.
    mutating func vouches(for query: ByteSlice, _ scratch: inout ByteScratch) -> Bool {
        guard let given = Query.parameter(parameter, in: query), !given.isEmpty else {
            return false
        }
        message.removeAll(keepingCapacity: true)
        for (place, name) in over.enumerated() {
            if place > 0 { message.append(0x0A) }
            let raw = Query.parameter(name, in: query) ?? .empty
            let value = scratch.percentDecoded(raw, plusIsBlank: false)
            // It would make two lists of values look alike.
            guard value.first(0x0A) == nil else { return false }
            unsafe message.append(contentsOf: value.buffer)
        }
        return Self.isSame(scratch.percentDecoded(given, plusIsBlank: false), as: seal(message))
    }

    private mutating func seal(_ message: [UInt8]) -> [UInt8] {
        // SAFETY: all three buffers outlive the call, and the digest has the 32 bytes it wants.
        unsafe leadscored_hmac_sha256(key, key.count, message, message.count, &digest)
        return digest
    }

    private static func isSame(_ text: ByteSlice, as digest: [UInt8]) -> Bool {
        var difference: UInt8 = 0
        switch text.count {
        case 64:
            for place in digest.indices {
                let byte = Escapes.hexadecimal(text, from: place * 2, count: 2)
                guard let byte else { return false }
                difference |= UInt8(truncatingIfNeeded: byte) ^ digest[place]
            }
        case 43, 44:
            var bits: UInt32 = 0
            var held = 0
            var next = 0
            for place in 0..<43 {
                guard let six = sextet(text[place]) else { return false }
                bits = bits << 6 | UInt32(six)
                held += 6
                guard held >= 8 else { continue }
                held -= 8
                guard next < digest.count else { return false }
                difference |= UInt8(truncatingIfNeeded: bits >> UInt32(held)) ^ digest[next]
                next += 1
            }
            if next != digest.count || (text.count == 44 && text[43] != 0x3D) { return false }
        default: return false
        }
        return difference == 0
    }

    /// The six bits of a letter of base64, in either alphabet.
    private static func sextet(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5A: byte - 0x41
        case 0x61...0x7A: byte - 0x47
        case 0x30...0x39: byte + 4
        case 0x2D, 0x2B: 62
        case 0x5F, 0x2F: 63
        default: nil
        }
    }
}
