import Core
import TestKit
import Testing

@Suite("Bounce")
struct BounceTests {
    @Test(arguments: [
        ("5.1.1", Bounce.hard), ("5.1.0", .hard), ("5.1.2", .hard), ("5.1.3", .hard),
        ("5.1.6", .hard), ("5.1.10", .hard), ("5.2.0", .hard), ("5.2.1", .hard),
        ("5.1.4", .soft), ("5.1.7", .soft), ("5.1.100", .soft), ("5.2.2", .soft),
        ("5.2.3", .soft), ("5.3.4", .soft), ("5.4.4", .soft), ("5.4.6", .soft), ("5.0.0", .soft),
        ("4.2.2", .soft), ("4.1.1", .soft), ("4.4.1", .soft), ("5.7.1", .block),
        ("4.7.0", .block), ("5.7.606", .block), (" 5.1.1 ", .hard), ("", .soft),
        ("nonsense", .soft), ("99999.1.1", .soft), ("5.1.1.9", .soft), ("5.1", .soft),
        ("5.1.", .soft), ("5.1.1111", .soft), ("15.1.1", .soft), ("2.1.1", .soft),
    ])
    func `a status code says who is to blame`(status: String, bounce: Bounce) {
        #expect(status.withSlice { Bounce(status: $0) } == bounce)
    }

    @Test(arguments: [
        // A code that names its subject decides, whatever is said with it.
        ("5.1.1", "550 5.1.1 <ann@example.com>: blocked? No: user unknown", Bounce.hard),
        ("5.7.1", "550 5.7.1 user unknown", .block),
        ("4.2.2", "452 4.2.2 user unknown", .soft),
        ("5.2.2", "552 5.2.2 user unknown", .soft),
        // The mailbox is there, and full.
        ("5.2.0", "554 5.2.0 The mailbox is full", .soft),
        ("5.2.1", "550 5.2.1 mailbox disabled", .hard),
        // A code that names nothing leaves it to the words.
        ("5.0.0", "host mx.example.com said: 550 No such user here", .hard),
        ("5.0.0", "554 Message rejected: listed at Spamhaus", .block),
        ("5.0.0", "552 Quota exceeded", .soft),
        ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", .hard),
        ("5.5.0", "554 protocol error", .soft),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", .hard),
        ("5.4.1", "550 5.4.1 No answer from host", .soft),
        ("5.6.0", "554 5.6.0 message content rejected", .block),
        // Without a code the words are all there is.
        ("", "550 5.1.1 The account that you tried to reach does not exist", .hard),
        ("", "550 Unknown recipient", .hard), ("", "450 Unknown recipient", .soft),
        ("", "421 Too many connections", .block), ("", "550 refused", .soft),
        ("", "Your IP 5.1.1.9 is on our blacklist", .block),
        ("", "I am out of the office until Monday.", .autoReply),
        ("", "VACATION notice", .autoReply),
    ])
    func `the words of a server decide where its code does not`(
        code: String, text: String, bounce: Bounce
    ) {
        let found = code.withSlice { code in text.withSlice { Bounce(code: code, text: $0) } }
        #expect(found == bounce)
    }

    @Test(arguments: [
        ("hard", "", Bounce.hard), ("soft", "5.1.1", .soft), ("block", "5.1.1", .block),
        ("auto_reply", "5.1.1", .autoReply), ("", "5.1.1", .hard), ("", "550 5.7.1 no", .block),
        // Words of mail providers stand back behind a code that says something.
        ("Permanent", "5.7.1", .block), ("Permanent", "", .hard), ("Transient", "", .soft),
        ("Undetermined", "", .soft), ("HardBounce", "", .hard), ("SoftBounce", "", .soft),
        ("blocked", "5.0.0", .block), ("AutoResponder", "", .autoReply),
        ("MailboxFull", "", .soft), ("suppress-bounce", "", .hard), ("temporary", "", .soft),
        ("something else", "", .soft),
    ])
    func `our own words stand, those of providers fill in`(
        stated: String, status: String, bounce: Bounce
    ) {
        let found = stated.withSlice { stated in
            status.withSlice { Bounce(stated: stated, status: $0) }
        }
        #expect(found == bounce)
    }

    @Test func `every class has its word`() {
        for bounce in Bounce.allCases { #expect(bounce.word.text == bounce.rawValue) }
    }
}
