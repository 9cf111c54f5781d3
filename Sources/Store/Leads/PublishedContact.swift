import Core

/// A contact's row of `leads`, rendered and ready to be written; its texts lie in the publication's
/// arena.
struct PublishedContact: Sendable {
    var contact: Int64
    var isAnonymous: Bool
    var events: Int64
    var purchases: Int64
    /// 1/10000 units.
    var value: Int64
    var recencyDays: Int64?
    var engagement: Micropoints
    var score: Micropoints
    var delta30: Micropoints
    var delta60: Micropoints
    var peak30: Micropoints
    var email = TextArena.Piece.none
    var customerID = TextArena.Piece.none
    var domain = TextArena.Piece.none
    var owner = TextArena.Piece.none
    var firstSeen = TextArena.Piece.none
    var lastSeen = TextArena.Piece.none
    var lastActivity = TextArena.Piece.none
    var hotUntil = TextArena.Piece.none
    var firstPurchase = TextArena.Piece.none
    var lastPurchase = TextArena.Piece.none
    var points = TextArena.Piece.none
    var counts = TextArena.Piece.none
    var traits = TextArena.Piece.none
    var day = TextArena.Piece.none
    var interests = TextArena.Piece.none

    // What rules make of it.
    var fit: Micropoints = 0
    /// The share of the attributes that fit rules use which are known; nil if they use none.
    var completeness: Double?
    var grade = TextArena.Piece.none
    var band = TextArena.Piece.none
    var audience = TextArena.Piece.none
    var stage = TextArena.Piece.none
    /// Attributes for fit rules; `traits` itself unless some are past their shelf life.
    var fitTraits = TextArena.Piece.none
    /// The stage that the CRM states, if that counts on this day.
    var statedStage = TextArena.Piece.none

    var r: Int64?
    var f: Int64?
    var m: Int64?
    var rfmGroup = TextArena.Piece.none
    var pAlive: Double?
    var expectedPurchases: Double?
    var deliverability = TextArena.Piece.none
    var softStreak: Int64?
    /// Whether the file shows its identifiers, cells and traits as they are, so that they are not in
    /// the publication.
    var factsAreShown = false
    /// Where its memberships lie in the publication.
    var members: Range<Int32> = 0..<0

    init(_ lead: Lead) {
        contact = lead.contact
        isAnonymous = lead.anonymous
        events = lead.events
        purchases = lead.purchases
        value = lead.value
        recencyDays = lead.lastPurchase.map { Int64(max(lead.day.days(since: $0), 0)) }
        engagement = lead.engagement.engagement
        score = lead.score
        delta30 = lead.engagement.delta30
        delta60 = lead.engagement.delta60
        peak30 = lead.engagement.peak30
    }
}

/// A row of `identifiers`.
struct PublishedIdentifier: Sendable {
    var id: Int64
    var contact: Int64
    var kind: TextArena.Piece
    var value: TextArena.Piece
    var isAmbiguous: Bool
    var firstSeen: TextArena.Piece
    var lastSeen: TextArena.Piece
    var reason: TextArena.Piece
}

/// A row of `cell_period`.
struct PublishedCells: Sendable {
    /// contact << 16 | period.
    var key: Int64
    var json: TextArena.Piece
}

/// A row of `traits`.
struct PublishedTrait: Sendable {
    var contact: Int64
    var attribute: TextArena.Piece
    /// The value as JSON.
    var json: TextArena.Piece
    var at: TextArena.Piece
    var source: TextArena.Piece
}

/// A row of `interests`.
struct PublishedInterest: Sendable {
    var contact: Int64
    var topic: TextArena.Piece
    var points: Micropoints
}
