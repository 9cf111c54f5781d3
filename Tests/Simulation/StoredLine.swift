import Core

/// A line for the real store: every one has a cell and an edge of its own, so that what is stored says of
/// each how often it was counted; and some lines share a contact, so that rows are merged.
enum StoredLine {
    /// Lines of one contact, each on a day of its own, in three periods of 64 days.
    private static let days: [Int64] = (0..<4).map { $0 * 40 }
    private static let start: Int64 = 1_700_000_000_000

    /// The line of a number, with an id or without.
    static func text(_ number: Int, filler: String, hasID: Bool) -> [UInt8] {
        let at = start + days[number % days.count] * 86_400_000
        let id = hasID ? #""id":"i\#(number)","# : ""
        return Array(
            #"{"ts":\#(at),"type":"identify",\#(id)"customer_id":"p\#(number / days.count)","cookie":"c\#(number)","u":"\#(filler)"}"#
                .utf8)
    }

    /// The cookie of the line whose cell this is: `customer_id:p12` on a day.
    static func name(of identifier: some StringProtocol, on day: some StringProtocol) -> String {
        let contact = identifier.split(separator: ":p").last.flatMap { Int($0) } ?? -1
        let place = names.firstIndex { $0 == day } ?? -1
        return "c\(contact * days.count + place)"
    }

    private static let names = days.map {
        Day(of: Instant(start + $0 * 86_400_000), in: .utc).description
    }
}
