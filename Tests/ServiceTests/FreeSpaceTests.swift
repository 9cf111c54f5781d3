import Foundation
import GRDB
import Synchronization
import TestKit
import Testing

@testable import Service

@Suite struct FreeSpaceTests {
    /// A file system that fills and empties when it is told.
    private final class Disk: Sendable {
        private let percent = Atomic<Int>(50)
        func free(_ percent: Int) { self.percent.store(percent, ordering: .releasing) }
        var space: FreeSpace {
            FreeSpace(minimum: FreeSpace.tenth) { [self] _ in
                Double(percent.load(ordering: .acquiring)) / 100
            }
        }
    }

    private func click(_ name: String) -> OwnedEvent {
        OwnedEvent(at: RandomEvents.start, type: "click", ["email": "\(name)@example.com"])
    }

    @Test func `with little space left publishing pauses, counting does not, and it resumes`()
        throws
    {
        let disk = Disk()
        let pipeline = try PipelineScratch(space: disk.space)
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.isPublished })
        disk.free(9)
        for name in ["bob", "cyd", "dan"] {
            pipeline.commit([click(name)])
            #expect(eventually { pipeline.worker.isIdle })
        }
        #expect(pipeline.passTime { pipeline.degraded.current.map(\.reason) == ["publish"] })
        #expect(pipeline.worker.sequence == 4)
        #expect(try shown(pipeline) == 1)
        disk.free(10)
        #expect(pipeline.passTime { pipeline.isPublished })
        #expect(try shown(pipeline) == 4)
        #expect(pipeline.degraded.current.isEmpty)
        #expect(pipeline.stop())
    }

    @Test func `with little space left from the start it ends when it is told to`() throws {
        let disk = Disk()
        disk.free(0)
        let pipeline = try PipelineScratch(space: disk.space)
        pipeline.commit([click("ann")])
        #expect(pipeline.passTime { pipeline.degraded.current.map(\.reason) == ["publish"] })
        let ending = PipelineScratch.Flag()
        Thread {
            while !ending.isRaised {
                pipeline.time.advance(20)
                Thread.sleep(forTimeInterval: 0.005)
            }
        }.start()
        #expect(pipeline.stop())
        ending.raise()
    }

    @Test func `the share is a tenth unless the environment has a percentage`() {
        #expect(FreeSpace.system(environment: [:]).minimum == 0.1)
        for (text, share) in [("0", 0), ("25", 0.25), ("x", 0.1), ("-1", 0.1), ("101", 0.1)] {
            let space = FreeSpace.system(environment: [FreeSpace.variable: text])
            #expect(space.minimum == share)
        }
        let space = FreeSpace.system(environment: [:])
        let share = space.share("/")
        #expect(share.map { (0...1).contains($0) } == true)
        #expect(space.share("/no/such/place") == nil)
    }

    private func shown(_ pipeline: PipelineScratch) throws -> Int? {
        try pipeline.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM leads") }
    }
}
