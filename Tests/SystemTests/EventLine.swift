import Foundation

/// A line of the native format for tests that count and do not care what is counted.
func eventLine(_ who: String, type: String = "click", at: Date = Date(), more: String = "")
    -> String
{
    let ts = Int((at.timeIntervalSince1970 * 1000).rounded(.down))
    return "{\"ts\":\(ts),\"type\":\"\(type)\",\"email\":\"\(who)@example.com\"\(more)}"
}
