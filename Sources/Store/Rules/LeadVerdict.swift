import Core

/// What rules make of one contact, apart from what is published of it.
public struct LeadVerdict: Sendable, Equatable {
    /// The contact.
    public var contact: Int64
    /// Its address.
    public var email: String?
    /// Whether its engagement reaches `mql`.
    public var isAboveLine: Bool
    /// The letter of its fit.
    public var grade: String?
    /// Its audience.
    public var audience: String?
    /// Its stage.
    public var stage: String?
    /// The segments that it would be in, given those that it is in.
    public var segments: Set<String>
}

extension LeadRules {
    /// What the rules make of the contacts of a publication, without anything being kept of it.
    public func verdicts(
        of publication: inout Publication, in store: StateStore
    ) throws(StoreError) -> [LeadVerdict] {
        let found = try apply(to: &publication)
        let names = try store.segmentNames()
        var result: [LeadVerdict] = []
        for (row, place) in found.order.enumerated() {
            let contact = publication.contacts[place]
            let known = try store.membership(of: contact.contact)?.members ?? []
            let before = Set(known.compactMap { names[$0.segment] })
            let segments = segmentNames.enumerated().filter { segment, name in
                found.isMember(row, of: segment, before: before.contains(name))
            }
            result.append(
                LeadVerdict(
                    contact: contact.contact, email: publication.text[contact.email],
                    isAboveLine: contact.engagement >= line,
                    grade: publication.text[contact.grade],
                    audience: publication.text[contact.audience],
                    stage: publication.text[contact.stage], segments: Set(segments.map(\.element))))
        }
        return result
    }
}
