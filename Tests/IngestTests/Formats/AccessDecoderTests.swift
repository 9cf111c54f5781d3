import Core
import TestKit
import Testing

@testable import Ingest

/// Lines of access logs through a layout.
struct AccessLog {
    let decoder: AccessDecoder

    init(
        _ format: String = "combined", _ routes: [Route] = [AccessLog.click, AccessLog.visit],
        signature: LinkSignature? = nil
    ) throws {
        let layout = AccessLayout(logFormat: format, routes: routes, signature: signature)
        decoder = try AccessDecoder(layout)
    }

    static let click = Route(
        path: Glob("/c/*"), type: "click",
        takes: [.email: "$arg_e", .message: "$arg_m", .url: "$arg_u", .campaign: "$arg_k"])
    static let visit = Route(
        path: Glob("*"), methods: ["GET", "HEAD"], statuses: [200, 304], type: "visit",
        takes: [.customerID: "$arg_c"])

    func decode(_ line: String) -> Decoded { decode(Array(line.utf8)) }

    func decode(_ line: [UInt8]) -> Decoded {
        let padded = line + [UInt8](repeating: 0x22, count: 64)
        var event = Event()
        return unsafe padded.withUnsafeBufferPointer {
            let slice = unsafe ByteSlice(start: $0.baseAddress, count: line.count)
            return Decoded(decoder.decode(slice, into: &event), event)
        }
    }
}

/// A line in the combined format.
func combined(
    _ request: String, status: Int = 200, time: String = "14/Sep/2026:08:21:07 +0000",
    user: String = "-", ua: String = "Mozilla/5.0 (X11)", from: String = "203.0.113.7"
) -> String {
    #"\#(from) - \#(user) [\#(time)] "\#(request)" \#(status) 512 "-" "\#(ua)""#
}

@Suite struct AccessDecoderTests {
    @Test func `a click through a link has what the link says`() throws {
        let found = try AccessLog().decode(
            combined(
                "GET /c/x?e=ann%40example.com&m=2026-09&u=https%3A%2F%2Fs.example%2Fa&k=a+b HTTP/1.1"
            ))
        #expect(found.verdict == nil && found.at == 1_789_374_067_000)
        #expect(found["type"] == "click" && found["email"] == "ann@example.com")
        #expect(found["url"] == "https://s.example/a" && found["message"] == "2026-09")
        #expect(found["campaign"] == "a b")
        #expect(found["ua"] == "Mozilla/5.0 (X11)" && found["ip"] == "203.0.113.7")
    }

    @Test func `without a url the request target is the url`() throws {
        let found = try AccessLog().decode(combined("GET /a%20b?c=K-7&x=1 HTTP/2.0"))
        #expect(found["url"] == "/a%20b?c=K-7&x=1" && found["customer_id"] == "K-7")
    }

    @Test func `a plus is a blank where words stand, and itself in an address`() throws {
        let found = try AccessLog().decode(
            combined("GET /c/?e=ann+x%2By@example.com&k=%2B+1 HTTP/1.1"))
        #expect(found["email"] == "ann+x+y@example.com" && found["campaign"] == "+ 1")
    }

    @Test(arguments: [
        ("14/Sep/2026:10:21:07 +0200", 1_789_374_067_000),
        ("13/Sep/2026:22:51:07 -0930", 1_789_374_067_000),
        ("31/Dec/1999:23:59:60 +0000", 946_684_800_000),
    ])
    func `times have zones`(time: String, at: Int64) throws {
        #expect(try AccessLog().decode(combined("GET / HTTP/1.1", time: time)).at == at)
    }

    @Test(arguments: [
        "31/Feb/2026:08:21:07 +0000", "14/Foo/2026:08:21:07 +0000", "14/Sep/2026:24:21:07 +0000",
        "14/Sep/2026:08:21:07 UTC", "-", "14/Sep/2026:08:21:07 +000x",
    ])
    func `what is no time is quarantined`(time: String) throws {
        #expect(try AccessLog().decode(combined("GET / HTTP/1.1", time: time)).verdict == .time)
    }

    @Test(arguments: [
        "-", "", #"\x16\x03\x01\x02\x00\x01"#, "GET", "GET ", "get / HTTP/1.1", "GET  HTTP/1.1",
        "CONNECT a.example:443 HTTP/1.1", "GET /a b", "quit", #"\x00"#, "GET a HTTP/1.1",
        "SSTP_DUPLEX_POST", "PRI x HTTP/2.0",
    ])
    func `bad requests are never applied`(request: String) throws {
        #expect(try AccessLog().decode(combined(request)).verdict == .badRequest)
    }

    @Test(arguments: ["/", "/a b", "http://h.example/a?b", "/a HTTP/1.1 b", "//", "/\u{e4}"])
    func `odd requests are requests`(target: String) throws {
        let found = try AccessLog().decode(combined("GET \(target) HTTP/1.1"))
        #expect(found.verdict == nil && found["url"] == target)
    }

