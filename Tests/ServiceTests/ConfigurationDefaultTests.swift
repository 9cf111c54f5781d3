import Core
import Foundation
import Testing

@testable import Service

/// The file that is shipped.
let defaultFile = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "etc/leadscored.yaml")

private let etc = defaultFile.deletingLastPathComponent()

/// What the shipped file says.
func shipped() throws -> Configuration {
    let bytes = [UInt8](try Data(contentsOf: defaultFile))
    return try Configuration.parse([("leadscored.yaml", bytes)])
}

@Suite struct ConfigurationDefaultTests {
    @Test func `the shipped file has no mistake and no warning`() throws {
        let configuration = try shipped()
        #expect(configuration.warnings == [])
        let source = SourceDefinition(name: "events", paths: ["/var/log/leadscored/*.ndjson"])
        #expect(configuration.sources == [source])
        #expect(configuration.model.mql == 60)
        #expect(configuration.model.halfLife == .days(14))
    }

    @Test func `the shipped weights and half-lives are those of the table`() throws {
        // name: weight, days until halved (14 where the signal does not say), events a day, cap
        let table: [(String, Double, Double, Int64?, Double?)] = [
            ("machine_open", 0, 14, nil, nil), ("machine_click", 0, 14, nil, nil),
            ("click", 5, 30, nil, nil), ("open", 1, 14, 3, 10), ("site_search", 3, 14, nil, nil),
            ("careers_visit", 0, 14, nil, nil), ("pricing_visit", 10, 14, 2, 40),
            ("help_visit", 2, 14, nil, nil), ("page_view", 1, 7, 10, nil),
            ("download", 8, 60, nil, nil), ("quote_request", 50, 90, nil, nil),
            ("contact_form", 30, 60, nil, nil), ("form", 15, 60, nil, nil),
            ("form_error", 0, 14, nil, nil), ("webinar_registered", 10, 60, nil, nil),
            ("webinar_attended", 20, 60, nil, nil), ("event_attended", 30, 90, nil, nil),
            ("booth_visit", 5, 90, nil, nil), ("account_created", 15, 30, nil, nil),
            ("app_use", 5, 30, 1, nil), ("phone_call", 20, 60, nil, nil),
            ("office_visit", 30, 90, nil, nil), ("customer_service", 5, 30, 1, nil),
            ("social_follow", 5, 30, nil, nil), ("social_share", 5, 30, 3, nil),
        ]
        let signals = try shipped().model.signals
        #expect(signals.map(\.name) == table.map(\.0) + BuiltInSignal.allCases.map(\.rawValue))
        for (signal, row) in zip(signals, table) {
            #expect(signal.weight == row.1, "\(row.0)")
            #expect((signal.halfLife ?? .days(14)) == .days(row.2), "\(row.0)")
            #expect(signal.dailyCap == row.3, "\(row.0)")
            #expect(signal.cap == row.4, "\(row.0)")
        }
        let weighty = signals.dropFirst(table.count).filter { $0.weight != 0 }
        #expect(weighty == [SignalRule(name: "unsubscribe", when: nil, weight: -15, cap: 15)])
    }

    @Test func `machines are told apart before people`() throws {
        let signals = try shipped().model.signals.prefix(2)
        #expect(signals.allSatisfy { $0.when?.first?.origins == [.machine] })
    }

    @Test func `stages, audiences and segments have the expected names`() throws {
        let model = try shipped().model
        #expect(
            model.stages.map(\.name) == [
                "lapsed", "at_risk", "repeat", "customer", "opportunity", "mql", "engaged", "known",
                "anonymous",
            ])
        let ladder = model.stages.sorted { $0.rank < $1.rank }.map(\.name)
        #expect(
            ladder == [
                "anonymous", "known", "engaged", "mql", "opportunity", "lapsed", "at_risk",
                "customer", "repeat",
            ])
        #expect(
            model.audiences.map(\.name) == [
                "competitor", "employee", "machine", "job_seeker", "student", "customer",
                "prospect",
            ])
        let segments = Set(model.segments.map(\.name))
        #expect(
            segments.isSuperset(of: [
                "no_score", "risen_most_30d", "fallen_60d", "highest_30d", "inactive_30d",
                "inactive_60d", "inactive_90d", "never_active", "new_contacts", "returning",
                "lapsed_recoverable", "lapsed_expendable", "at_risk", "loyal", "hard_bounced",
                "soft_bounced", "interest_pricing", "hot", "hot_and_valuable", "job_seekers",
                "competitors", "students",
            ]))
    }

    @Test func `the examples for conf_d are read without a mistake`() throws {
        for name in ["10-products", "20-shop"] {
            let file = etc.appending(path: "conf.d/\(name).yaml.example")
            let files = [defaultFile, file].map { ($0.lastPathComponent, $0) }
            let configuration = try Configuration.parse(
                try files.map { ($0, [UInt8](try Data(contentsOf: $1))) })
            #expect(configuration.warnings == [])
        }
    }

    @Test func `the page about the configuration names every key`() throws {
        let page = etc.deletingLastPathComponent().appending(path: "docs/CONFIGURATION.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for kind in SectionKind.all {
            for key in kind.keys {
                #expect(text.contains("`\(key.name)`"), "\(kind.noun) \(key.name)")
            }
        }
    }
}
