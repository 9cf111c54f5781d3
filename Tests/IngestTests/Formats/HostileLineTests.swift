import Core
import Foundation
import Ingest
import Testing

@Suite struct HostileLineTests {
    @Test(arguments: [10, 62, 63, 64, 100, 10_000, 100_000])
    func `a line is nested at most 64 levels deep`(levels: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            let opened = String(repeating: open, count: levels)
            let line = event("\"x\":\(opened)\(inner)\(String(repeating: close, count: levels))")
            #expect(decode(line).verdict == (levels <= 63 ? nil : .depth))
            if levels > 63 { #expect(decode("{\"x\":\(opened)").verdict == .depth) }
        }
    }

    @Test(arguments: [
        "[]", "1", "null", #""text""#, "{", "}", "{}}", "{}{}", "{} {}", "{},", "x{}", "{}x",
        #"{}""#,
        #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#, #"{"a" 1}"#, "{1:2}",
        #"{"a":1:2}"#, #"{"x":[1,]}"#, #"{"x":[,1]}"#, #"{"x":[1 2]}"#, #"{"x":[1}"#, #"{"x":{]}"#,
        #"{"x":tru}"#, #"{"x":truex}"#, #"{"x":True}"#, #"{"x":nul}"#, #"{"x":NaN}"#, #"{"x":-}"#,
        #"{"x":00}"#, #"{"x":1.}"#, #"{"x":.1}"#, #"{"x":1e+}"#, #"{"x":0x1}"#, #"{"x":1_0}"#,
        #"{"x":"\q"}"#, #"{"x":"\u12"}"#, #"{"x":"\u12g4"}"#, #"{"x":"\ud800"}"#,
        #"{"x":"\udc00"}"#, #"{"x":"\ud800\u0041"}"#, #"{"x":"\ud800x"}"#, #"{"\ud800":1}"#,
        #"{"x":'y'}"#, #"{x:1}"#, #"{"x":"a""b"}"#, "{\"x\":\"a\tb\"}", "{\"x\":1}\u{0c}",
        "{\u{0c}\"x\":1}", #"{"x":1}//"#, #"{"x":1/**/}"#, #"{"x":"unclosed}"#, #"{"x":"a\"}"#,
        "\u{feff}{}", "{\"x\":1\u{1a}2}", #"\"x":1}"#, #"{"x":\"a"}"#, #"{"x":"a"\}"#,
        #"{"x":[[],{"y":"\x"}]}"#, #"{"x":{"\y":1}}"#, #"{"x":{"y":1,"z"}}"#,
    ])
    func `what is not one JSON object is quarantined, however deep it hides`(line: String) {
        #expect(decode(line).verdict == .json)
        // And with the required fields before it, where it is the inside of an object.
        if line.hasPrefix("{\"x\""), line.hasSuffix("}") {
            let inside = String(line.dropFirst().dropLast())
            #expect(decode(event(inside)).verdict == .json)
        }
    }

    @Test func `a huge number is fine where nobody reads it`() {
        let digits = String(repeating: "9", count: 100_000)
        #expect(decode(event("\"x\":\(digits).\(digits)e\(digits)")).verdict == nil)
        #expect(decode(event(#""x":1e400"#)).verdict == nil)
        #expect(decode(event("\"value\":\(digits)")).verdict == .value)
    }

