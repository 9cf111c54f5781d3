import Core

/// The number of a segment in a state.
public typealias SegmentID = UInt16

/// What was last noticed of a contact: its stage and the segments that it is in.
struct MembershipRow: Equatable {
    /// A segment that the contact is in.
    struct Member: Equatable, Sendable {
        var segment: SegmentID
        /// Milliseconds since 1970, of when it was noticed.
        var since: Int64
    }

    /// Nil where it was never more than known or anonymous.
    var stage: String?
    /// When the stage was noticed.
    var since: Int64 = 0
    /// Ascending by segment.
    var members: [Member] = []

    var isEmpty: Bool { stage == nil && members.isEmpty }

    /// Takes over the memberships of a contact that is part of this one from now on; the earlier
    /// beginning counts.
    mutating func take(_ other: MembershipRow) {
        for member in other.members {
            if let place = members.firstIndex(where: { $0.segment == member.segment }) {
                members[place].since = min(members[place].since, member.since)
            } else {
                members.append(member)
            }
        }
        members.sort { $0.segment < $1.segment }
        if stage == nil { (stage, since) = (other.stage, other.since) }
    }

    /// 2 bytes of the segment and 8 of since for each, little-endian.
    var packed: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.count * 10)
        for member in members {
            for shift in stride(from: 0, to: 16, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: member.segment >> UInt16(shift)))
            }
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: member.since >> Int64(shift)))
            }
        }
        return bytes
    }

    /// Reads columns stage, since, packed from `first` on; nil if they are damaged.
    init?(_ row: Statement, from first: Int32) {
        stage = row.isNull(first) ? nil : row.text(first)
        since = row.int(first + 1)
        guard let found = Self.members(in: row.bytes(first + 2)) else { return nil }
        members = found
    }

    init() {}

    /// Reads packed members; nil if they are damaged.
    static func members(in bytes: ByteSlice) -> [Member]? {
        guard bytes.count % 10 == 0 else { return nil }
        var members: [Member] = []
        members.reserveCapacity(bytes.count / 10)
        for start in stride(from: 0, to: bytes.count, by: 10) {
            let segment = SegmentID(bytes[start]) | SegmentID(bytes[start + 1]) << 8
            var since: UInt64 = 0
            for byte in 0..<8 { since |= UInt64(bytes[start + 2 + byte]) << UInt64(byte * 8) }
            members.append(Member(segment: segment, since: Int64(bitPattern: since)))
        }
        return members
    }
}
