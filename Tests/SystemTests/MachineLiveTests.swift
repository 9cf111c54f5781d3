import Foundation
import TestKit
import Testing

/// The real daemon tells machines from people by what they do.
@Suite struct MachineLiveTests {
    private static func line(
        _ type: String, _ who: String, _ url: String, at seconds: Int, _ more: String = ""
    ) -> String {
        let time = String(format: "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
        return #"{"ts":"2026-09-14T\#(time)Z","type":"\#(type)",\#(who),"url":"\#(url)"\#(more)}"#
    }

    private static func click(_ link: Int, at seconds: Int) -> String {
        line("click", #""email":"ann@example.com""#, "/l\(link)", at: seconds, #","message":"m""#)
    }

    @Test func `what a gateway clicks is taken back from what is shown, over a kill`() throws {
        let scratch = try DaemonScratch()
        try scratch.append([Self.click(0, at: 90), Self.click(3, at: 600)], to: "a.ndjson")
        let daemon = try scratch.launch(["--as-of", "2026-09-14"])
        let clicks = "SELECT counts->>'click' FROM leads"
        #expect(holds(within: 20) { scratch.number(clicks) == 2 })
        daemon.killNow()
        // The rest of the sweep, and one more click of the person.
        let rest = (1..<5).map { Self.click($0, at: 90) } + [Self.click(4, at: 9000)]
        try scratch.append(rest, to: "b.ndjson")
        let again = try scratch.launch(["--as-of", "2026-09-14"])
        #expect(
            holds(within: 20) { scratch.number("SELECT counts->>'click:machine' FROM leads") == 5 })
        #expect(scratch.number(clicks) == 2)
        #expect(scratch.number("SELECT engagement = 10 FROM leads") == 1)
        #expect(scratch.number("SELECT sum(n) FROM activity WHERE signal = 'click'") == 2)
        let why = try scratch.leadscore(["explain", "ann@example.com"])
        #expect(why.output.contains("Set aside as done by machines: click 5."))
        #expect(why.output.contains("Rules that knew machines: sweep 5."))
        #expect(try scratch.leadscore(["verify"]).code == 0)
        again.signal(SIGTERM)
        #expect(again.code(within: 10) == 0)
    }

    @Test func `who did what in which second is forgotten after two days, and stays set aside`()
        throws
    {
        let scratch = try DaemonScratch()
        try scratch.append((0..<4).map { Self.click($0, at: 90) }, to: "a.ndjson")
        let state = scratch.state + "/state.db"
        for (day, kept) in [("2026-09-14", 1), ("2026-09-16", 1), ("2026-09-17", 0)] {
            #expect(try scratch.once(asOf: day).code == 0)
            for table in ["trace", "share", "message_link"] {
                let rows = try TableRows.read(state, "SELECT count(*) FROM \(table)")
                #expect(rows.first?.values.first?.int == Int64(kept), "\(day) \(table)")
            }
            #expect(scratch.number("SELECT counts->>'click:machine' FROM leads") == 4)
        }
    }

    @Test func `a crawler's visits count again once somebody is known behind it`() throws {
        let scratch = try DaemonScratch()
        let cookie = #""cookie":"c""#
        let many = (0..<151).map { Self.line("visit", cookie, "/p", at: $0 * 60) }
        let other = #"{"ts":"2026-09-13T00:00:00Z","type":"visit","cookie":"c","url":"/p"}"#
        let robots = Self.line("visit", #""cookie":"r""#, "/robots.txt", at: 7)
        let pricing = #"{"ts":"2026-09-13T00:00:00Z","type":"visit","cookie":"r","url":"/pricing"}"#
        try scratch.append(many + [other, robots, pricing], to: "a.ndjson")
        #expect(try scratch.once(asOf: "2026-09-14").code == 0)
        #expect(
            try scratch.rows("SELECT counts FROM leads ORDER BY events").map { $0["counts"] } == [
                .text(#"{"pricing_visit:machine":1,"visit:machine":1,"machine:robots":2}"#),
                .text(#"{"visit":1,"visit:machine":151,"machine:volume":151}"#),
            ])
        let login = Self.line("click", #""cookie":"c","email":"ann@example.com""#, "/", at: 0)
        try scratch.append([login], to: "a.ndjson")
        #expect(try scratch.once(asOf: "2026-09-14").code == 0)
        #expect(scratch.number("SELECT counts->>'visit' FROM leads WHERE NOT anonymous") == 152)
        #expect(scratch.number("SELECT count(*) FROM leads WHERE counts LIKE '%volume%'") == 0)
        #expect(try scratch.leadscore(["verify", "--config", scratch.configuration]).code == 0)
    }
}
