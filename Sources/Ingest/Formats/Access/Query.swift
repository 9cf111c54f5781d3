import Core
import Glibc

/// Values out of a query or a Cookie header. Names are compared without regard to case, as nginx
/// does.
enum Query {
    /// The value of the first parameter of that name; nil if there is none.
    ///
    /// - Parameter name: In lower case.
    static func parameter(_ name: [UInt8], in query: ByteSlice) -> ByteSlice? {
        value(name, in: query, between: 0x26, isSpaced: false)
    }

    /// The value of the first cookie of that name; nil if there is none.
    static func cookie(_ name: [UInt8], in header: ByteSlice) -> ByteSlice? {
        guard let value = value(name, in: header, between: 0x3B, isSpaced: true) else { return nil }
        let text = value.trimmed
        let isQuoted = text.count >= 2 && text[0] == 0x22 && text[text.count - 1] == 0x22
        return isQuoted ? text[1..<(text.count - 1)] : text
    }

    private static func value(
        _ name: [UInt8], in text: ByteSlice, between separator: UInt8, isSpaced: Bool
    ) -> ByteSlice? {
        var place = 0
        while place < text.count {
            let end = text.first(separator, from: place) ?? text.count
            if isSpaced { while place < end, text[place] <= 0x20 { place += 1 } }
            if place + name.count <= end, isName(name, in: text, at: place) {
                let after = place + name.count
                if after == end { return .empty }
                if text[after] == 0x3D { return text[(after + 1)..<end] }
            }
            place = end + 1
        }
        return nil
    }

    private static func isName(_ name: [UInt8], in text: ByteSlice, at start: Int) -> Bool {
        for place in name.indices {
            let byte = text[start + place]
            let lowered = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if lowered != name[place] { return false }
        }
        return true
    }
}
