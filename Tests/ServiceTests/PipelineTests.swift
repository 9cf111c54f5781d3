import Core
import Foundation
import GRDB
import Synchronization
import TestKit
import Testing

@testable import Service
@testable import Store

@Suite struct PipelineTests {
    private func click(_ name: String, day: Int64 = 0) -> OwnedEvent {
        OwnedEvent(
            at: RandomEvents.start + day * 86_400_000, type: "click",
            ["email": "\(name)@example.com"])
    }

    @Test func `everything is shown soon after the last commit`() throws {
        let pipeline = try PipelineScratch()
        var source = RandomEvents(seed: 3, people: 20)
        for _ in 0..<20 {
            pipeline.commit(source.next(30))
            #expect(eventually { pipeline.worker.isIdle })
        }
        #expect(pipeline.passTime { pipeline.isPublished })
        let events = try pipeline.read {
            try Int.fetchOne($0, sql: "SELECT sum(events) FROM leads")
        }
        let applied = try #require(
            try pipeline.worker.perform { worker in
                Result { () throws(StoreError) in try worker.store.streams()[0][.applied] }
            }?.get())
        let seq = try pipeline.read {
            try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = 'seq'")
        }
        #expect(seq == "20")
        #expect(events == Int(applied))
        #expect(pipeline.stop())
        #expect(pipeline.worker.perform { _ in 1 } == nil)
    }

    @Test func `what was handed over before the end is committed and shown`() throws {
        for full in [false, true] {
            let pipeline = try PipelineScratch(publishesAtOnce: !full)
            if !full { #expect(pipeline.passTime { pipeline.publication.isIdle }) }
            pipeline.commit([click("ann"), click("bob")])
            #expect(pipeline.stop(full: full))
            guard full || FileManager.default.fileExists(atPath: pipeline.leads) else { continue }
            let shown = try pipeline.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM leads")
            }
            #expect(shown == 2)
        }
    }

    @Test func `the number of the checkpoint that is shown never falls`() throws {
        let pipeline = try PipelineScratch()
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        let lock = try Connection(path: pipeline.leads, pragmas: [])
        try lock.execute("BEGIN IMMEDIATE")
        // Busy, so that bob's second change has to wait, and the clock stands still.
        pipeline.commit((0..<300).map { _ in click("bob") })
        #expect(eventually { pipeline.worker.isIdle && pipeline.worker.pendingContacts == 0 })
        pipeline.commit([click("bob"), click("cyd")])
        #expect(eventually { pipeline.worker.isIdle && pipeline.worker.pendingContacts == 1 })
        try lock.execute("COMMIT")
        #expect(eventually { pipeline.publication.isIdle })
        let seen = try pipeline.read {
            try Row.fetchOne(
                $0,
                sql: """
                    SELECT (SELECT count(*) FROM leads) AS shown,
                        (SELECT value FROM meta WHERE key = 'seq') AS seq
                    """)
        }
        #expect(seen?["shown"] == 3)
        #expect(seen?["seq"] == "2")
        #expect(pipeline.publication.published == 2)
        #expect(pipeline.passTime { pipeline.isPublished })
        #expect(pipeline.publication.published == 3)
        #expect(pipeline.stop())
    }

    @Test func `a reader who locks the file for ever keeps nobody from ending`() throws {
        let pipeline = try PipelineScratch()
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        let lock = try Connection(path: pipeline.leads, pragmas: [])
        try lock.execute("BEGIN EXCLUSIVE")
        for step in 0..<12 {
            pipeline.commit([click("person\(step)")])
            #expect(eventually { pipeline.worker.isIdle })
            pipeline.time.advance(2000)
        }
        #expect(eventually { pipeline.degraded.current.map(\.reason) == ["publish"] })
        #expect(pipeline.worker.sequence == 13)
        let ending = PipelineScratch.Flag()
        Thread {
            while !ending.isRaised {
                pipeline.time.advance(20)
                Thread.sleep(forTimeInterval: 0.005)
            }
        }.start()
        #expect(pipeline.stop())
        ending.raise()
        try lock.execute("ROLLBACK")
    }

    @Test func `a full disk is reported, answers and waits, and is over when there is space`()
        throws
    {
        let pipeline = try PipelineScratch()
        func limit(_ pages: Int) {
            _ = pipeline.worker.perform { worker in
                try? worker.store.connection.execute("PRAGMA max_page_count = \(pages)")
            }
        }
        limit(1)
        pipeline.commit((0..<500).map { click("person\($0)") })
        #expect(eventually { pipeline.degraded.current.map(\.reason) == ["storage"] })
        #expect(eventually { pipeline.worker.isRetrying } && pipeline.worker.sequence == 0)
        #expect(pipeline.worker.perform { $0.store.sequence } == 0)
        limit(1_000_000)
        #expect(pipeline.passTime { pipeline.isPublished })
        #expect(pipeline.degraded.current.isEmpty)
        limit(1)
        pipeline.commit((0..<500).map { click("other\($0)") })
        #expect(eventually { pipeline.worker.isRetrying })
        #expect(pipeline.stop())
        #expect(pipeline.worker.sequence == 1)
        #expect(pipeline.worker.failure.withLock { $0 } == nil)
    }

    @Test func `a full disk at a full publication ends nobody`() throws {
        let pipeline = try PipelineScratch()
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        let isSet = pipeline.worker.perform { worker in
            // Whatever is kept beside the facts finds no space.
            (try? worker.store.connection.execute(
                """
                PRAGMA max_page_count = 1;
                DELETE FROM meta WHERE key = 'day';
                CREATE TEMP TRIGGER full BEFORE INSERT ON main.meta WHEN new.key = 'day' BEGIN
                    INSERT INTO quarantine(stream, offset, reason, bytes)
                    VALUES (0, 0, '', zeroblob(1000000));
                END
                """)) != nil
        }
        #expect(isSet == true)
        pipeline.worker.republish(day: Day(20_700))
        #expect(
            pipeline.passTime {
                let day = try? pipeline.read {
                    try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = 'as_of_day'")
                }
                return day == Day(20_700).description
            })
        #expect(pipeline.worker.failure.withLock { $0 } == nil)
        #expect(pipeline.stop())
    }

    @Test func `a reader who holds on to an old state stops publication before the disk is full`()
        throws
    {
        let pipeline = try PipelineScratch(walLimit: 200_000)
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        let reader = try Connection(path: pipeline.leads, pragmas: [])
        try reader.execute("BEGIN; SELECT * FROM leads")
        func walBytes() -> Int {
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: pipeline.leads + "-wal")
            return (attributes?[.size] as? Int) ?? 0
        }
        for step in 0..<60 {
            pipeline.commit((0..<40).map { click("person\($0)", day: Int64(step)) })
            #expect(eventually { pipeline.worker.isIdle })
            pipeline.time.advance(1500)
            #expect(
                pipeline.passTime {
                    pipeline.publication.isIdle || !pipeline.degraded.current.isEmpty
                })
            if !pipeline.degraded.current.isEmpty { break }
        }
        #expect(eventually { pipeline.degraded.current.map(\.reason) == ["publish"] })
        #expect(walBytes() < 1_000_000)
        pipeline.commit([click("zoe")])
        #expect(eventually { pipeline.worker.isIdle })
        try reader.execute("COMMIT")
        #expect(pipeline.passTime { pipeline.isPublished })
        #expect(pipeline.degraded.current.isEmpty)
        #expect(pipeline.stop())
    }

    @Test func `a file that is removed while it is locked is made anew`() throws {
        let pipeline = try PipelineScratch()
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        let lock = try Connection(path: pipeline.leads, pragmas: [])
        try lock.execute("BEGIN IMMEDIATE")
        pipeline.commit([click("bob")])
        #expect(eventually { pipeline.degraded.current.map(\.reason) == ["publish"] })
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: pipeline.leads + suffix)
        }
        #expect(pipeline.passTime { pipeline.isPublished })
        let shown = try pipeline.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM leads") }
        #expect(shown == 2)
        #expect(pipeline.stop())
        try lock.execute("ROLLBACK")
    }
}
