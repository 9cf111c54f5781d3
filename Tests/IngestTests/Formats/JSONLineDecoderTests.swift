import Core
import TestKit
import Testing

@testable import Ingest

/// Decodes every event of a line.
func decodeAll(_ line: String, with decoder: any LineDecoder) -> [Decoded] {
    decodeAll(Array(line.utf8), with: decoder)
}

func decodeAll(_ line: [UInt8], with decoder: any LineDecoder) -> [Decoded] {
    let padded = line + [UInt8](repeating: 0x22, count: 64)
    var event = Event()
    return unsafe padded.withUnsafeBufferPointer {
        let slice = unsafe ByteSlice(start: $0.baseAddress, count: line.count)
        var found = [Decoded(decoder.decode(slice, into: &event), event)]
        if let batch = decoder as? any BatchDecoder {
            while batch.remaining > 0 {
                found.append(Decoded(batch.decodeNext(into: &event), event))
            }
        }
        return found
    }
}

@Suite struct JSONLineDecoderTests {
    private func layout(_ change: (inout FieldLayout) -> Void = { _ in }) -> FieldLayout {
        var layout = FieldLayout()
        layout.fields = [.ts: ["/t"], .type: ["/k"], .email: ["/who/0/mail", "/mail"]]
        change(&layout)
        return layout
    }

    private func decode(_ line: String, _ change: (inout FieldLayout) -> Void = { _ in }) -> Decoded
    {
        decodeAll(line, with: JSONLineDecoder(layout(change)))[0]
    }