    @Test func `an object has at most 256 keys, at any level`() {
        func keys(_ count: Int) -> String {
            (0..<count).map { #""k\#($0)":1"# }.joined(separator: ",")
        }
        #expect(decode(event(keys(254))).verdict == nil)
        #expect(decode(event(keys(255))).verdict == .json)
        #expect(decode(event("\"x\":{\(keys(256))}")).verdict == nil)
        #expect(decode(event("\"x\":{\(keys(257))}")).verdict == .json)
        #expect(
            decode(event("\"x\":[\(keys(0))1\(String(repeating: ",1", count: 9999))]")).verdict
                == nil)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func `invalid UTF-8 is found wherever it stands`(bytes: [UInt8]) {
        let around = event("\"email\":\"@\",\"x\":{\"@\":[\"@\"]}").utf8.split(
            separator: 0x40, omittingEmptySubsequences: false)
        for place in 1..<around.count {
            let line = Array(around[..<place].joined()) + bytes + Array(around[place...].joined())
            #expect(decode(line).verdict == .utf8)
        }
        #expect(decode(bytes).verdict == .utf8)
        #expect(decode(Array(event("").utf8) + bytes).verdict == .utf8)
    }

    @Test func `a NUL is found wherever it stands`() {
        let whole = Array(event(#""email":"a@example.com","x":[1,true]"#).utf8)
        for place in 0...whole.count {
            #expect(decode(Array(whole[..<place]) + [0] + Array(whole[place...])).verdict == .nul)
        }
        #expect(decode([UInt8](repeating: 0, count: 5000)).verdict == .nul)
        #expect(decode(event(#""email":"a\u0000b""#)).verdict == .nul)
        #expect(decode(event(#""x":"a\u0000b","k\u0000":1"#)).verdict == nil)
    }

    @Test func `escapes are undone in names and values`() {
        let decoded = decode(
            event(
                #""\u0065mail":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\uDE00","url":"\u002f","ua":"x""#)
        )
        #expect(decoded.verdict == nil)
        #expect(decoded["email"] == "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{20ac}\u{1f600}")
        #expect(decoded["url"] == "/")
        #expect(decoded["ua"] == "x")
    }

    @Test func `no prefix of a line is a line`() {
        let line = Array(
            event(
                #""email":"\u00e9\ud83d\ude00@example.com","x":[1.5e3,{"y":[true,null]}],"value":1"#
            )
            .utf8)
        #expect(decode(line).verdict == nil)
        for count in 1..<line.count {
            #expect(decode(Array(line[..<count])).verdict == .json, "\(count) bytes")
        }
    }

    /// The page behind the line cannot be touched.
    @Test func `nothing behind a line is read`() throws {
        let page = 4096
        let mapped = unsafe mmap(
            nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe mapped, unsafe memory != MAP_FAILED else {
            Issue.record("no memory")
            return
        }
        defer { unsafe munmap(memory, 2 * page) }
        let locked = unsafe mprotect(memory + page, page, PROT_NONE)
        try #require(locked == 0)
        let line = Array(
            event(#""email":"\u00e9@example.com","x":[1.5e3,{"y":[true,null]}],"value":1"#).utf8)
        let decoder = EventsDecoder()
        var decoded = Event()
        for count in 0...line.count {
            let start = unsafe (memory + page - count).assumingMemoryBound(to: UInt8.self)
            for place in 0..<count { unsafe start[place] = line[place] }
            let verdict = decoder.decode(
                unsafe ByteSlice(start: start, count: count), into: &decoded)
            #expect(verdict == (count == 0 ? .blank : count == line.count ? nil : .json))
        }
    }

    @Test func `long lines decode like short ones`() {
        let decoder = EventsDecoder()
        for size in [1, 100, 16_000, 17_000, 1_000_000, 3] {
            let text = String(repeating: "\\u0041", count: size / 6 + 1)
            let decoded = decode(Array(event("\"search\":\"\(text)\"").utf8), with: decoder)
            #expect(decoded["search"]?.count == size / 6 + 1)
        }
    }

    /// Foundation agrees on what JSON is but for depth, duplicate keys, the number of keys and
    /// numbers beyond Double, and it takes a comma before a closing bracket, other encodings and a
    /// byte order mark.
    @Test func `random mutations are accepted and refused as Foundation does`() {
        var random = Mutations(seed: UInt64.random(in: 0...UInt64.max))
        print("seed \(random.seed)")
        let decoder = EventsDecoder()
        var accepted = 0
        for _ in 0..<20_000 {
            let line = random.line()
            let decoded = decode(line, with: decoder)
            guard !line.contains(0), !line.allSatisfy({ $0 <= 0x20 }) else { continue }
            let verdict = decoded.verdict
            if verdict == .duplicateKey || verdict == .depth { continue }
            let ours = verdict != .json && verdict != .utf8 && verdict != .blank
            let theirs = random.isObject(line)
            if theirs, !ours, random.hasTrailingComma(line) { continue }
            #expect(ours == theirs, "\(String(decoding: line, as: UTF8.self)): \(verdict as Any)")
            if ours { accepted += 1 }
        }
        #expect(accepted > 1000)
    }
}

/// Lines that are nearly right, from a seed.
private struct Mutations {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    private mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }

    private static let models = [
        event(#""email":"a@example.com","value":12.5,"x":[1,-2.5e+3,{"y":null,"z":[true,false]}]"#),
        event(#""id":17,"traits":{"a":"b","c":[1,2]},"u":"\u00e9\n\"\\\ud83d\ude00""#),
        event(#""x":{},"y":[],"z":"","search":"caf\#u{e9} \#u{1f600}""#), "{}",
        #"{"a":{"b":{"c":[[]]}}}"#,
    ].map { Array($0.utf8) }
    private static let bytes =
        Array(#"{}[]:,"\ue0123-+.tfn "#.utf8) + [0x09, 0x0D, 0xC3, 0xA9, 0x80, 0x1F]

    mutating func line() -> [UInt8] {
        var line = Self.models[next(Self.models.count)]
        for _ in 0..<next(4) where !line.isEmpty {
            let place = next(line.count)
            switch next(4) {
            case 0: line.remove(at: place)
            case 1: line.insert(Self.bytes[next(Self.bytes.count)], at: place)
            case 2: line[place] = Self.bytes[next(Self.bytes.count)]
            default: line.swapAt(place, next(line.count))
            }
        }
        return line
    }

    func hasTrailingComma(_ line: [UInt8]) -> Bool {
        let text = line.filter { $0 > 0x20 }
        return zip(text, text.dropFirst()).contains { $0 == 0x2C && ($1 == 0x5D || $1 == 0x7D) }
    }

    func isObject(_ line: [UInt8]) -> Bool {
        guard String(validating: line, as: UTF8.self) != nil else { return false }
        let value = try? JSONSerialization.jsonObject(
            with: Data(line), options: [.fragmentsAllowed])
        return value is [String: Any]
    }
}
