import Core
import Store

/// Rows of `leads.db` as JSON: the columns under their names, with their types.
enum LeadJSON {
    static func value(_ lead: LeadRow) -> JSONValue {
        .object(
            LeadColumn.allCases.map {
                JSONValue.Member(key: $0.rawValue, value: value(lead[$0]))
            })
    }

    static func value(_ row: IdentifierRow) -> JSONValue {
        .object([
            "identifier_id": .integer(row.id), "kind": .string(row.kind),
            "value": .string(row.value), "contact_id": .integer(row.contactID),
            "ambiguous": .bool(row.ambiguous), "first_seen": .string(row.firstSeen),
            "last_seen": .string(row.lastSeen), "reason": .optional(row.reason),
        ])
    }

    private static func value(_ value: LeadValue) -> JSONValue {
        switch value {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let text): .string(text)
        case .flag(let flag): .bool(flag)
        // What is no JSON is shown as the text that it is.
        case .object(let text): JSONParser.value(of: text) ?? .string(text)
        }
    }
}

/// What a contact is called: by its email address, else its customer number, else its own number.
func contactName(_ lead: LeadRow) -> String {
    lead.text(.email) ?? lead.text(.customerID).map { "customer:\($0)" }
        ?? "cookie#\(lead.contactID)"
}

/// The list of contacts that `top` shows.
enum LeadTable {
    private static let columns: [Table.Column] = [
        .init(title: "#", right: true),
        .init(title: "contact", shortest: 16),
        .init(title: "score", right: true),
        .init(title: "engagement", right: true, dropOrder: 4),
        .init(title: "30 days", right: true, dropOrder: 3),
        .init(title: "stage", dropOrder: 5),
        .init(title: "last activity", dropOrder: 1),
        .init(title: "hot until", dropOrder: 2),
    ]

    static func text(_ leads: [LeadRow], width: Int?) -> String {
        let rows = leads.enumerated().map { place, lead in
            [
                "\(place + 1)", contactName(lead), Numbers.points(lead.number(.score)),
                Numbers.points(lead.number(.engagement)), Numbers.change(lead.number(.delta30)),
                lead.text(.stage) ?? "-", lead.text(.lastActivityDay) ?? "-",
                lead.text(.hotUntil) ?? "-",
            ]
        }
        return Table(columns: columns, rows: rows).text(width: width)
    }
}

/// Everything about one contact.
enum LeadSheet {
    static func text(_ lead: LeadRow, _ identifiers: [IdentifierRow]) -> String {
        var text = "contact \(lead.contactID)  \(contactName(lead))".harmless + "\n\n"
        let fields = LeadColumn.allCases.filter { $0 != .contactID && $0.kind != .object }
        text += Table.pairs(
            fields.compactMap { column in shown(lead[column]).map { (column.rawValue, $0) } })
        for column in LeadColumn.allCases where column.kind == .object {
            guard case .object(let json) = lead[column] else { continue }
            let members = JSONParser.value(of: json)?.members ?? []
            guard !members.isEmpty else { continue }
            text += "\n\(column.rawValue)\n"
            text += Table.pairs(members.map { ("  " + $0.key, $0.value.text ?? $0.value.line) })
        }
        let names = identifiers.map { row in
            [
                "  " + row.kind, row.value, row.firstSeen, row.lastSeen,
                (row.ambiguous ? "shared by several people: " : "") + (row.reason ?? ""),
            ]
        }
        let titles = ["identifiers", "", "first seen", "last seen", ""]
        let table = Table(columns: titles.map { Table.Column(title: $0) }, rows: names)
        return text + "\n" + table.text(width: nil)
    }

    private static func shown(_ value: LeadValue) -> String? {
        switch value {
        case .null, .object: nil
        case .integer(let number): "\(number)"
        case .real(let number): Numbers.exact(micropoints(number))
        case .text(let text): text
        case .flag(let flag): flag ? "yes" : "no"
        }
    }
}
