import Foundation
import TestKit
import Testing

@testable import Service

@Suite struct PipelinePartsTests {
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `every touched contact comes out, none twice within a busy second`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var dirty = DirtyContacts()
        var waiting: Set<Int64> = []
        var last: [Int64: Int64] = [:]
        var now: Int64 = 5000
        for _ in 0..<400 {
            now += random.pick([0, 1, 40, 999])
            if random.oneIn(2) {
                let touched = Set(
                    (0..<Int.random(in: 1...30, using: &random)).map { _ in
                        Int64.random(in: 1...60, using: &random)
                    })
                dirty.touch(touched)
                waiting.formUnion(touched)
            }
            if random.oneIn(9), let contact = waiting.randomElement(using: &random) {
                dirty.remove(contact)
                waiting.remove(contact)
            }
            let busy = !random.oneIn(3)
            let limit = Int.random(in: 1...20, using: &random)
            let expected = waiting.filter { !busy || now - (last[$0] ?? -1000) >= 1000 }
            let due = dirty.takeDue(at: now, limit: limit, busy: busy)
            // The look may have been put off while it was busy, until the first may come.
            if busy || !due.isEmpty {
                #expect(due.count == min(limit, expected.count), "seed \(seed), at \(now)")
            }
            #expect(expected.isSuperset(of: due) && Set(due).count == due.count, "seed \(seed)")
            for contact in due {
                waiting.remove(contact)
                last[contact] = now
            }
            #expect(dirty.count == waiting.count && dirty.isEmpty == waiting.isEmpty)
        }
        dirty.release()
        var rest: [Int64] = []
        while !dirty.isEmpty { rest += dirty.takeDue(at: now, limit: 7, busy: true) }
        #expect(rest.sorted() == waiting.sorted(), "seed \(seed)")
    }

    @Test func `nobody waits behind those who are touched again and again`() {
        var dirty = DirtyContacts()
        dirty.touch(Set(1...5000))
        var seen: Set<Int64> = []
        for second in 1...10 as ClosedRange<Int64> {
            // A thousand come out each second, and are touched again at once.
            let due = dirty.takeDue(at: second * 1000, limit: 1000, busy: true)
            seen.formUnion(due)
            dirty.touch(Set(due))
            if second == 5 { #expect(seen.count == 5000) }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `beyond a limit all come out, and memory holds no more than that`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var dirty = DirtyContacts(limit: 50)
        var behind: Set<Int64> = []
        for now in 1...300 as ClosedRange<Int64> {
            if now < 200 {
                let first = Int64.random(in: 1...1000, using: &random)
                let touched = Set(first...(first + Int64.random(in: 0...40, using: &random)))
                dirty.touch(touched)
                behind.formUnion(touched)
            }
            #expect(dirty.isEmpty || dirty.hasDue(at: now * 1000))
            #expect(behind.isEmpty || !dirty.isEmpty, "seed \(seed), at \(now)")
            let due = dirty.takeDue(at: now * 1000, limit: 30, busy: true)
            #expect(due.count <= 30 && Set(due).count == due.count && due == due.sorted())
            behind.subtract(due)
            if let contact = due.last, random.oneIn(3) {
                // The sweep publishes those behind it.
                dirty.remove(contact + 1)
                behind.remove(contact + 1)
            }
        }
        #expect(dirty.isEmpty && behind.isEmpty, "seed \(seed): \(behind.sorted().prefix(5))")
    }

    @Test func `busy is judged by this second and the one before`() {
        var load = RecentLoad()
        func isBusy(_ now: Int64) -> Bool { load.isBusy(at: now) }
        load.add(200, at: 10_000)
        #expect(!isBusy(10_500))
        load.add(1, at: 10_999)
        #expect(isBusy(10_999))
        #expect(isBusy(11_999))
        #expect(!isBusy(12_000))
    }

    @Test func `a queue keeps its order, has room for so many and ends when it is closed`() {
        let queue = BoundedQueue<Int>(capacity: 2)
        #expect(queue.isEmpty && queue.hasRoom && queue.take(milliseconds: 0) == nil)
        queue.put(1)
        #expect(queue.hasRoom && queue.waitForRoom(milliseconds: 0))
        queue.put(2)
        #expect(!queue.hasRoom && !queue.waitForRoom(milliseconds: 1))
        #expect(queue.take(milliseconds: 0) == 1 && queue.hasRoom)
        queue.put(3)
        queue.close()
        queue.put(4)
        #expect(!queue.isFinished)
        #expect(queue.take(milliseconds: 10_000) == 2 && queue.take(milliseconds: 10_000) == 3)
        #expect(queue.take(milliseconds: 10_000) == nil && queue.isFinished)
    }

    @Test func `who waits for room goes on when there is some, or when the queue is closed`() {
        for closes in [false, true] {
            let queue = BoundedQueue<Int>(capacity: 1)
            queue.put(1)
            let done = PipelineScratch.Flag()
            Thread {
                queue.put(2)
                done.raise()
            }.start()
            if closes {
                queue.close()
                #expect(eventually { done.isRaised })
                #expect(queue.take(milliseconds: 0) == 1 && queue.take(milliseconds: 0) == nil)
            } else {
                #expect(queue.take(milliseconds: 10_000) == 1)
                #expect(queue.take(milliseconds: 10_000) == 2)
                #expect(eventually { done.isRaised })
            }
        }
    }
}
