public import Core

/// What is fixed at a full publication, because it follows from all contacts together: the bands of
/// RFM and the model of buying.
public struct BuyingScales: Sendable, Equatable {
    var recency: RFMScale?
    var frequency: RFMScale?
    var money: RFMScale?
    /// The model of buying; nil if there is none.
    public internal(set) var buying: BuyingModel?
    /// Whether the model was fitted to the buyers just now.
    public internal(set) var isFitted = false

    /// Nothing is known.
    public init() {}

    /// The scales of a day: what the configuration fixes, else what follows from the buyers.
    ///
    /// - Parameter last: The model of buying that counts if none can be fitted.
    /// - Complexity: O(b log b) in the buyers, and a hundred passes over those that differ.
    public init(
        of buyers: [PurchaseCollector.Buyer], on day: Day, under model: Model, last: BuyingModel?
    ) {
        recency =
            model.recencyEdges
            ?? RFMScale(
                of: buyers.map { Int64(Self.recency($0.last, on: day)) }, .lowerIsBetter)
        frequency = model.frequencyEdges ?? RFMScale(of: buyers.map(\.tally.n), .higherIsBetter)
        money = model.moneyEdges ?? RFMScale(of: buyers.map(\.tally.value), .higherIsBetter)
        if let fixed = model.buying {
            buying = fixed
            return
        }
        let groups = BuyerGroups(
            buyers.map {
                BuyerHistory(purchaseDays: $0.days, first: $0.first, last: $0.last, on: day)
            })
        let fitted = BuyingModel(fittedTo: groups)
        isFitted = fitted != nil
        buying = fitted ?? last
    }

    static func recency(_ last: Day, on day: Day) -> Int { max(day.days(since: last), 0) }

    /// Fills in what follows from the purchases of a contact.
    func judge(
        _ row: inout PublishedContact, first: Day, last: Day, purchaseDays: Int, on day: Day,
        _ text: inout TextArena
    ) {
        if let recency, let frequency, let money {
            let r = recency.band(of: Int64(Self.recency(last, on: day)))
            let f = frequency.band(of: row.purchases)
            let m = money.band(of: row.value)
            (row.r, row.f, row.m) = (Int64(r), Int64(f), Int64(m))
            row.rfmGroup = text.piece(
                of: RFMGroup(recency: r, frequency: f, money: m).rawValue)
        }
        if let buying {
            let history = BuyerHistory(
                purchaseDays: purchaseDays, first: first, last: last, on: day)
            row.pAlive = Self.rounded(buying.aliveProbability(of: history))
            row.expectedPurchases = Self.rounded(
                buying.expectedPurchases(of: history, within: 90))
        }
    }

    private static func rounded(_ value: Double) -> Double {
        Double(micropoints(value)) / 1_000_000
    }
}

extension Publication {
    /// Says in `meta` by which model of buying customers are judged; empty where there is none.
    public mutating func state(_ model: BuyingModel?) {
        meta["bgnbd_r"] = model.map { "\($0.r)" } ?? ""
        meta["bgnbd_alpha"] = model.map { "\($0.alpha)" } ?? ""
        meta["bgnbd_a"] = model.map { "\($0.a)" } ?? ""
        meta["bgnbd_b"] = model.map { "\($0.b)" } ?? ""
    }
}