    @Test func `the version may be missing, as it was long ago`() throws {
        #expect(try AccessLog().decode(combined("GET /a"))["url"] == "/a")
    }

    @Test func `the first route that matches wins, by path, method and status`() throws {
        let log = try AccessLog()
        #expect(log.decode(combined("GET /c/1?c=1 HTTP/1.1"))["type"] == "click")
        #expect(log.decode(combined("GET /c HTTP/1.1"))["type"] == "visit")
        #expect(log.decode(combined("POST /d HTTP/1.1")).verdict == .noRoute)
        #expect(log.decode(combined("GET /d HTTP/1.1", status: 404)).verdict == .noRoute)
        #expect(log.decode(combined("GET /%63/1 HTTP/1.1"))["type"] == "click")
    }

    @Test func `a question without wanting the answer is a machine's`() throws {
        let layout = AccessLayout(routes: [AccessLog.visit])
        let decoder = try AccessDecoder(layout)
        var event = Event()
        let rules = ["HEAD", "GET"].map { method in
            combined("\(method) / HTTP/1.1").withSlice { line in
                #expect(decoder.decode(line, into: &event) == nil)
                return event.originRule
            }
        }
        #expect(rules == [.head, .none])
    }

    @Test func `escaped quotes do not end a value`() throws {
        let log = try AccessLog()
        #expect(log.decode(combined("GET / HTTP/1.1", ua: #"a\x22b"#))["ua"] == #"a"b"#)
        #expect(log.decode(combined("GET / HTTP/1.1", ua: #"a\"b\\"#))["ua"] == #"a"b\"#)
        #expect(log.decode(combined("GET / HTTP/1.1", ua: #"\xC3\xA4"#))["ua"] == "ä")
        #expect(log.decode(combined(#"GET /\x22?c=\"1\" HTTP/1.1"#))["customer_id"] == #""1""#)
        #expect(log.decode(combined("GET / HTTP/1.1", ua: #"a\"#)).verdict == .format)
        #expect(log.decode(combined("GET / HTTP/1.1", ua: #"a"b"#)).verdict == .format)
    }

    @Test func `addresses may be of version 6, users may have blanks`() throws {
        let log = try AccessLog()
        #expect(log.decode(combined("GET / HTTP/1.1", from: "2001:db8::1"))["ip"] == "2001:db8::1")
        #expect(log.decode(combined("GET / HTTP/1.1", user: "ann of x")).verdict == nil)
        let vhost = try AccessLog("vhost_combined")
        let line = combined("GET / HTTP/1.1", from: "::1")
        for host in ["www.example:443", "[2001:db8::1]:80", "192.0.2.1:8080"] {
            #expect(vhost.decode("\(host) \(line)")["ip"] == "::1", "\(host)")
        }
    }

    @Test(arguments: [
        "203.0.113.7 - - [14/Sep/2026:08:21:07 +0000] \"GET / HTTP/1.1\" 200 512 \"-\"",
        "203.0.113.7 - - [14/Sep/2026:08:21:07 +0000] \"GET / HTTP/1.1\" 200 512 \"-\" \"x\" \"y\"",
        "203.0.113.7", "x", "{}",
    ])
    func `lines with more or fewer values are quarantined`(line: String) throws {
        #expect(try AccessLog().decode(line).verdict == .format)
    }

    @Test func `an empty line is blank, and a carriage return is dropped`() throws {
        let log = try AccessLog()
        #expect(log.decode("").verdict == .blank && log.decode(" \r").verdict == .blank)
        #expect(log.decode([0, 0, 0]).verdict == .nul)
        #expect(log.decode(combined("GET / HTTP/1.1") + "\r").verdict == nil)
    }

    @Test func `identifiers that are no text are quarantined, urls may be anything`() throws {
        let log = try AccessLog()
        #expect(log.decode(combined("GET /?c=%ff HTTP/1.1")).verdict == .utf8)
        #expect(log.decode(combined("GET /?c=%00 HTTP/1.1")).verdict == .nul)
        #expect(log.decode(combined("GET /?d=%00%ff HTTP/1.1")).verdict == nil)
        #expect(log.decode(combined(#"GET /?d=\x00\xff HTTP/1.1"#)).verdict == nil)
        #expect(log.decode(combined("GET /?c=%zz%4 HTTP/1.1"))["customer_id"] == "%zz%4")
    }

    @Test func `names of parameters are compared as nginx does`() throws {
        let log = try AccessLog()
        let found = log.decode(combined("GET /c/?xe=1&e&E=b@b.example&e=c@c.example&m=&u HTTP/1.1"))
        #expect(found.verdict == nil && found["email"] == nil && found["message"] == nil)
        let second = log.decode(combined("GET /c/?E=b@b.example&e=c@c.example#f HTTP/1.1"))
        #expect(second["email"] == "b@b.example")
    }
}
