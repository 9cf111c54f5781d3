internal import Core

/// Many events of many people, in the order of time but for the late ones.
struct Bulk {
    /// What a reader must find.
    private(set) var truth: Truth

    private let options: Loggen
    private let zipf: Zipf
    private let first: Int64
    private let span: Int64
    private var chance: Chance
    private var clock = WrittenClock()
    private var written: UInt64 = 0

    /// The mix of `Truth.types`, in thousandths, summed up.
    private static let mix = [400, 670, 810, 870, 915, 935, 965, 980, 995, 1000]

    init(_ options: Loggen) {
        self.options = options
        truth = Truth(contacts: options.truth == nil ? nil : options.contacts)
        zipf = Zipf(count: options.contacts, exponent: options.exponent)
        chance = Chance(seed: options.seed)
        let last = Day(options.end)?.end(in: .utc).milliseconds ?? 0
        span = Int64(options.days) * 86_400_000
        first = last - span
    }

    /// The address of a contact, for people; `append(email:)` writes the same.
    static func email(_ contact: Int) -> String {
        let digits = String(contact)
        let padded = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        let domain = String(contact % 900 + 100)
        return "contact\(padded)@company\(domain).example"
    }

    mutating func write(to buffer: inout LineBuffer) throws {
        for number in 0..<options.events {
            try buffer.beginLine()
            if chance.happens(options.duplicates), buffer.repeatLine(chance.next()) {
                truth.countDuplicate()
                continue
            }
            // Evenly spread; the product stays below 2^63 up to 10^12 events.
            let share = Double(number) / Double(options.events)
            let time = first + Int64(share * Double(span))
            if chance.happens(options.bad) {
                appendUnusable(at: time, to: &buffer)
            } else {
                appendUsable(at: time, to: &buffer)
            }
        }
    }

    private mutating func appendUsable(at time: Int64, to buffer: inout LineBuffer) {
        let isLate = chance.happens(options.late)
        let delay = isLate ? Int64(chance.below(3 * 86_400_000)) : 0
        let contact = zipf.draw(&chance)
        let draw = chance.below(1000)
        var type = 0
        while draw >= Bulk.mix[type] { type += 1 }
        clock.append(max(first, time - delay), to: &buffer)
        append(type, of: contact, to: &buffer)
        finish(&buffer)
        buffer.endLine(isUsable: true)
        truth.countUsable(contact: contact, type: type, isLate: isLate)
    }

