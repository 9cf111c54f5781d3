public import Core

/// Collects what all contacts bought, some rows at a time, so that other work comes in between.
///
/// What is committed meanwhile may be in it or not: the bands and the model of buying that follow from
/// it are fixed for a day, and a day's first purchases may come too late for them.
public struct PurchaseCollector: Sendable {
    private let purchase: SignalID?
    private var afterKey: Int64 = -1
    private var found: [Purchase] = []
    private var cells: [DailyCell] = []

    private struct Purchase: Sendable {
        var contact: Int64
        var day: Day
        var tally: Tally
    }

    /// One contact that bought.
    public struct Buyer: Sendable, Equatable {
        /// Days with a purchase.
        public var days = 0
        /// The first one.
        public var first = Day(0)
        /// The last one.
        public var last = Day(0)
        /// Purchases, and their money in 1/10000 units.
        public var tally = Tally(n: 0, value: 0)
    }

    /// A collection of the cells of a signal; nil counts as never.
    public init(of purchase: SignalID?) { self.purchase = purchase }

    /// Looks at the next packed rows, at most `limit`.
    ///
    /// - Returns: whether they were the last.
    public mutating func advance(
        in store: StateStore, limit: Int
    ) throws(StoreError) -> Bool {
        guard let purchase else { return true }
        let rows = try store.connection.prepare(
            "SELECT key, packed FROM cell WHERE key > ? ORDER BY key LIMIT ?")
        rows.bind(1, afterKey)
        rows.bind(2, Int64(limit))
        var count = 0
        while try rows.step() {
            count += 1
            afterKey = rows.int(0)
            var parts = CellParts(afterKey, rows.bytes(1), path: store.path)
            cells.removeAll(keepingCapacity: true)
            while let identifier = try parts.next(into: &cells) {
                defer { cells.removeAll(keepingCapacity: true) }
                guard cells.contains(where: { $0.signal == purchase }) else { continue }
                let contact = try store.root(of: identifier)
                for cell in cells where cell.signal == purchase {
                    found.append(Purchase(contact: contact, day: cell.day, tally: cell.tally))
                }
            }
        }
        return count < limit
    }

    /// All that bought, one for each contact, in the order of their numbers.
    public consuming func buyers() -> [Buyer] {
        found.sort { ($0.contact, $0.day) < ($1.contact, $1.day) }
        var result: [Buyer] = []
        var place = 0
        while place < found.count {
            let contact = found[place].contact
            var buyer = Buyer()
            while place < found.count, found[place].contact == contact {
                let day = found[place].day
                var sum = Tally(n: 0, value: 0)
                while place < found.count, found[place].contact == contact, found[place].day == day
                {
                    sum.add(found[place].tally)
                    place += 1
                }
                buyer.tally.add(sum)
                guard sum.n > 0 else { continue }
                if buyer.days == 0 { buyer.first = day }
                buyer.last = day
                buyer.days += 1
            }
            if buyer.days > 0 { result.append(buyer) }
        }
        return result
    }
}

extension StateStore {
    /// The contact that an identifier belongs to.
    func root(of identifier: Int64) throws(StoreError) -> Int64 {
        let read = statements.readIdentifier
        read.bind(1, identifier)
        guard try read.step() else { return identifier }
        defer { read.reset() }
        return read.optionalInt(2) ?? identifier
    }

    /// The model of buying that was fitted last; nil if there was none.
    public func keptBuyingModel() throws(StoreError) -> BuyingModel? {
        var parameters: [Double] = []
        for key in Self.buyingKeys {
            guard let bits = try kept(key) else { return nil }
            parameters.append(Double(bitPattern: UInt64(bitPattern: bits)))
        }
        return BuyingModel(
            r: parameters[0], alpha: parameters[1], a: parameters[2], b: parameters[3])
    }

    /// Keeps a model of buying for a day on which none can be fitted.
    public func keep(_ model: BuyingModel) throws(StoreError) {
        for (key, value) in zip(Self.buyingKeys, [model.r, model.alpha, model.a, model.b]) {
            try keep(Int64(bitPattern: value.bitPattern), for: key)
        }
    }

    private static var buyingKeys: [String] { ["bgnbd_r", "bgnbd_alpha", "bgnbd_a", "bgnbd_b"] }
}
