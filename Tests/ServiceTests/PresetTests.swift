import Core
import Foundation
import Testing

@testable import Service

/// What the presets make of the events that the providers document.
///
/// The lines have the shape of the providers' own examples, with values of ours.
@Suite struct PresetTests {
    private func rehearsal(_ preset: String, _ more: String = "") throws -> Rehearsal {
        let text = """
            sources:
              - {name: s, paths: /s, preset: \(preset)\(more)}
            signals:
              - {name: machine_open, when: {type: open, origin: machine}, weight: 0}
              - {name: other, when: {type: [open, click, visit, search, signup, download]}, weight: 0}
            """
        let configuration = try Configuration.parse([("c.yaml", Array(text.utf8))])
        #expect(configuration.warnings == [])
        return try #require(Rehearsal(configuration, source: "s"))
    }

    /// For each record `type who signal`, or the reason why there is none.
    private func read(_ preset: String, _ line: String, _ more: String = "") throws -> [String] {
        try rehearsal(preset, more).read(Array(line.utf8)).map { record in
            guard let signal = record.signal else { return record.verdict.reason }
            let event = Dictionary(uniqueKeysWithValues: record.event.map { ($0.name, $0.value) })
            let who = record.identifiers.map(\.value).joined(separator: " ")
            return "\(event["type"] ?? "?") \(who) \(signal)"
        }
    }

    private func fields(_ preset: String, _ line: String) throws -> [String: String] {
        let record = try #require(try rehearsal(preset).read(Array(line.utf8)).first)
        return Dictionary(uniqueKeysWithValues: record.event.map { ($0.name, $0.value) })
    }

