public import Core

/// An event that owns its text, for tests: what a decoder would have found in a line.
public struct OwnedEvent: Sendable, CustomStringConvertible {
    /// When it happened, milliseconds since 1970.
    public var at: Int64
    /// What kind of thing.
    public var type: String
    /// Who and what, by field name as in the log.
    public var fields: [String: String]
    /// Money in 1/10000 units.
    public var value: Int64
    /// Stated attributes: name and JSON value.
    public var traits: [(String, String)]

    /// An event.
    public init(
        at: Int64, type: String, _ fields: [String: String] = [:], value: Int64 = 0,
        traits: [(String, String)] = []
    ) {
        self.at = at
        self.type = type
        self.fields = fields
        self.value = value
        self.traits = traits
    }

    /// The event for a failed test's message.
    public var description: String { "\(at) \(type) \(fields.sorted { $0.key < $1.key }) \(value)" }

    /// Calls `body` with the event as Core knows it; it is valid during the call only.
    public func withEvent<T>(_ body: (Event) -> T) -> T {
        let names = fields.keys.sorted()
        let texts = [type] + names.map { fields[$0] ?? "" } + traits.flatMap { [$0.0, $0.1] }
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for text in texts {
            let start = bytes.count
            bytes.append(contentsOf: text.utf8)
            ranges.append(start..<bytes.count)
        }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            let all = unsafe ByteSlice(buffer)
            var event = Event()
            event.at = Instant(at)
            event.type = all[ranges[0]]
            event.value = Money(tenThousandths: value)
            for (place, name) in names.enumerated() {
                Self.set(name, all[ranges[place + 1]], in: &event)
            }
            for place in traits.indices {
                let first = 1 + names.count + place * 2
                event.traits.append(
                    StatedTrait(attribute: all[ranges[first]], value: all[ranges[first + 1]]))
            }
            return body(event)
        }
    }

    private static func set(_ name: String, _ text: ByteSlice, in event: inout Event) {
        switch name {
        case "customer_id": event.customerID = text
        case "email": event.email = text
        case "cookie": event.cookie = text
        case "id": event.id = text
        case "url": event.url = text
        case "campaign": event.campaign = text
        case "message": event.message = text
        case "search": event.search = text
        case "currency": event.currency = text
        case "status": event.status = text
        case "bounce": event.bounce = text
        case "ua": event.userAgent = text
        case "stage": event.stage = text
        case "owner": event.owner = text
        default: preconditionFailure("no field \(name)")
        }
    }
}

extension String {
    /// Calls `body` with the text as a slice, valid during the call only.
    public func withSlice<T>(_ body: (ByteSlice) -> T) -> T {
        let bytes = Array(utf8)
        return unsafe bytes.withUnsafeBufferPointer { body(unsafe ByteSlice($0)) }
    }
}