    @Test(arguments: [
        ("1789374067", 1_789_374_067_000), ("1789374067.5", 1_789_374_067_500),
        ("1789374067.123999", 1_789_374_067_123), ("1789374067123", 1_789_374_067_123),
        ("99999999999", 99_999_999_999_000), ("100000000000", 100_000_000_000),
        (#""1789374067""#, 1_789_374_067_000),
        (#""2026-09-14T08:21:07.123456789Z""#, 1_789_374_067_123),
        (#""2026-09-14T10:21:07+02:00""#, 1_789_374_067_000), ("-5", -5000),
    ])
    func `numbers below 10^11 are seconds, others milliseconds`(ts: String, at: Int64) {
        let found = decode(#"{"t":\#(ts),"k":"open"}"#)
        #expect(found.verdict == nil && found.at == at)
    }

    @Test(arguments: [
        "true", "null", "[1]", #""today""#, "1e9", #""2026-09-14T08:21:07""#, #""2026-09-14""#,
    ])
    func `what is no time is quarantined`(ts: String) {
        #expect(decode(#"{"t":\#(ts),"k":"open"}"#).verdict == .time)
    }

    @Test func `the first pointer that leads to a text or a number wins`() {
        let tail = #""t":1789374067,"k":"open""#
        #expect(decode(#"{"who":[{"mail":"a"}],"mail":"b",\#(tail)}"#)["email"] == "a")
        #expect(decode(#"{"who":[{"mail":null}],"mail":"b",\#(tail)}"#)["email"] == "b")
        #expect(decode(#"{"who":[],"mail":{"x":1},\#(tail)}"#)["email"] == nil)
        #expect(decode(#"{"mail":7,\#(tail)}"#)["email"] == "7")
        #expect(decode(#"{"mail":true,\#(tail)}"#).verdict == .field)
    }

    @Test func `pointers have escapes, and keys too`() {
        let found = decode(#"{"a/b":{"~c\u0064":{"":{"0":"x"}}},"t":1,"k":"open"}"#) {
            $0.fields[.id] = ["/a~1b/~0cd//0"]
        }
        #expect(found["id"] == "x")
    }

    @Test func `an index leads into arrays and a digit into objects`() {
        let line = #"{"l":[10,{"1":"x"},[20,30]],"t":1,"k":"open"}"#
        for (pointer, value) in [("/l/0", "10"), ("/l/1/1", "x"), ("/l/2/1", "30")] {
            #expect(decode(line) { $0.fields[.id] = [pointer] }["id"] == value)
        }
        for pointer in ["/l/3", "/l/-", "/l/01", "/l", "/l/1", "/x/y", "/l/4294967296"] {
            #expect(decode(line) { $0.fields[.id] = [pointer] }["id"] == nil, "\(pointer)")
        }
    }

    @Test func `a type that is not named is filtered`() {
        let named = { (layout: inout FieldLayout) in
            layout.types = ["Open": TypeMeaning(type: "open")]
            layout.fields[.type] = ["/name", "/k"]
        }
        #expect(decode(#"{"t":1,"k":"Open"}"#, named)["type"] == "open")
        #expect(decode(#"{"t":1,"name":"x","k":"Open"}"#, named)["type"] == "open")
        #expect(decode(#"{"t":1,"k":"open"}"#, named).verdict == .otherType)
        #expect(decode(#"{"t":1}"#, named).verdict == .otherType)
        #expect(decode(#"{"t":1,"k":"Open"}"#).verdict == .type)
        #expect(decode(#"{"t":1}"#).verdict == .type)
        #expect(decode(#"{"t":1}"#) { $0.type = "visit" }["type"] == "visit")
    }

    @Test func `each event of an array is a record, with what the envelope says`() {
        let decoder = JSONLineDecoder(
            layout {
                $0.each = ["/none", "/list"]; $0.fields[.id] = ["/id", ""]
            })
        let found = decodeAll(
            #"{"t":5,"mail":"a@b.example","k":"x","list":[{"k":"open","id":1},"text",{"t":6},7,null]}"#,
            with: decoder)
        #expect(found.map { $0["type"] } == ["open", "x", "x", "x", "x"])
        #expect(found.map(\.at) == [5000, 5000, 6000, 5000, 5000])
        #expect(found.map { $0["id"] } == ["1", "text", nil, "7", nil])
        #expect(found.allSatisfy { $0["email"] == "a@b.example" })
        #expect(decodeAll(#"{"list":[]}"#, with: decoder).map(\.verdict) == [.blank])
        #expect(decodeAll(#"{"list":{},"t":1,"k":"x"}"#, with: decoder).map(\.verdict) == [nil])
    }

    @Test func `a line may be an array, and need not be`() {
        let decoder = JSONLineDecoder(layout { $0.each = [""] })
        let one = #"{"t":1,"k":"open"}"#
        #expect(decodeAll("[\(one), \(one)]", with: decoder).map(\.verdict) == [nil, nil])
        #expect(decodeAll(one, with: decoder).map(\.verdict) == [nil])
        #expect(decodeAll("[]", with: decoder).map(\.verdict) == [.blank])
        #expect(decodeAll("[\(one)]", with: JSONLineDecoder(layout())).map(\.verdict) == [.json])
    }

    @Test func `what is wrapped stands for the line, as an object or as a text`() {
        let wrap = { (layout: inout FieldLayout) in layout.unwrap = ["/in"] }
        #expect(decode(#"{"in":{"t":1,"k":"open"},"t":2}"#, wrap).at == 1000)
        #expect(decode(#"{"in":"{\"t\":1,\"k\":\"op\\u0065n\"}"}"#, wrap)["type"] == "open")
        #expect(decode(#"{"in":"hello","t":2,"k":"x"}"#, wrap).at == 2000)
        #expect(decode(#"{"t":2,"k":"x"}"#, wrap).at == 2000)
        #expect(decode(#"{"in":"{\"t\":1"}"#, wrap).verdict == .json)
        let both = { (layout: inout FieldLayout) in layout.unwrap = ["/a", "/b", "/none"] }
        let inner = #"{\\\"t\\\":1,\\\"k\\\":\\\"open\\\"}"#
        #expect(decode(#"{"a":"{\"b\":\"\#(inner)\"}"}"#, both)["type"] == "open")
        #expect(decode(#"{"b":{"t":1,"k":"open"}}"#, both)["type"] == "open")
    }

    @Test func `words are translated, and bounces give way to a code that says more`() {
        func bounce(_ rest: String) -> [String?] {
            let found = decode(#"{"t":1,"k":"B"\#(rest)}"#) {
                $0.fields[.bounce] = ["/sub", "/class"]
                $0.fields[.status] = ["/status"]
                $0.types = ["B": TypeMeaning(type: "bounce", bounce: "soft")]
                $0.values[.bounce] = ["Permanent": "hard", "Policy": "block"]
            }
            return [found["bounce"]]
        }
        #expect(bounce("") == ["soft"])
        #expect(bounce(#","class":"Permanent""#) == ["hard"])
        #expect(bounce(#","sub":"?","class":"Permanent","status":"5.0.0""#) == ["hard"])
        #expect(bounce(#","class":"Permanent","status":"5.2.2""#) == [nil])
        #expect(bounce(#","status":"5.1.1""#) == [nil])
        #expect(bounce(#","sub":"Policy","class":"Permanent","status":"5.1.1""#) == ["block"])
        #expect(bounce(#","class":"auto_reply","status":"5.1.1""#) == ["auto_reply"])
    }

    @Test func `traits are an object, or named one by one`() {
        let line = #"{"t":1,"k":"x","tr":{"a":"1","b":null,"c":{"d":[1]}},"title":"Head \u00e4"}"#
        let all = decode(line) { $0.traitObjects = ["/none", "/tr"] }
        #expect(all.traits == [["a", #""1""#], ["b", "null"], ["c", #"{"d":[1]}"#]])
        let one = decode(line) { $0.traits = ["job_title": ["/no", "/title"], "z": ["/no"]] }
        #expect(one.traits == [["job_title", #""Head \u00e4""#]])
        let long = "{\"t\":1,\"k\":\"x\",\"tr\":{\"a\":\"\(String(repeating: "x", count: 1100))\"}}"
        #expect(decode(long) { $0.traitObjects = ["/tr"] }.verdict == .traits)
    }

    @Test(arguments: [
        ("{", Verdict.json), ("7", .json), (#""x""#, .json), (#"{"t":1,}"#, .json),
        (#"{"t":1} {"#, .json), (#"{"a":01,"t":1,"k":"x"}"#, .json), ("", .blank), (" \r", .blank),
        ("\0\0", .nul),
        (#"{"t":1,"k":"x","mail":"a\u0000b"}"#, .nul),
        (#"{"t":1,"k":"x","k":"y"}"#, .duplicateKey), (#"{"t":1,"k":"x","z":[}"#, .json),
        (String(repeating: #"{"a":"#, count: 65) + "1" + String(repeating: "}", count: 65), .depth),
    ])
    func `lines that are no event have a reason`(line: String, verdict: Verdict) {
        #expect(decode(line).verdict == verdict)
    }

    @Test func `the same key twice is no matter where nobody looks, or where it says the same`() {
        #expect(decode(#"{"t":1,"k":"x","z":1,"z":2,"k":"x"}"#).verdict == nil)
    }

    @Test func `invalid UTF-8 is refused`() {
        let line = Array(#"{"t":1,"k":"x","z":""#.utf8) + [0xFF] + Array("\"}".utf8)
        #expect(decodeAll(line, with: JSONLineDecoder(layout())).map(\.verdict) == [.utf8])
    }
}
