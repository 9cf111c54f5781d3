import Core

/// Resolving what hides in the values of an access log: the log's escapes, and those of URLs.
extension ByteScratch {
    /// The value as it was before the log escaped it; itself where nothing was.
    mutating func unescaped(_ text: ByteSlice, _ escape: AccessTemplate.Escape) -> ByteSlice {
        guard escape != .none, text.first(0x5C) != nil, let from = unsafe text.start else {
            return text
        }
        return unsafe write(text.count) { to in
            var place = 0
            var written = 0
            while place < text.count {
                let byte = unsafe from[place]
                place += 1
                guard byte == 0x5C, place < text.count else {
                    unsafe to[written] = byte
                    written += 1
                    continue
                }
                let rest = text[place..<text.count]
                let (length, taken) = unsafe Escapes.resolve(rest, escape, into: to + written)
                if taken == 0 { unsafe to[written] = byte }
                written += taken == 0 ? 1 : length
                place += taken
            }
            return written
        }
    }

    /// The value with `%41` as `A`, and with `+` as a blank where that is meant; what is no escape
    /// stays as it is.
    ///
    /// - Source: RFC 3986, section 2.1; the WHATWG URL standard, section 5.1, for `+`.
    mutating func percentDecoded(_ text: ByteSlice, plusIsBlank: Bool) -> ByteSlice {
        guard text.first(0x25) != nil || (plusIsBlank && text.first(0x2B) != nil),
            let from = unsafe text.start
        else { return text }
        return unsafe write(text.count) { to in
            var place = 0
            var written = 0
            while place < text.count {
                var byte = unsafe from[place]
                place += 1
                if byte == 0x25, let value = Escapes.hexadecimal(text, from: place, count: 2) {
                    byte = UInt8(truncatingIfNeeded: value)
                    place += 2
                } else if byte == 0x2B, plusIsBlank {
                    byte = 0x20
                }
                unsafe to[written] = byte
                written += 1
            }
            return written
        }
    }

    /// Two texts with a byte between them.
    mutating func joined(_ left: ByteSlice, _ byte: UInt8, _ right: ByteSlice) -> ByteSlice {
        unsafe write(left.count + 1 + right.count) { to in
            for place in 0..<left.count { unsafe to[place] = left[place] }
            unsafe to[left.count] = byte
            for place in 0..<right.count { unsafe to[left.count + 1 + place] = right[place] }
            return left.count + 1 + right.count
        }
    }
}

/// The escapes of nginx, Apache and JSON.
enum Escapes {
    /// Writes what the escape whose backslash stands before `text` means.
    ///
    /// - Returns: How many bytes were written, and how many of `text` it took: 0 if it is none.
    fileprivate static func resolve(
        _ text: ByteSlice, _ escape: AccessTemplate.Escape, into to: UnsafeMutablePointer<UInt8>
    ) -> (written: Int, taken: Int) {
        let letter = text[0]
        switch letter {
        case 0x22, 0x5C, 0x2F, 0x27: unsafe to[0] = letter
        case 0x6E: unsafe to[0] = 0x0A
        case 0x72: unsafe to[0] = 0x0D
        case 0x74: unsafe to[0] = 0x09
        case 0x62: unsafe to[0] = 0x08
        case 0x66: unsafe to[0] = 0x0C
        case 0x76: unsafe to[0] = 0x0B
        case 0x78 where escape == .text:
            guard let value = hexadecimal(text, from: 1, count: 2) else { return (0, 0) }
            unsafe to[0] = UInt8(truncatingIfNeeded: value)
            return (1, 3)
        case 0x75 where escape == .json: return unsafe unicode(text, into: to)
        default: return (0, 0)
        }
        return (1, 1)
    }

    /// `u00e4`, or two of them that are one character.
    private static func unicode(
        _ text: ByteSlice, into to: UnsafeMutablePointer<UInt8>
    ) -> (written: Int, taken: Int) {
        guard var value = hexadecimal(text, from: 1, count: 4) else { return (0, 0) }
        var taken = 5
        if (0xD800..<0xDC00).contains(value), text.count >= 11, text[5] == 0x5C, text[6] == 0x75,
            let low = hexadecimal(text, from: 7, count: 4), (0xDC00..<0xE000).contains(low)
        {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            taken = 11
        }
        guard let scalar = Unicode.Scalar(UInt32(value)) else { return (0, 0) }
        var written = 0
        for byte in UTF8.encode(scalar) ?? .init() {
            unsafe to[written] = byte
            written += 1
        }
        return (written, taken)
    }

    /// The number of so many hexadecimal digits; nil if they are not there.
    static func hexadecimal(_ text: ByteSlice, from start: Int, count: Int) -> Int? {
        guard start + count <= text.count else { return nil }
        var value = 0
        for place in start..<(start + count) {
            let byte = text[place]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: return nil
            }
            value = value << 4 | Int(digit)
        }
        return value
    }
}
