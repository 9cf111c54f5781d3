import Core
import Foundation
import Testing

@testable import Ingest

/// Formats as servers write them.
@Suite struct LogFormatTests {
    private static let visit = Route(path: Glob("*"), type: "visit")

    private func decode(
        _ format: String, _ line: String, _ takes: [EventField: String] = [:]
    ) throws -> Decoded {
        try AccessLog(format, [Route(path: Glob("*"), type: "visit", takes: takes)]).decode(line)
    }

    @Test func `nginx with variables of its own`() throws {
        let found = try decode(
            #"$remote_addr - $remote_user [$time_local] "$request" $status "$http_cookie" rt=$request_time id=${request_id}"#,
            #"::1 - - [14/Sep/2026:08:21:07 +0000] "GET /a HTTP/1.1" 200 "a=1; sid=\x22f81d\x22; b=2" rt=0.001 id=9af3"#,
            [.cookie: "$cookie_SID", .id: "$request_id"])
        #expect(found["cookie"] == "f81d" && found["id"] == "9af3")
    }

    @Test func `nginx with JSON`() throws {
        let format = #"""
            log_format main escape=json '{"t":"$time_iso8601","m":"$request_method",'
                '"u":"$request_uri","s":$status,"c":"$cookie_sid","ua":"$http_user_agent",'
                '"h":"$http_x_customer"}';
            """#
        let found = try decode(
            format,
            #"{"t":"2026-09-14T10:21:07+02:00","m":"GET","u":"/a?q=\"x\"","s":200,"c":"","ua":"a\\\"b\u00e4\ud83d\ude00\n","h":"K-7"}"#,
            [.cookie: "$cookie_sid", .customerID: "$http_x_customer"])
        #expect(found.verdict == nil && found.at == 1_789_374_067_000)
        #expect(found["url"] == #"/a?q="x""# && found["ua"] == "a\\\"bä😀\n")
        #expect(found["cookie"] == nil && found["customer_id"] == "K-7")
    }

    @Test func `nginx with seconds and the request in parts`() throws {
        let format = "$msec $request_method $uri?$args $status"
        let found = try decode(format, "1789374067.123 GET /a?b=1 200")
        #expect(found.at == 1_789_374_067_123 && found["url"] == "/a?b=1")
        #expect(try decode(format, "1789374067.123 GET /a?- 200")["url"] == "/a")
    }

    @Test func `Apache's format as httpd_conf has it`() throws {
        let format =
            #"LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %{sid}C %{UNIQUE_ID}e" x"#
        let line =
            #"203.0.113.7 - - [14/Sep/2026:08:21:07 +0000] "GET /a HTTP/1.1" 200 5 "-" "b\"c" f81d Zx-1"#
        let found = try decode(format, line, [.cookie: "$cookie_sid", .id: "%{UNIQUE_ID}e"])
        #expect(found["ua"] == #"b"c"# && found["cookie"] == "f81d" && found["id"] == "Zx-1")
    }

    @Test(arguments: [
        ("%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %U%q", "2026-09-14T10:21:07.123+0200 /a?b"),
        ("%{%d/%b/%Y %T %z}t.%{usec_frac}t %U%q", "14/Sep/2026 08:21:07 +0000.123999 /a?b"),
        ("%{begin:msec}t %U%q", "1789374067123 /a?b"), ("%{sec}t.123 %U%q", "1789374067.123 /a?b"),
        ("%{usec}t %m %U%q", "1789374067123456 GET /a?b"),
    ])
    func `Apache's times in every spelling`(format: String, line: String) throws {
        let found = try decode(format, line)
        #expect(found.at / 1000 == 1_789_374_067, "\(found)")
        #expect(found["url"] == "/a?b")
    }

    @Test(arguments: [
        ("", "holds no variable"), ("combine", "holds no variable"),
        ("$remote_addr$request [$time_local]", "nothing between"),
        ("$remote_addr [$time_local]", "no request"),
        (#"$remote_addr "$request""#, "no complete time"),
        ("%h %{%Y}t %r", "no complete time"), ("%h %t %y \"%r\"", "unknown directive"),
        ("%h %{%x}t \"%r\"", "has a time with"), ("$ $request", "without a name"),
        ("escape=xml $request [$time_local]", "unknown escape"), ("%{Referer", "closing"),
        ("'$request", "not closed"),
    ])
    func `what is no format is refused`(format: String, what: String) {
        do throws(LogFormatProblem) {
            let template = try AccessTemplate(format)
            try template.checkUse()
            Issue.record("\(format) passed")
        } catch {
            #expect(error.what.contains(what), "\(error)")
        }
    }

    @Test(arguments: [
        ("$cookie_sid", "is not in log_format"), ("$http_x_a", "%{x-a}i"),
        ("sid", "is no variable"),
        ("$nothing", "is not in log_format"),
    ])
    func `a route takes only what the log has`(source: String, what: String) throws {
        let template = try AccessTemplate("combined")
        do throws(LogFormatProblem) {
            try template.check(source: source)
            Issue.record("\(source) passed")
        } catch {
            #expect((error.what + error.remedy).contains(what), "\(error)")
        }
    }

    @Test func `a signed link is told from one that somebody made up`() throws {
        let key = Array("0123456789abcdef0123456789abcdef".utf8)
        let signature = LinkSignature(parameter: "s", keyFile: "/k", key: key, over: ["e", "m"])
        // printf 'ann@example.com\n2026-09' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let hex = "b376fe78917672dac315cd3dddabe252dda52874a9be6122c1ce45cf8df292c8"
        let base64 = "s3b-eJF2ctrDFc093aviUt2lKHSpvmEiwc5Fz43yksg"
        let log = try AccessLog("combined", [AccessLog.click], signature: signature)
        var event = Event()
        func isVouched(_ query: String) -> Bool {
            let line = Array(combined("GET /c/?\(query) HTTP/1.1").utf8)
            return unsafe line.withUnsafeBufferPointer {
                #expect(log.decoder.decode(unsafe ByteSlice($0), into: &event) == nil)
                return event.isVouched
            }
        }
        for seal in [hex, hex.uppercased(), base64, base64 + "="] {
            #expect(isVouched("e=ann%40example.com&m=2026-09&x=1&s=\(seal)"), "\(seal)")
        }
        let wrong = String(hex.dropLast()) + (hex.hasSuffix("0") ? "1" : "0")
        for query in [
            "e=bob%40example.com&m=2026-09&s=\(hex)", "e=ann%40example.com&s=\(hex)",
            "e=ann%40example.com%0A2026-09&s=\(hex)", "e=ann%40example.com&m=2026-09",
            "e=ann%40example.com&m=2026-09&s=\(wrong)", "e=ann%40example.com&m=2026-09&s=",
            "e=ann%40example.com&m=2026-09&s=\(hex.dropLast(2))",
        ] { #expect(!isVouched(query), "\(query)") }
    }
}
