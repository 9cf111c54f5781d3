import Foundation
import Glibc
import TestKit
import Testing

/// Reports on who is who and whom mail does not reach, with and without a daemon.
@Suite struct CommandReportTests {
    private static func line(_ type: String, _ fields: String) -> String {
        "{\"ts\":\(time(nil) * 1000),\"type\":\"\(type)\",\(fields)}"
    }

    @Test func `ambiguous says between whom, with and without a daemon and a configuration`() throws
    {
        let scratch = try DaemonScratch()
        for _ in 0..<3 {
            try scratch.append(
                [Self.line("click", #""cookie":"c1","email":"ann@example.com""#)], to: "a.ndjson")
        }
        for _ in 0..<2 {
            try scratch.append(
                [Self.line("click", #""cookie":"c1","customer_id":"K9""#)], to: "a.ndjson")
        }
        let daemon = try scratch.start()
        _ = try scratch.settled()
        let told = try scratch.leadscore(["ambiguous", "--json"])
        #expect(told.code == 0)
        let json = try JSONSerialization.jsonObject(with: Data(told.output.utf8))
        let entry = try #require((json as? [[String: Any]])?.first)
        #expect(entry["value"] as? String == "c1" && entry["events"] as? Int == 5)
        let people = try #require(entry["people"] as? [[String: Any]])
        #expect(people.map { $0["value"] as? String } == ["ann@example.com", "K9"])
        #expect(people.map { $0["events"] as? Int } == [3, 2])
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)

        #expect(try scratch.leadscore(["ambiguous", "--json"]).output == told.output)
        let text = try scratch.leadscore(["ambiguous"]).output
        #expect(text.hasPrefix("cookie:c1  5 events\n  3 (60 %) lead to email:ann@example.com  ("))
        #expect(try scratch.leadscore(["link", "cookie:c1", "customer:K9"]).code == 0)
        let after = try scratch.leadscore(["ambiguous"])
        #expect(after.output.isEmpty && after.talk.contains("every identifier"))
    }

    @Test func `what the facts alone can answer takes no configuration`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann"), eventLine("ben"), "no event"], to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        unsafe unlink(scratch.configuration)
        let status = try #require(try scratch.status())
        #expect(status.outcome("applied") == 2)
        let copy = scratch.directory.appending(path: "copy.db").path
        for command in [["quarantine"], ["backup", copy], ["forget", "email:ann@example.com"]] {
            let outcome = try scratch.leadscore(command)
            #expect(outcome.code == 0, "\(command): \(outcome.talk)")
        }
        #expect(scratch.number("SELECT count(*) FROM leads") == 1)
        // What derives scores cannot do without.
        let verify = try scratch.leadscore(["verify", "--config", scratch.configuration])
        #expect(verify.code == 78 && verify.talk.contains("does not exist"))
    }

    @Test func `what is lost is not behind`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([eventLine("ann"), eventLine("ben"), "half a line"], to: "a.ndjson")
        unsafe truncate(
            scratch.log("a.ndjson"), (eventLine("ann") + eventLine("ben")).utf8.count + 6)
        try #require(try scratch.once().code == 0)
        unsafe truncate(scratch.log("a.ndjson"), eventLine("ann").utf8.count + 1)
        try #require(try scratch.once().code == 0)
        let rows = try #require(try scratch.status()?.json["sources"] as? [[String: Any]])
        #expect(rows.map { $0["retired"] as? Bool } == [true, false])
        #expect(rows.map { $0["lost_bytes"] as? Int } == [4, 0])
        #expect(rows.map { $0["lag_bytes"] as? Int } == [0, 0])
    }

    @Test func `bounced lists others of the account whose mail arrives`() throws {
        let scratch = try DaemonScratch()
        func mail(_ who: String, _ type: String, _ more: String = "") throws {
            try scratch.append([Self.line(type, "\"email\":\"\(who)\"\(more)")], to: "a.ndjson")
        }
        try mail("gone@works.example", "bounce", #","status":"5.1.1""#)
        try mail("boss@works.example", "fair")
        try mail("clerk@works.example", "delivered")
        try mail("left@works.example", "unsubscribe")
        try mail("gone@gmail.com", "bounce", #","status":"5.1.1""#)
        try mail("other@gmail.com", "fair")
        try #require(try scratch.once().code == 0)
        let outcome = try scratch.leadscore(["bounced"])
        #expect(
            outcome.output == """
                gone@works.example  invalid  0.00
                  boss@works.example  engaged  30.00
                  clerk@works.example  known  0.00
                gone@gmail.com  invalid  0.00
                  nobody else of the account can be reached

                """)
        let one = try scratch.leadscore(["bounced", "boss@works.example", "--json"])
        let json = try JSONSerialization.jsonObject(with: Data(one.output.utf8))
        let row = try #require((json as? [[String: Any]])?.first)
        #expect(row["live"] as? Int == 1 && row["deliverability"] as? String == "ok")
    }

    @Test func `verify asks for as many records as lines, but where a line may hold several`()
        throws
    {
        let scratch = try DaemonScratch()
        let source = """

            sources:
              - name: hooks
                paths: "\(scratch.log("*.json"))"
                format: json
                each: /events
                fields: {ts: /ts, type: /type, email: /email}
              - {name: events, paths: "\(scratch.log("*.ndjson"))"}
            """
        try Data((DaemonScratch.rules + source).utf8)
            .write(to: URL(filePath: scratch.configuration))
        let event = eventLine("ann")
        try scratch.append(["{\"events\":[\(event),\(event)]}"], to: "a.json")
        try scratch.append([event], to: "a.ndjson")
        try #require(try scratch.once().code == 0)
        func verify() throws -> BuiltBinary.Outcome {
            try scratch.leadscore(["verify", "--config", scratch.configuration])
        }
        #expect(try verify().code == 0)
        // Also when the source is gone from the configuration.
        try scratch.configure()
        #expect(try verify().code == 0)
        try TableRows.execute(
            scratch.state + "/state.db",
            """
            UPDATE stream SET records_read = records_read + 1 WHERE source = 'events';
            UPDATE outcome SET n = n + 1 WHERE outcome = 'applied'
                AND stream = (SELECT id FROM stream WHERE source = 'events');
            """)
        let broken = try verify()
        #expect(broken.code == 65)
        #expect(broken.output.contains("FAILED  conservation events"))
        #expect(broken.output.contains("ok      conservation hooks"))
    }

    @Test func `money in another currency is reported`() throws {
        let scratch = try DaemonScratch()
        let more = ",\"value\":7,\"currency\":\"USD\""
        try scratch.append([eventLine("ann", type: "purchase", more: more)], to: "a.ndjson")
        let daemon = try scratch.start()
        _ = try scratch.settled()
        #expect(try scratch.leadscore(["status"]).output.contains("other currency  1 event"))
        daemon.signal(SIGTERM)
        #expect(daemon.code(within: 10) == 0)
        #expect(daemon.talk.contains("money in another currency counted as 0 events=1"))
    }
}