    private mutating func finish(_ buffer: inout LineBuffer) {
        if options.ids {
            written += 1
            buffer.append(#"","id":""#)
            buffer.appendHex(Chance.mixed(written ^ options.seed &* 0x2545_F491_4F6C_DD1D))
        }
        buffer.append(#""}"#)
    }

    /// What a line of this type says after its time, up to the end of its last text.
    private mutating func append(_ type: Int, of contact: Int, to buffer: inout LineBuffer) {
        switch type {
        case 0:
            append(type: "open", email: contact, to: &buffer)
            appendMessage(to: &buffer)
        case 1:
            buffer.append(#"","type":"visit"#)
            if chance.below(10) < 3 { append(email: contact, to: &buffer) }
            append(cookie: contact, to: &buffer)
            appendPage(to: &buffer)
        case 2:  // the click is what ties a cookie to an address
            append(type: "click", email: contact, to: &buffer)
            append(cookie: contact, to: &buffer)
            appendPage(to: &buffer)
        case 3:
            append(type: "delivered", email: contact, to: &buffer)
            appendMessage(to: &buffer)
        case 4:
            append(type: "download", email: contact, to: &buffer)
            append(cookie: contact, to: &buffer)
            buffer.append(#"","url":"/downloads/guide.pdf"#)
        case 5:
            buffer.append(#"","type":"search"#)
            append(cookie: contact, to: &buffer)
            buffer.append(#"","url":"/search","search":"service plan"#)
        case 6:
            append(type: "purchase", email: contact, to: &buffer)
            buffer.append(#"","customer_id":"K"#)
            buffer.append(contact, width: 8)
            buffer.append(#"","value":""#)
            buffer.append(10 + chance.below(990), width: 3)
            buffer.append(".")
            buffer.append(chance.below(100), width: 2)
            buffer.append(#"","currency":"EUR"#)
        case 7:
            append(type: "form", email: contact, to: &buffer)
            append(cookie: contact, to: &buffer)
            buffer.append(#"","url":"/contact"#)
        case 8:
            append(type: "bounce", email: contact, to: &buffer)
            appendMessage(to: &buffer)
            buffer.append(chance.below(4) == 0 ? #"","status":"5.1.1"# : #"","status":"4.2.2"#)
        default:
            append(type: "unsubscribe", email: contact, to: &buffer)
            appendMessage(to: &buffer)
        }
    }

    private mutating func appendUnusable(at time: Int64, to buffer: inout LineBuffer) {
        let fault = chance.below(Truth.faults.count)
        let contact = zipf.draw(&chance)
        switch fault {
        case 0:  // cut off, as by a full disk
            clock.append(time, to: &buffer)
            append(type: "click", email: contact, to: &buffer)
            buffer.shortenLine(to: 40 + chance.below(20))
        case 1:
            clock.append(time, to: &buffer)
            buffer.append(#"","type":"visit","url":"/pricing"}"#)
        case 2:
            buffer.append(#"{"ts":"yesterday"#)
            append(type: "click", email: contact, to: &buffer)
            buffer.append(#""}"#)
        case 3:
            clock.append(time, to: &buffer)
            append(type: "Page View", email: contact, to: &buffer)
            buffer.append(#""}"#)
        default:
            clock.append(time, to: &buffer)
            buffer.append(#"","type":"open","email":"not an address"}"#)
        }
        buffer.endLine(isUsable: false)
        truth.countUnusable(fault)
    }

    @inline(__always)
    private func append(type: StaticString, email: Int, to buffer: inout LineBuffer) {
        buffer.append(#"","type":""#)
        buffer.append(type)
        append(email: email, to: &buffer)
    }

    @inline(__always)
    private func append(email contact: Int, to buffer: inout LineBuffer) {
        buffer.append(#"","email":"contact"#)
        buffer.append(contact, width: contact < 100_000_000 ? 8 : 9)
        buffer.append("@company")
        buffer.append(contact % 900 + 100, width: 3)
        buffer.append(".example")
    }

    /// One of the two browsers of a contact.
    @inline(__always)
    private mutating func append(cookie contact: Int, to buffer: inout LineBuffer) {
        let browser = UInt64(chance.below(4) == 0 ? 1 : 0)
        buffer.append(#"","cookie":"c"#)
        buffer.appendHex(Chance.mixed(UInt64(contact) << 1 | browser))
    }

    @inline(__always)
    private mutating func appendMessage(to buffer: inout LineBuffer) {
        let mailing = chance.below(64)
        buffer.append(#"","campaign":"newsletter-autumn","message":"m"#)
        buffer.append(mailing, width: 4)
    }

    @inline(__always)
    private mutating func appendPage(to buffer: inout LineBuffer) {
        switch chance.below(16) {
        case 0, 1: buffer.append(#"","url":"/pricing"#)
        case 2, 3: buffer.append(#"","url":"/service/maintenance"#)
        case 4: buffer.append(#"","url":"/careers"#)
        case 5: buffer.append(#"","url":"/faq"#)
        case 6, 7: buffer.append(#"","url":"/"#)
        default:
            buffer.append(#"","url":"/products/"#)
            buffer.append(chance.below(1000), width: 3)
        }
    }
}

/// Writes times, and works out a date only when it changes.
struct WrittenClock {
    private var day = Int64.min
    private var civil = (year: 0, month: 0, day: 0)

    /// Begins a line: `{"ts":"2026-09-14T08:21:07.123Z`.
    @inline(__always)
    mutating func append(_ milliseconds: Int64, to buffer: inout LineBuffer) {
        let today = milliseconds / 86_400_000 - (milliseconds % 86_400_000 < 0 ? 1 : 0)
        if today != day {
            day = today
            civil = Day(Int32(clamping: today)).civil
        }
        let rest = Int(milliseconds - today * 86_400_000)
        buffer.append(#"{"ts":""#)
        buffer.append(civil.year, width: 4)
        buffer.append("-")
        buffer.append(civil.month, width: 2)
        buffer.append("-")
        buffer.append(civil.day, width: 2)
        buffer.append("T")
        buffer.append(rest / 3_600_000, width: 2)
        buffer.append(":")
        buffer.append(rest / 60_000 % 60, width: 2)
        buffer.append(":")
        buffer.append(rest / 1000 % 60, width: 2)
        buffer.append(".")
        buffer.append(rest % 1000, width: 3)
        buffer.append("Z")
    }
}
