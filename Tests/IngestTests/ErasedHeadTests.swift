import Core
import Ingest
import Testing

/// What a position still knows of a file whose beginning names somebody who was erased.
@Suite struct ErasedHeadTests {
    private static let identity = FileIdentity(device: 1, inode: 7, generation: 1, born: 1)

    private static func position(_ head: String) -> StreamPosition {
        StreamPosition(
            id: 1, source: "s", path: Array("/log/a".utf8), identity: identity,
            offset: Int64(head.utf8.count), head: Array(head.utf8), anchorLength: 4)
    }

    private static func judge(_ position: StreamPosition, _ file: String) -> Generation.Judgement {
        let bytes = Array(file.utf8)
        return Generation.judge(
            position, .init(identity: identity, size: Int64(bytes.count), head: bytes),
            anchorMatches: { true })
    }

    @Test func `the file is known by what is left, and another one by its lines`() {
        var position = Self.position("ann\nbob\n")
        position.eraseHead(0..<3)
        #expect(position.head == [0xFF, 0xFF, 0xFF, 0x0A] + Array("bob\n".utf8))
        #expect(Self.judge(position, "ann\nbob\ncat\n") == .same)
        #expect(Self.judge(position, "ann\nbo\ncat\n\n") == .rewritten)
        #expect(Self.judge(position, "annabob\n\n\n") == .rewritten)
        #expect(Self.judge(position, "ann\nbob") == .shrunk)
        // A new file under the name, with a first line as long as the one that was erased.
        #expect(Self.judge(position, "cat\n") == .rewritten)
        #expect(Generation.headsAgree(Array("ann\nbob\n".utf8), position))
        #expect(!Generation.headsAgree(Array("ann\nrob\n".utf8), position))
    }

    @Test func `what was erased stays erased when the beginning is taken up again`() {
        let reading = Reading()
        reading.files.create("/log/a.log", "ann\nbob\n")
        reading.settle()
        reading.files.append("/log/a.log", "cat\ndog\n")
        reading.settle()
        reading.positions[1]?.eraseHead(0..<8)
        reading.restart()
        reading.files.truncate("/log/a.log", to: 12)
        reading.settle()
        let erased = [0xFF, 0xFF, 0xFF, 0x0A] as [UInt8]
        #expect(reading.positions[2]?.head == erased + erased + Array("cat\n".utf8))
    }
}
