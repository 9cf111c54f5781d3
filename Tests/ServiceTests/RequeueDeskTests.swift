import Core
import Ingest
import Testing

@testable import Service

@Suite struct RequeueDeskTests {
    @Test func `a job is done once, and the next one comes when it is committed`() {
        let desk = RequeueDesk()
        let job = RequeueJob([])
        #expect(desk.put(job) && !desk.put(RequeueJob([])))
        desk.handOver()
        desk.commit()
        #expect(!desk.isFree)
        var folded = 0
        for _ in 1...2 {
            desk.fold { _ in
                folded += 1
                return [.noSource]
            }
        }
        #expect(folded == 1)
        desk.commit()
        #expect(job.wait(milliseconds: 0) == nil && !desk.isFree)
        desk.handOver()
        desk.commit()
        #expect(job.wait(milliseconds: 0) == [.noSource] && desk.isFree)
    }
}
