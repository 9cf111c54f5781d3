import Core
import Ingest
import Testing

/// What a decoder made of one line, copied out of its buffers.
struct Decoded: Equatable {
    var verdict: Verdict?
    var at: Int64 = 0
    var value: Int64 = 0
    var fields: [String: [UInt8]] = [:]
    var traits: [[String]] = []

    init(_ verdict: Verdict?, _ event: Event) {
        self.verdict = verdict
        guard verdict == nil else { return }
        at = event.at.milliseconds
        value = event.value.tenThousandths
        let named: [(String, ByteSlice)] = [
            ("type", event.type), ("customer_id", event.customerID), ("email", event.email),
            ("cookie", event.cookie), ("id", event.id), ("url", event.url),
            ("campaign", event.campaign), ("message", event.message), ("search", event.search),
            ("currency", event.currency), ("status", event.status), ("bounce", event.bounce),
            ("ua", event.userAgent), ("ip", event.ip), ("stage", event.stage),
            ("owner", event.owner),
        ]
        for (name, slice) in named where !slice.isEmpty { fields[name] = slice.array }
        traits = event.traits.map { [$0.attribute.text, $0.value.text] }
    }

    /// A field as text.
    subscript(name: String) -> String? { fields[name].map { String(decoding: $0, as: UTF8.self) } }
}

/// Decodes bytes that lie at the very end of their memory but for 64 bytes of quotes, which a
/// decoder that reads on would take for part of the line.
func decode(_ line: [UInt8], with decoder: EventsDecoder = EventsDecoder()) -> Decoded {
    let padded = line + [UInt8](repeating: 0x22, count: 64)
    var event = Event()
    return unsafe padded.withUnsafeBufferPointer {
        let slice = unsafe ByteSlice(start: $0.baseAddress, count: line.count)
        let verdict = decoder.decode(slice, into: &event)
        return Decoded(verdict, event)
    }
}

func decode(_ line: String) -> Decoded { decode(Array(line.utf8)) }

/// A line with the required fields and `rest` after them.
func event(_ rest: String) -> String {
    #"{"ts":"2026-09-14T08:21:07.123Z","type":"click""# + (rest.isEmpty ? "" : "," + rest) + "}"
}

