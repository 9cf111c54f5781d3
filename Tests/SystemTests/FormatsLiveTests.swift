import Foundation
import Glibc
import TestKit
import Testing

/// The built daemon over logs that others write.
@Suite struct FormatsLiveTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    /// Of `ann@example.com` and `K-7`, each on a line, under that key:
    /// printf 'ann@example.com\nK-7' | openssl dgst -sha256 -hmac KEY
    private static let signature =
        "9de58c2f60d83ed503d400408513477f2caea22a5e29c248e668d34fbcb79ba9"

    /// A scratch with a source of each format in conf.d.
    private func scratch() throws -> DaemonScratch {
        let scratch = try DaemonScratch()
        let folder = scratch.directory.appending(path: "conf.d")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = scratch.directory.appending(path: "link.key")
        try Data((Self.key + "\n").utf8).write(to: key)
        unsafe chmod(key.path, 0o600)
        let text = """
            sources:
              - name: web
                paths: "\(scratch.log("access*.log"))"
                format: access
                sign: {parameter: s, key_file: "\(key.path)", over: [e, k]}
                routes:
                  - {path: "/c/*", type: click, email: $arg_e, customer_id: $arg_k, cookie: $arg_c}
                  - {path: "*", method: GET, status: 200, type: visit, cookie: $arg_c}
              - {name: hooks, paths: "\(scratch.log("hooks.json"))", preset: sendgrid}
              - name: orders
                paths: "\(scratch.log("orders.csv"))"
                format: csv
                type: purchase
                fields: {ts: at, email: mail, value: total, traits: {industry: branch}}
            """
        try Data(text.utf8).write(to: folder.appending(path: "formats.yaml"))
        return scratch
    }

    private func request(_ target: String, _ time: String = "10/Sep/2026:08:21:07 +0000") -> String
    {
        #"203.0.113.7 - - [\#(time)] "GET \#(target) HTTP/1.1" 200 0 "-" "Mozilla/5.0 (X11)""#
    }

    @Test func `all formats of one person come together, and everything adds up`() throws {
        let scratch = try scratch()
        try scratch.append(
            [
                request("/c/1?e=ann%40example.com&k=K-7&c=f81d&s=\(Self.signature)"),
                request("/pricing?c=f81d"),
                // The seal of somebody else's link binds no customer number, as none at all would not; the
                // event itself counts for the number that it states.
                request("/c/1?e=bob%40example.com&k=K-7&c=b0b&s=\(Self.signature)"),
                request("/c/1?e=cyd%40example.com&c=c1d"), request("/a?c=c1d"), "nonsense",
            ], to: "access.log")
        try scratch.append(
            [
                #"[{"email":"ann@example.com","timestamp":1789000000,"event":"click","sg_event_id":"a"},"#
                    + #"{"email":"bob@example.com","timestamp":1789000001,"event":"bounce","status":"5.1.1"},"#
                    + #"{"event":"processed"}]"#
            ], to: "hooks.json")
        try scratch.append(
            ["at,mail,total,branch", "2026-09-10,ann@example.com,100.50,boats", "2026-09-10,x"],
            to: "orders.csv")
        let outcome = try scratch.once(asOf: "2026-09-15")
        #expect(outcome.code == 0, "\(outcome.talk)")
        #expect(
            scratch.number(
                "SELECT contact_id FROM leads WHERE email = 'ann@example.com' AND customer_id = 'K-7'"
                    + " AND events = 5 AND value = 100.5") != nil)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE customer_id IS NOT NULL") == 1)
        #expect(
            scratch.number(
                "SELECT count(*) FROM identifiers i JOIN leads USING (contact_id)"
                    + " WHERE i.value = 'c1d' AND email = 'cyd@example.com'") == 1)
        let rows = try scratch.rows(
            "SELECT name, lines_read || '/' || records_read || '/' || applied || '/' || quarantined"
                + " AS counts FROM sources WHERE lines_read > 0 ORDER BY name")
        #expect(
            rows.map { "\($0["counts"] ?? .null)" }.joined(separator: " ")
                .contains("1/3/2/0"))
        #expect(try scratch.leadscore(["verify", "--config", scratch.configuration]).code == 0)
    }

    @Test func `a source with a wrong format is degraded until its lines are right`() throws {
        let scratch = try scratch()
        let daemon = try scratch.start()
        try scratch.append((0..<20).map { "nonsense \($0)" }, to: "access.log")
        #expect(
            holds(within: 10) { (try? scratch.status()?.degraded.contains("format")) == true },
            "\(daemon.talk)")
        try scratch.append((0..<500).map { _ in request("/a?c=f81d") }, to: "access.log")
        #expect(
            holds(within: 10) { (try? scratch.status()?.degraded.contains("format")) == false },
            "\(daemon.talk)")
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 5) == 0)
        #expect(daemon.talk.contains("leadscore try --source web"))
    }
}
