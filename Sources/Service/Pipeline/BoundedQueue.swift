/// Hands values from one thread to another, a few at a time: who is too fast waits, or keeps what it
/// has.
///
/// SAFETY: `items` and `isClosed` are touched only while `condition` is locked.
final class BoundedQueue<Item: Sendable>: @unchecked Sendable {
    private let condition = SteadyCondition()
    private let capacity: Int
    private var items: [Item] = []
    private var isClosed = false

    init(capacity: Int) { self.capacity = capacity }

    /// Whether another value would be taken at once.
    var hasRoom: Bool {
        condition.lock()
        defer { condition.unlock() }
        return items.count < capacity
    }

    /// Whether nothing waits.
    var isEmpty: Bool {
        condition.lock()
        defer { condition.unlock() }
        return items.isEmpty
    }

    /// Adds a value, waiting for room.
    func put(_ item: Item) {
        condition.lock()
        while items.count >= capacity, !isClosed { condition.wait() }
        if !isClosed { items.append(item) }
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for room.
    ///
    /// - Returns: false if there is none after `milliseconds`.
    func waitForRoom(milliseconds: Int64) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let deadline = monotonicMilliseconds() + milliseconds
        while items.count >= capacity, !isClosed {
            guard condition.wait(until: deadline) else { break }
        }
        return items.count < capacity
    }

    /// The next value; nil after `milliseconds` without one, or when the queue is closed and empty.
    func take(milliseconds: Int64) -> Item? {
        condition.lock()
        defer { condition.unlock() }
        let deadline = monotonicMilliseconds() + milliseconds
        while items.isEmpty, !isClosed {
            guard condition.wait(until: deadline) else { break }
        }
        guard !items.isEmpty else { return nil }
        let item = items.removeFirst()
        condition.broadcast()
        return item
    }

    /// Takes nothing more; what waits can still be taken.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Whether it was closed and everything taken.
    var isFinished: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isClosed && items.isEmpty
    }
}