@Suite struct EventsDecoderTests {
    @Test func `every known field is taken`() {
        let names = [
            "customer_id", "email", "cookie", "id", "url", "campaign", "message", "search",
            "currency", "status", "bounce", "ua", "ip", "stage", "owner",
        ]
        let line = event(names.map { #""\#($0)":"<\#($0)>""# }.joined(separator: ","))
        let decoded = decode(line)
        #expect(decoded.verdict == nil)
        #expect(decoded.at == 1_789_374_067_123)
        #expect(decoded["type"] == "click")
        for name in names { #expect(decoded[name] == "<\(name)>") }
        #expect(decoded.fields.count == names.count + 1)
    }

    @Test func `blanks between tokens and a carriage return at the end mean nothing`() {
        let spread = "\t{ \"ts\" : 5 , \"type\" : \"a\" , \"id\" : 7 , \"x\" : [ 1 , { } ] } \r"
        let decoded = decode(spread)
        #expect(decoded.verdict == nil)
        #expect(decoded["id"] == "7")
        #expect(decoded.at == 5)
    }

    @Test(arguments: ["", " ", "\r", "  \t\r", " \r"])
    func `a line of nothing but blanks is blank`(line: String) {
        #expect(decode(line).verdict == .blank)
    }

    @Test func `fields of an earlier line do not show in a later one`() {
        let decoder = EventsDecoder()
        var event = Event()
        let lines = [
            #"{"ts":1,"type":"a","email":"x","value":3,"traits":{"k":1},"owner":"o"}"#,
            #"{"ts":1,"type":"a"}"#,
        ]
        for line in lines {
            let padded = Array(line.utf8) + [UInt8](repeating: 0, count: 64)
            unsafe padded.withUnsafeBufferPointer {
                let slice = unsafe ByteSlice(start: $0.baseAddress, count: line.utf8.count)
                #expect(decoder.decode(slice, into: &event) == nil)
            }
        }
        #expect(event.email.isEmpty && event.owner.isEmpty && event.traits.isEmpty)
        #expect(event.value.tenThousandths == 0)
    }

    @Test(arguments: [
        (#""ts":"2026-09-14T08:21:07+02:00""#, nil, 1_789_366_867_000),
        (#""ts":1789374067123"#, nil, 1_789_374_067_123),
        (#""ts":-1"#, nil, -1),
        (#""ts":9223372036854775807"#, nil, Int64.max),
        (#""ts":100000000000000000000000000"#, nil, Int64.max),
        (#""ts":-100000000000000000000000000"#, nil, Int64.min),
        (#""ts":1.5"#, Verdict.time, 0), (#""ts":1e3"#, .time, 0), (#""ts":null"#, .time, 0),
        (#""ts":"2026-09-14T08:21:07""#, .time, 0), (#""ts":"""#, .time, 0),
        (#""tz":1"#, .time, 0), (#""ts":true"#, .field, 0), (#""ts":{}"#, .field, 0),
    ])
    func `a time is RFC 3339 or whole milliseconds`(ts: String, verdict: Verdict?, at: Int64) {
        let decoded = decode(#"{"type":"a",\#(ts)}"#)
        #expect(decoded.verdict == verdict)
        #expect(decoded.at == at)
    }

    @Test(arguments: [
        (#""a-z_0.9""#, nil), (#""""#, Verdict.type), (#""Click""#, .type), (#""a b""#, .type),
        (#""\u00e4""#, .type), ("null", .type), ("7", .field),
    ])
    func `a type is of lower-case letters, digits, dot, dash and underscore`(
        type: String, verdict: Verdict?
    ) {
        #expect(decode(#"{"ts":1,"type":\#(type)}"#).verdict == verdict)
    }

    @Test func `a type has at most 64 bytes`() {
        let type = String(repeating: "t", count: 64)
        #expect(decode(#"{"ts":1,"type":"\#(type)"}"#).verdict == nil)
        #expect(decode(#"{"ts":1,"type":"\#(type)t"}"#).verdict == .type)
    }

    @Test(arguments: [
        ("19.9", nil, 199_000), (#""19.9""#, nil, 199_000), ("-3", nil, -30_000),
        ("1.5e3", nil, 15_000_000), ("0.00005", nil, 1), ("0.1e1", nil, 10_000),
        ("9007199254740993.0001", Verdict.value, 0),
        ("900719925474099.3", nil, 9_007_199_254_740_993_000),
        ("1e400", .value, 0), ("1e-400", nil, 0), (#""1,5""#, .value, 0), (#""""#, .value, 0),
        ("NaN", .json, 0), ("Infinity", .json, 0), ("0x10", .json, 0), ("01", .json, 0),
        ("+1", .json, 0), (".5", .json, 0), ("5.", .json, 0), ("1e", .json, 0), ("-", .json, 0),
        ("true", .field, 0), ("[1]", .field, 0),
    ])
    func `money is a decimal and never a float`(text: String, verdict: Verdict?, value: Int64) {
        let decoded = decode(event(#""value":\#(text)"#))
        #expect(decoded.verdict == verdict)
        #expect(decoded.value == value)
    }

    @Test(arguments: ["customer_id", "cookie", "id", "message", "campaign", "status"])
    func `an identifier may be an integer, taken as written`(name: String) {
        #expect(decode(event(#""\#(name)":0123"#)).verdict == .json)
        #expect(decode(event(#""\#(name)":123456789012345678901234567890"#))[name]?.count == 30)
        #expect(decode(event(#""\#(name)":1.5"#)).verdict == .field)
    }

    @Test(arguments: ["email", "url", "search", "currency", "bounce", "ua", "ip", "stage", "owner"])
    func `other fields are strings or null`(name: String) {
        #expect(decode(event(#""\#(name)":null"#)).verdict == nil)
        for value in ["1", "true", "{}", "[]", "1.5"] {
            #expect(decode(event(#""\#(name)":\#(value)"#)).verdict == .field)
        }
    }

    @Test func `a field stated twice must say the same`() {
        #expect(decode(event(#""email":"a","email":"a""#)).verdict == nil)
        #expect(decode(event(#""email":"a","email":"b""#)).verdict == .duplicateKey)
        #expect(decode(event(#""email":null,"email":"b""#)).verdict == .duplicateKey)
        #expect(decode(event(#""email":"a","em\u0061il":"b""#)).verdict == .duplicateKey)
        #expect(decode(event(#""other":"a","other":"b""#)).verdict == nil)
        #expect(decode(event(#""traits":{"a":1},"traits":{"a":1}"#)).verdict == nil)
        #expect(decode(event(#""traits":{"a":1},"traits":{"a":2}"#)).verdict == .duplicateKey)
        #expect(decode(event(#""traits":{"a":1,"a":2}"#)).verdict == .duplicateKey)
        #expect(decode(event(#""traits":{"a":1,"a":1}"#)).traits == [["a", "1"]])
    }

    @Test func `traits are names with values as written`() {
        let decoded = decode(
            event(#""traits":{"job_title":"CTO \"x\"","n":1e3,"g\u006fne":null,"l":[1, {"a":2}]}"#))
        #expect(decoded.verdict == nil)
        #expect(
            decoded.traits == [
                ["job_title", #""CTO \"x\"""#], ["n", "1e3"], ["gone", "null"],
                ["l", #"[1, {"a":2}]"#],
            ])
        #expect(decode(event(#""traits":null"#)).verdict == nil)
        #expect(decode(event(#""traits":[]"#)).verdict == .field)
        #expect(decode(event(#""traits":"x""#)).verdict == .field)
        #expect(decode(event(#""traits":{}"#)).verdict == nil)
    }

    @Test func `traits are bounded in number and length`() {
        func traits(_ count: Int) -> String {
            event(#""traits":{"# + (0..<count).map { #""k\#($0)":1"# }.joined(separator: ",") + "}")
        }
        #expect(decode(traits(64)).traits.count == 64)
        #expect(decode(traits(65)).verdict == .traits)
        #expect(decode(traits(257)).verdict == .json)
        #expect(decode(event(#""traits":{"":1}"#)).verdict == .traits)
        let name = String(repeating: "n", count: 64)
        #expect(decode(event(#""traits":{"\#(name)":1}"#)).verdict == nil)
        #expect(decode(event(#""traits":{"\#(name)n":1}"#)).verdict == .traits)
        let value = String(repeating: "v", count: 1022)
        #expect(decode(event(#""traits":{"a":"\#(value)"}"#)).verdict == nil)
        #expect(decode(event(#""traits":{"a":"\#(value)v"}"#)).verdict == .traits)
    }

    @Test func `the registry names each format once`() {
        let names = LogFormat.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(LogFormat.named("events") != nil)
        #expect(LogFormat.named("nothing") == nil)
    }
}
