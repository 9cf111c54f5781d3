/// Why a mail came back.
public enum Bounce: String, Sendable, CaseIterable {
    /// The address does not exist.
    case hard
    /// It may work another time.
    case soft
    /// The receiver objects to the sender; not the contact's fault.
    case block
    /// Somebody is on holiday: a sign of life.
    case autoReply = "auto_reply"

    /// The class of an enhanced status code: `5.1.1` is hard, `4.2.2` soft, `5.7.1` a block.
    ///
    /// Permanent failures of the address (x.1.0 to x.1.3, x.1.6, x.1.10) and of the mailbox (x.2.0,
    /// x.2.1) are hard; policy (x.7.x) is never the contact's fault; everything else, a full mailbox
    /// or a broken network, may pass.
    ///
    /// - Returns: soft where the code says nothing else, or is none.
    /// - Source: RFC 3463, section 3.
    public init(status: ByteSlice) {
        let parts = Bounce.numbers(status)
        guard let parts, parts.kind == 4 || parts.kind == 5 else {
            self = .soft
            return
        }
        switch (parts.kind, parts.subject, parts.detail) {
        case (_, 7, _): self = .block
        case (5, 1, 0...3), (5, 1, 6), (5, 1, 10), (5, 2, 0...1): self = .hard
        default: self = .soft
        }
    }

    private static func numbers(_ status: ByteSlice) -> (kind: Int, subject: Int, detail: Int)? {
        var parts: [Int] = []
        for part in status.trimmed.array.split(separator: 0x2E, omittingEmptySubsequences: false) {
            guard (1...3).contains(part.count), part.allSatisfy({ $0 &- 0x30 <= 9 }) else {
                return nil
            }
            parts.append(part.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        return parts.count == 3 ? (parts[0], parts[1], parts[2]) : nil
    }
}