    @Test func `every preset is read without a mistake`() throws {
        let names = Presets.ofSourceTree.names
        #expect(
            names == ["cloudevents", "mailgun", "postmark", "segment", "sendgrid", "ses"])
        for name in names { _ = try rehearsal(name) }
    }

    @Test func `sendgrid`() throws {
        func event(_ name: String, _ rest: String = "") -> String {
            #"{"email":"a@b.example","timestamp":1789374067,"event":"\#(name)","sg_event_id":"\#(name)","#
                + #""sg_message_id":"m.1","useragent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","ip":"203.0.113.7"\#(rest)}"#
        }
        let kinds = [
            event("processed"), event("dropped"), event("delivered"), event("deferred"),
            event("open"), event("click", #","url":"https://s.example/a""#), event("spamreport"),
            event("unsubscribe"), event("group_unsubscribe"), event("group_resubscribe"),
            event("open", #","sg_machine_open":true"#), event("open", #","sg_machine_open":false"#),
        ]
        let expected = [
            "type", "type", "delivered a@b.example delivered", "bounce a@b.example soft_bounce",
            "open a@b.example other", "click a@b.example other", "complaint a@b.example complaint",
            "unsubscribe a@b.example unsubscribe", "unsubscribe a@b.example unsubscribe", "type",
            "open a@b.example machine_open", "open a@b.example other",
        ]
        #expect(try read("sendgrid", "[\(kinds.joined(separator: ","))]") == expected)
        let bounces = [
            (#","status":"5.0.0""#, "hard"), (#","type":"bounce","status":"5.1.1""#, "hard"),
            (#","type":"bounce","status":"5.2.2""#, "soft"), (#","type":"blocked""#, "block"),
            (#","type":"blocked","status":"5.1.1""#, "block"), (#","status":"5.7.1""#, "block"),
        ]
        for (rest, kind) in bounces {
            let signal = kind == "block" ? kind : "\(kind)_bounce"
            #expect(
                try read("sendgrid", event("bounce", rest)) == ["bounce a@b.example \(signal)"],
                "\(rest)")
        }
        let found = try fields("sendgrid", event("click", #","url":"https://s.example/a""#))
        #expect(found["ts"] == "2026-09-14T08:21:07Z" && found["url"] == "https://s.example/a")
        #expect(found["message"] == "m.1" && found["ip"] == "203.0.113.7")
    }

    private func sesMail(_ rest: String) -> String {
        #"{\#(rest),"mail":{"timestamp":"2026-09-14T08:21:00.000Z","messageId":"m1","#
            + #""destination":["a@b.example","c@d.example"]}}"#
    }

    @Test func `ses, bare and in the envelope of SNS`() throws {
        let bounce = sesMail(
            #""notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","#
                + #""timestamp":"2026-09-14T08:21:07.000Z","feedbackId":"f1","bouncedRecipients":["#
                + #"{"emailAddress":"a@b.example","status":"5.1.1"},{"emailAddress":"c@d.example","#
                + #""status":"5.7.1"},{"emailAddress":"e@f.example"}]}"#)
        let expected = [
            "bounce a@b.example hard_bounce", "bounce c@d.example block",
            "bounce e@f.example hard_bounce",
        ]
        #expect(try read("ses", bounce) == expected)
        let quoted = bounce.replacing("\"", with: "\\\"")
        let envelope =
            #"{"Type":"Notification","MessageId":"x","Timestamp":"2026-09-14T09:00:00Z","#
            + #""Message":"\#(quoted)"}"#
        #expect(try read("ses", envelope) == expected)
        #expect(try fields("ses", envelope)["ts"] == "2026-09-14T08:21:07Z")
        let confirmation = #"{"Type":"SubscriptionConfirmation","Message":"You have chosen"}"#
        #expect(try read("ses", confirmation) == ["type"])
    }

    @Test func `ses, the other events`() throws {
        func told(_ rest: String) throws -> [String] { try read("ses", sesMail(rest)) }
        #expect(try told(#""eventType":"Send","send":{}"#) == ["type", "type"])
        #expect(
            try told(
                #""eventType":"Delivery","delivery":{"timestamp":"2026-09-14T08:21:07Z","#
                    + #""recipients":["a@b.example"]}"#) == ["delivered a@b.example delivered"])
        #expect(
            try told(
                #""eventType":"Complaint","complaint":{"timestamp":"2026-09-14T08:21:07Z","#
                    + #""complainedRecipients":[{"emailAddress":"a@b.example"}]}"#)
                == ["complaint a@b.example complaint"])
        #expect(
            try told(#""eventType":"Open","open":{"timestamp":"2026-09-14T08:21:07Z"}"#)
                == ["open a@b.example other", "open c@d.example other"])
        let full =
            #""eventType":"Bounce","bounce":{"bounceType":"Transient","bounceSubType":"%","#
            + #""timestamp":"2026-09-14T08:21:07Z","bouncedRecipients":[{"emailAddress":"a@b.example"}]}"#
        for (kind, signal) in [("MailboxFull", "soft_bounce"), ("ContentRejected", "block")] {
            #expect(try told(full.replacing("%", with: kind)) == ["bounce a@b.example \(signal)"])
        }
    }

    @Test func `mailgun`() throws {
        func event(_ name: String, _ rest: String = "") -> String {
            #"{"signature":{"timestamp":"1","token":"t"},"event-data":{"event":"\#(name)","id":"i","#
                + #""timestamp":1789374067.5,"recipient":"a@b.example","message":{"headers":"#
                + #"{"message-id":"m@x"}},"tags":["autumn"]\#(rest)}}"#
        }
        #expect(try read("mailgun", event("accepted")) == ["type"])
        #expect(try read("mailgun", event("delivered")) == ["delivered a@b.example delivered"])
        #expect(try read("mailgun", event("clicked")) == ["click a@b.example other"])
        #expect(try read("mailgun", event("complained")) == ["complaint a@b.example complaint"])
        #expect(
            try read("mailgun", event("opened", #","client-info":{"bot":"apple"}"#))
                == ["open a@b.example machine_open"])
        #expect(
            try read("mailgun", event("opened", #","client-info":{"bot":""}"#))
                == ["open a@b.example other"])
        let failures = [
            (#","severity":"permanent","reason":"bounce""#, "hard_bounce"),
            (#","severity":"temporary","reason":"generic""#, "soft_bounce"),
            (#","severity":"permanent","reason":"suppress-unsubscribe""#, "block"),
            (
                #","severity":"permanent","delivery-status":{"enhanced-code":"5.7.1"}"#, "block"
            ),
        ]
        for (rest, signal) in failures {
            #expect(
                try read("mailgun", event("failed", rest)) == ["bounce a@b.example \(signal)"],
                "\(rest)")
        }
        let found = try fields("mailgun", event("clicked", #","url":"https://s.example/a""#))
        #expect(found["ts"] == "2026-09-14T08:21:07.500Z" && found["campaign"] == "autumn")
        #expect(found["message"] == "m@x" && found["url"] == "https://s.example/a")
    }

    @Test func `postmark`() throws {
        func told(_ record: String, _ rest: String) throws -> [String] {
            try read("postmark", #"{"RecordType":"\#(record)","MessageID":"m",\#(rest)}"#)
        }
        let to = #""Recipient":"a@b.example""#
        let at = #""ReceivedAt":"2026-09-14T08:21:07.9070259Z""#
        #expect(try told("Open", "\(to),\(at)") == ["open a@b.example other"])
        #expect(
            try told("Delivery", #"\#(to),"DeliveredAt":"2026-09-14T08:21:07Z""#)
                == ["delivered a@b.example delivered"])
        let bounces = [
            ("HardBounce", "hard_bounce"), ("SoftBounce", "soft_bounce"), ("Blocked", "block"),
            ("AutoResponder", "auto_reply"), ("Transient", "soft_bounce"),
        ]
        for (type, signal) in bounces {
            let rest =
                #""Type":"\#(type)","ID":4,"Email":"a@b.example","#
                + #""BouncedAt":"2026-09-14T10:21:07+02:00""#
            #expect(try told("Bounce", rest) == ["bounce a@b.example \(signal)"])
        }
        let change = #"\#(to),"ChangedAt":"2026-09-14T08:21:07Z","SuppressSending":"#
        #expect(
            try told(
                "SubscriptionChange", change + #"true,"SuppressionReason":"ManualSuppression""#)
                == ["unsubscribe a@b.example unsubscribe"])
        #expect(
            try told("SubscriptionChange", change + #"true,"SuppressionReason":"HardBounce""#)
                == ["type"])
        #expect(
            try told("SubscriptionChange", change + #"false,"SuppressionReason":null"#) == ["type"])
    }

    @Test func `segment`() throws {
        func told(_ rest: String, _ more: String = "") throws -> [String] {
            try read(
                "segment",
                #"{\#(rest),"anonymousId":"f81d","messageId":"m","timestamp":"2026-09-14T08:21:07.123Z"}"#,
                more)
        }
        let page = #""type":"page","properties":{"url":"https://s.example/a","title":"A"}"#
        #expect(try told(page) == ["visit f81d other"])
        #expect(
            try told(
                #""type":"identify","userId":"K-7","traits":{"email":"a@b.example","plan":"x"}"#)
                == ["profile K-7 a@b.example f81d profile"])
        #expect(
            try told(#""type":"track","event":"Order Completed","properties":{"revenue":19.5}"#)
                == ["purchase f81d purchase"])
        #expect(try told(#""type":"track","event":"Demo Requested""#) == ["type"])
        let extended = #", types: {"Demo Requested": signup}"#
        #expect(
            try told(#""type":"track","event":"Demo Requested""#, extended) == ["signup f81d other"]
        )
        #expect(try told(page, extended) == ["visit f81d other"])
    }

    @Test func `cloudevents`() throws {
        let line =
            #"{"specversion":"1.0","type":"click","source":"/s","id":"e1","time":"2026-09-14T08:21:07Z","#
            + #""data":{"email":"a@b.example","url":"/a","id":"wrong","type":"wrong"}}"#
        #expect(try read("cloudevents", line) == ["click a@b.example other"])
        #expect(try read("cloudevents", "[\(line),\(line)]").count == 2)
        let found = try fields("cloudevents", line)
        #expect(found["id"] == "e1" && found["url"] == "/a")
        let named = try read(
            "cloudevents", line.replacing(#""click""#, with: #""Com.Example.Click""#),
            #", types: {Com.Example.Click: click}"#)
        #expect(named == ["click a@b.example other"])
    }
}
