import Core
import TestKit
import Testing

@testable import Ingest

@Suite("Postfix")
struct PostfixDecoderTests {
    /// A decoder at 2026-09-15 in UTC+2, and what it makes of lines.
    private struct Log {
        let decoder = PostfixDecoder()
        private var event = Event()

        init(latest: String = "2026-09-15T00:00:00Z") {
            decoder.zone = FixedZone(offsetMinutes: 120)
            decoder.latest = latest.withSlice { Instant(rfc3339: $0) } ?? Instant(0)
        }

        /// The event in words, or the reason why there is none.
        mutating func read(_ line: String) -> String {
            line.withSlice { line in
                if let verdict = decoder.decode(line, into: &event) {
                    return "\(verdict.outcome.name) \(verdict.reason)"
                }
                let fields = [
                    event.type, event.email, event.status, event.bounce, event.campaign,
                    event.message, event.id,
                ]
                return fields.map { $0.isEmpty ? "-" : $0.text }.joined(separator: " ")
            }
        }
    }

    private static func line(_ text: String, _ daemon: String = "smtp") -> String {
        "2026-09-14T08:21:07.5+02:00 mx1 postfix/\(daemon)[17]: \(text)"
    }

    private static func delivery(
        _ status: String, to: String = "to=<ann@example.com>",
        relay: String = "mx.example.com[192.0.2.1]:25", id: String = "4XJ2yN0Zq7z1r"
    ) -> String {
        line("\(id): \(to), relay=\(relay), delay=1, delays=0/0/0/1, \(status)")
    }

    @Test(arguments: [
        ("dsn=2.0.0, status=sent (250 2.0.0 Ok)", "delivered", "2.0.0", "-"),
        ("dsn=5.1.1, status=bounced (said: 550 User unknown)", "bounce", "5.1.1", "hard"),
        ("dsn=5.7.1, status=bounced (said: 550 Blocked)", "bounce", "5.7.1", "block"),
        ("dsn=5.2.2, status=bounced (said: 552 Mailbox full)", "bounce", "5.2.2", "soft"),
        ("dsn=5.2.0, status=bounced (said: 554 Mailbox full)", "bounce", "5.2.0", "soft"),
        ("dsn=5.0.0, status=bounced (said: 550 No such user)", "bounce", "5.0.0", "hard"),
        ("dsn=5.0.0, status=bounced (said: 554 Spamhaus)", "bounce", "5.0.0", "block"),
        ("dsn=5.4.6, status=bounced (mail loops)", "bounce", "5.4.6", "soft"),
        ("dsn=4.2.2, status=deferred (said: 452 User unknown)", "bounce", "4.2.2", "soft"),
        ("dsn=4.4.1, status=deferred (connection timed out)", "bounce", "4.4.1", "soft"),
        ("dsn=5.1.1, status=deferred (soft_bounce is set)", "bounce", "5.1.1", "soft"),
        ("dsn=4.7.0, status=deferred (said: 450 4.7.0 later)", "bounce", "4.7.0", "block"),
    ])
    func `what became of a mail is told by its status and code`(
        status: String, type: String, code: String, bounce: String
    ) {
        var log = Log()
        let expected = "\(type) ann@example.com \(code) \(bounce) - - 4XJ2yN0Zq7z1r"
        #expect(log.read(Self.delivery(status)) == expected)
    }

