internal import Glibc

/// Who takes part in the day, and what they do. Roles and domains for examples, no people.
struct LiveCast {
    /// What sort of visitor somebody is.
    private enum Kind {
        case buyer, reader, customer, jobSeeker, competitor, student, scanner, dead
    }

    private struct Member {
        let kind: Kind
        let email: String
        let cookie: String
        /// When in the day they are busiest, 0 to 1, and how busy compared to the others.
        let peak: Double
        let height: Double
        var isBound = false
        var profile = ""
    }

    private var members: [Member] = []
    /// How busy everybody is at any time.
    private static let background = 0.25
    /// How long a peak lasts, as a share of the day.
    private static let width = 0.12

    init() {
        // Buyers warm up one after the other, so that the top of the list changes.
        let buyers = [
            ("purchasing@harbour-cranes.example", 0.10, "Director of Purchasing", "logistics"),
            ("it@north-mill.example", 0.28, "IT Manager", "manufacturing"),
            ("head.office@glassworks.example", 0.46, "Chief Operations Officer", "manufacturing"),
            ("fleet@valley-transport.example", 0.64, "Fleet Manager", "logistics"),
            ("projects@stone-build.example", 0.82, "Project Director", "construction"),
        ]
        for (email, peak, title, industry) in buyers {
            add(.buyer, email, peak: peak, height: 7, profile: profile(title, industry))
        }
        for place in 0..<18 {
            let peak = Double(place) / 18
            add(.reader, "office@reader\(place + 1).example", peak: peak, height: 1)
        }
        for place in 0..<4 {
            add(.customer, "orders@shop\(place + 1).example", peak: 0.5, height: 1.2)
        }
        add(.jobSeeker, "applicant@mailbox.example", peak: 0.3, height: 2)
        add(.competitor, "research@rival.example", peak: 0.6, height: 3)
        let student = profile("Student", "education")
        add(.student, "thesis@college.example", peak: 0.7, height: 2, profile: student)
        add(.scanner, "security@reader3.example", peak: 0.4, height: 2)
        add(.dead, "gone@closed.example", peak: 0.2, height: 1)
    }

    private mutating func add(
        _ kind: Kind, _ email: String, peak: Double, height: Double, profile: String = ""
    ) {
        let cookie = "b-" + String(Chance.mixed(UInt64(members.count + 1)), radix: 36)
        members.append(
            Member(
                kind: kind, email: email, cookie: cookie, peak: peak, height: height,
                profile: profile))
    }

    private func profile(_ title: String, _ industry: String) -> String {
        #""type":"profile","traits":{"job_title":"\#(title)","industry":"\#(industry)"}"#
    }

    /// The next thing that somebody does, `share` (0 to 1) into the day: the fields of an event
    /// without braces and time, or a whole line that is unusable.
    mutating func next(share: Double, _ chance: inout Chance) -> (LiveLog, String) {
        if chance.happens(1.5) { return unusable(&chance) }
        let weights = members.map { member in
            let distance = (share - member.peak) / LiveCast.width
            return LiveCast.background + member.height / (1 + pow(distance, 4))
        }
        var draw = Double(chance.below(1 << 30)) / Double(1 << 30) * weights.reduce(0, +)
        var place = 0
        while place < members.count - 1, draw >= weights[place] {
            draw -= weights[place]
            place += 1
        }
        return act(place, &chance)
    }

    private func unusable(_ chance: inout Chance) -> (LiveLog, String) {
        switch chance.below(3) {
        case 0: (.web, #"{"ts":"2026-09-14T08:2"#)
        case 1: (.mail, #"{"type":"open","email":"office@reader1.example"}"#)
        default: (.web, #""type":"visit","url":"/pricing""#)
        }
    }

    private mutating func act(_ place: Int, _ chance: inout Chance) -> (LiveLog, String) {
        let member = members[place]
        if member.kind == .buyer, !member.isBound { return bind(place) }
        if !member.profile.isEmpty {
            members[place].profile = ""
            return (.web, who(member) + "," + member.profile)
        }
        switch member.kind {
        case .buyer: return buyer(member, &chance)
        case .reader:
            if !member.isBound, chance.below(3) == 0 { return bind(place) }
            return reader(member, &chance)
        case .customer: return customer(place, &chance)
        case .jobSeeker: return visit(member, chance.below(3) == 0 ? "/" : "/careers/engineer")
        case .competitor:
            let pages = ["/pricing", "/service/maintenance", "/products/7"]
            return visit(member, pages[chance.below(pages.count)])
        case .student:
            return chance.below(3) == 0
                ? (.web, #""type":"download","url":"/downloads/guide.pdf","# + who(member))
                : visit(member, "/faq")
        case .scanner:
            return (
                .mail,
                #""type":"click","email":"\#(member.email)","url":"/service","message":"m-autumn","#
                    + #""ua":"python-requests/2.31""#
            )
        case .dead:
            return (
                .mail,
                #""type":"bounce","email":"\#(member.email)","status":"5.1.1","message":"m-autumn""#
            )
        }
    }

    /// The click that ties the browser to the address.
    private mutating func bind(_ place: Int) -> (LiveLog, String) {
        members[place].isBound = true
        let fields =
            #""type":"click","url":"/service","campaign":"service-autumn","message":"m-autumn","#
        return (.mail, fields + who(members[place]))
    }

    private func buyer(_ member: Member, _ chance: inout Chance) -> (LiveLog, String) {
        switch chance.below(20) {
        case 0...4: visit(member, "/pricing")
        case 5...7: visit(member, "/service/maintenance")
        case 8...10: visit(member, "/products/\(chance.below(40))")
        case 11...12: (.web, #""type":"search","search":"service contract","# + browser(member))
        case 13...14:
            (.web, #""type":"download","url":"/downloads/service-plan.pdf","# + browser(member))
        case 15: (.web, #""type":"webinar_registered","# + who(member))
        case 16: (.web, #""type":"form","url":"/contact","# + who(member))
        case 17: (.web, #""type":"quote_request","url":"/quote","# + who(member))
        default: (.mail, #""type":"open","email":"\#(member.email)","message":"m-autumn""#)
        }
    }

    private func reader(_ member: Member, _ chance: inout Chance) -> (LiveLog, String) {
        switch chance.below(10) {
        case 0...3: (.mail, #""type":"open","email":"\#(member.email)","message":"m-autumn""#)
        case 4...5: (.mail, #""type":"delivered","email":"\#(member.email)","message":"m-autumn""#)
        case 6: visit(member, "/service")
        case 7: visit(member, "/faq")
        default: visit(member, "/products/\(chance.below(40))")
        }
    }

    private func customer(_ place: Int, _ chance: inout Chance) -> (LiveLog, String) {
        let member = members[place]
        guard chance.below(4) == 0 else { return visit(member, "/account/orders") }
        let value = "\(20 + chance.below(400)).\(10 + chance.below(90))"
        return (
            .shop,
            #""type":"purchase","customer_id":"K-\#(1000 + place)","email":"\#(member.email)","#
                + #""value":"\#(value)","currency":"EUR""#
        )
    }

    private func visit(_ member: Member, _ path: String) -> (LiveLog, String) {
        (.web, #""type":"visit","url":"\#(path)","# + browser(member))
    }

    private func who(_ member: Member) -> String {
        #""email":"\#(member.email)",\#(browser(member))"#
    }

    private func browser(_ member: Member) -> String {
        #""cookie":"\#(member.cookie)","ua":"Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0""#
    }
}