    @Test func `a delivery knows the campaign that earlier lines told of`() {
        var log = Log()
        let sent = "dsn=2.0.0, status=sent (ok)"
        let other = "filtered other"
        #expect(
            log.read(
                Self.line("A1B2C3D4E5: from=<news@shop.example>, size=1, nrcpt=1", "qmgr")) == other
        )
        #expect(log.read(Self.line("A1B2C3D4E5: message-id=<17@shop>", "cleanup")) == other)
        #expect(
            log.read(Self.delivery(sent, id: "A1B2C3D4E5"))
                == "delivered ann@example.com 2.0.0 - news@shop.example 17@shop A1B2C3D4E5")
        let header =
            "info: header X-Campaign: autumn from here from localhost[127.0.0.1]; from=<n@s>"
        #expect(log.read(Self.line("A1B2C3D4E5: \(header)", "cleanup")) == other)
        #expect(
            log.read(Self.delivery(sent, id: "A1B2C3D4E5"))
                == "delivered ann@example.com 2.0.0 - autumn from here 17@shop A1B2C3D4E5")
        #expect(log.read(Self.line("A1B2C3D4E5: removed", "qmgr")) == other)
        #expect(
            log.read(Self.delivery(sent, id: "A1B2C3D4E5"))
                == "delivered ann@example.com 2.0.0 - - - A1B2C3D4E5")
    }

    @Test(arguments: [
        ("Feedback-ID: autumn:7:bulk:shop", "autumn -"), ("x-campaign-id: a b", "a b -"),
        ("X-Mailing: 2026-09", "- 2026-09"), ("Subject: autumn", "- -"), ("X-Campaign:", "- -"),
    ])
    func `headers of known names are taken up`(header: String, found: String) {
        var log = Log()
        _ = log.read(
            Self.line("A1B2C3D4E5: info: header \(header) from local; from=<n@s>", "cleanup"))
        let read = log.read(Self.delivery("dsn=2.0.0, status=sent", id: "A1B2C3D4E5"))
        #expect(read == "delivered ann@example.com 2.0.0 - \(found) A1B2C3D4E5")
    }

    @Test func `the address that was written to is taken`() {
        var log = Log()
        let aliased = "to=<a@host>, orig_to=<ann@example.com>"
        #expect(
            log.read(Self.delivery("dsn=2.0.0, status=sent (ok)", to: aliased))
                .hasPrefix("delivered ann@example.com "))
        let local = "to=<root@host.example>, orig_to=<root>"
        #expect(
            log.read(Self.delivery("dsn=2.0.0, status=sent (ok)", to: local))
                .hasPrefix("delivered root@host.example "))
    }

    @Test(arguments: [
        line("warning: hostname x does not resolve"), line("NOQUEUE: reject: RCPT from x", "smtpd"),
        line("4XJ2yN0Zq7z1r: client=localhost[127.0.0.1]", "smtpd"),
        line("statistics: max connection rate 1/60s", "anvil"),
        delivery("dsn=2.0.0, status=sent (ok)", relay: "127.0.0.1[127.0.0.1]:10024"),
        delivery("dsn=2.0.0, status=deliverable (ok)"), delivery("status=sent (no code)"),
        "2026-09-14T08:21:07Z mx1 sshd[7]: 4XJ2yN0Zq7z1r: to=<a@b>, dsn=2.0.0, status=sent",
        "2026-09-14T08:21:07Z mx1 postfix[7]: starting the Postfix mail system",
        "Sep 14 08:21:07 mx1 last message repeated 2 times",
        "2026-09-14T08:21:07Z mx1 kernel: eth0 up",
    ])
    func `everything else is filtered`(line: String) {
        var log = Log()
        #expect(log.read(line) == "filtered other")
    }

    @Test(arguments: [
        ("", "filtered blank"), ("  ", "filtered blank"), ("x", "quarantined format"),
        ("rubbish of some kind, long enough", "quarantined ts"),
        ("2026-13-14T08:21:07Z h postfix/smtp[1]: x", "quarantined ts"),
        ("Sep 31 08:21:07 h postfix/smtp[1]: x", "quarantined ts"),
        ("Sep 14 08:21:07", "quarantined format"), ("Sep 14 08:21:07 h", "quarantined format"),
    ])
    func `what is no line of syslog is quarantined`(line: String, verdict: String) {
        var log = Log()
        #expect(log.read(line) == verdict)
    }

    @Test(arguments: [
        ("2026-09-14T08:21:07.123456+02:00", "2026-09-15T00:00:00Z", "2026-09-14T06:21:07.123Z"),
        ("Sep 14 08:21:07", "2026-09-15T00:00:00Z", "2026-09-14T06:21:07Z"),
        ("<22>Sep  4 08:21:07", "2026-09-15T00:00:00Z", "2026-09-04T06:21:07Z"),
        // The last year in which it is not ahead.
        ("Sep 16 08:21:07", "2026-09-15T00:00:00Z", "2025-09-16T06:21:07Z"),
        ("Dec 31 23:59:59", "2026-01-01T12:00:00Z", "2025-12-31T21:59:59Z"),
        ("Feb 29 12:00:00", "2026-09-15T00:00:00Z", "2024-02-29T10:00:00Z"),
    ])
    func `times of both kinds are read, and the year is found`(
        time: String, latest: String, at: String
    ) throws {
        let decoder = PostfixDecoder()
        decoder.zone = FixedZone(offsetMinutes: 120)
        decoder.latest = try #require(latest.withSlice { Instant(rfc3339: $0) })
        var event = Event()
        let line =
            "\(time) mx postfix/smtp[1]: A1B2C3D4E5: to=<a@b.example>, dsn=2.0.0, status=sent"
        let verdict = line.withSlice { decoder.decode($0, into: &event) }
        #expect(verdict == nil)
        #expect(event.at.rfc3339 == at)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `a restart anywhere changes nothing`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ids = ["A1B2C3D4E5", "4XJ2yN0Zq7z1r", "B2C3D4E5F6"]
        let lines = (0..<80).map { _ in
            let id = random.pick(ids)
            return random.pick([
                Self.line(
                    "\(id): from=<n\(Int.random(in: 0...3, using: &random))@s>, size=1", "qmgr"),
                Self.line("\(id): from=<>, size=1", "qmgr"), Self.line("\(id): removed", "qmgr"),
                Self.line(
                    "\(id): message-id=<m\(Int.random(in: 0...3, using: &random))>", "cleanup"),
                Self.line("\(id): info: header X-Campaign: c from local; from=<n@s>", "cleanup"),
                Self.delivery("dsn=2.0.0, status=sent (ok)", id: id),
            ])
        }
        var whole = Log()
        var parted = Log()
        var kept: [[UInt8]: RememberedText] = [:]
        for line in lines {
            #expect(parted.read(line) == whole.read(line), "seed \(seed)")
            guard random.oneIn(4) else { continue }
            for change in parted.decoder.takeRemembered() {
                kept[change.key] = change.text == nil ? nil : change
            }
            guard random.oneIn(2) else { continue }
            parted = Log()
            parted.decoder.restore(Array(kept.values))
        }
    }

    @Test func `a mail is forgotten after a week, and one that came and went is never kept`() {
        var log = Log()
        func qmgr(_ day: Int, _ id: String, _ text: String) -> String {
            "2026-08-\(day)T00:00:00Z mx postfix/qmgr[1]: \(id): \(text)"
        }
        _ = log.read(qmgr(10, "A1B2C3D4E5", "from=<old@s>, size=1"))
        _ = log.read(qmgr(10, "B2C3D4E5F6", "from=<brief@s>, size=1"))
        _ = log.read(qmgr(10, "B2C3D4E5F6", "removed"))
        #expect(log.decoder.takeRemembered().map { $0.text == nil } == [false])
        _ = log.read(qmgr(16, "C3D4E5F607", "from=<new@s>, size=1"))
        #expect(log.decoder.takeRemembered().count == 1)
        _ = log.read(qmgr(18, "D4E5F60718", "from=<newer@s>, size=1"))
        #expect(log.decoder.takeRemembered().map { $0.text == nil } == [true, false])
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `any bytes have a verdict`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = Array(Self.delivery("dsn=5.1.1, status=bounced (x)").utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.removeLast(bytes.count - place - 1)
            }
        }
        let decoder = PostfixDecoder()
        decoder.latest = Instant(1_800_000_000_000)
        var event = Event()
        let verdict = unsafe bytes.withUnsafeBufferPointer {
            decoder.decode(unsafe ByteSlice($0), into: &event)
        }
        let allowed: [Verdict?] = [nil, .blank, .otherLine, .time, .format]
        #expect(allowed.contains(verdict), "seed \(seed)")
    }
}
