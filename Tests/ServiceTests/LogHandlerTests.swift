import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import Service

/// What was written, by a sink whose clock stands where the test puts it.
private final class Tape: Sendable {
    let lines = Mutex<[String]>([])
    let now = Mutex<Int64>(0)
    let isFull = Mutex(false)

    func sink(isPrefixed: Bool = true) -> LogSink {
        LogSink(
            isPrefixed: isPrefixed, monotonicMilliseconds: { self.now.withLock { $0 } },
            write: { line in
                if self.isFull.withLock({ $0 }) { return false }
                self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
                return true
            })
    }

    func logger(isPrefixed: Bool = true) -> Logger {
        let sink = sink(isPrefixed: isPrefixed)
        return Logger(label: "test") { _ in LineLogHandler(sink: sink, level: .trace) }
    }

    var written: [String] { lines.withLock { $0 } }
}

@Suite struct LogHandlerTests {
    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3),
        (.critical, 2),
    ])
    func `a level becomes the priority of the journal`(level: Logger.Level, priority: Int) {
        let tape = Tape()
        tape.logger().log(level: level, "started")
        #expect(tape.written == ["<\(priority)>started\n"])
    }

    @Test func `on a terminal a line is plain`() {
        let tape = Tape()
        tape.logger(isPrefixed: false).warning("cannot read", metadata: ["path": "/a b"])
        #expect(tape.written == ["warning: cannot read path=\"/a b\"\n"])
    }

    @Test func `metadata is sorted, and quoted where it would be misread`() {
        let tape = Tape()
        var logger = tape.logger()
        logger[metadataKey: "source"] = "events"
        logger.info(
            "read",
            metadata: [
                "bytes": "12", "empty": "", "pair": "a=b", "quote": #"say "hi" \o/"#,
                "list": ["x", "y"], "map": ["b": "2", "a": "1"],
            ])
        let expected =
            #"<6>read bytes=12 empty="" list="[x, y]" map="{a: 1, b: 2}" pair="a=b" "#
            + #"quote="say \"hi\" \\o/" source=events"# + "\n"
        #expect(tape.written == [expected])
    }

    @Test func `nothing in an event can begin a line, steer a terminal or turn the text around`() {
        let tape = Tape()
        tape.logger().error(
            "odd name\n<0>forged",
            metadata: ["path": "a\r\n\t\u{1B}]0;x\u{7}\u{9B}\u{7F}\u{202E}\u{2066}\u{2028}\u{0}"])
        let expected =
            #"<3>odd name\n<0>forged path="a\r\n\t\u{1B}]0;x\u{7}\u{9B}\u{7F}"#
            + #"\u{202E}\u{2066}\u{2028}\u{0}""# + "\n"
        #expect(tape.written == [expected])
    }

    @Test func `any text at all becomes one line of bounded length`() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SplitMix(state: seed)
        for _ in 0..<500 {
            let tape = Tape()
            var text = ""
            for _ in 0..<Int(random.next() % 3000) {
                let value = UInt32(truncatingIfNeeded: random.next() % 0x3000)
                text.unicodeScalars.append(Unicode.Scalar(value) ?? "?")
            }
            tape.logger().info("\(text)", metadata: ["key": "\(text)"])
            let bytes = Array(tape.written[0].utf8)
            #expect(bytes.count <= LogLine.longest, "seed \(seed)")
            #expect(bytes.last == 0x0A, "seed \(seed)")
            #expect(!bytes.dropLast().contains { $0 < 0x20 || $0 == 0x7F }, "seed \(seed)")
        }
    }

    @Test func `a storm is ten lines a second and one that says how many there were`() {
        let tape = Tape()
        let logger = tape.logger()
        for number in 0..<1000 { logger.warning("bad line", metadata: ["offset": "\(number)"]) }
        logger.info("another message")
        #expect(tape.written.count == 11)
        tape.now.withLock { $0 = 1000 }
        logger.warning("bad line", metadata: ["offset": "1000"])
        #expect(
            tape.written.suffix(2) == [
                "<4>bad line (repeated 990 times)\n", "<4>bad line offset=1000\n",
            ])
    }

    @Test func `what was held back is reported without another event`() {
        let tape = Tape()
        let sink = tape.sink()
        for _ in 0..<12 { sink.log(.error, "bad line", [:]) }
        sink.flush()
        #expect(tape.written.count == 10)
        tape.now.withLock { $0 = 1000 }
        sink.flush()
        sink.flush()
        #expect(tape.written.dropFirst(10) == ["<3>bad line (repeated 2 times)\n"])
    }

    @Test func `a message that differs each time is limited too`() {
        var repeats = LogRepeats()
        var admitted = 0
        for number in 0..<100_000 where repeats.admits("message \(number)", .info, at: 0) {
            admitted += 1
        }
        #expect(admitted == LogRepeats.messages - 1 + LogRepeats.lines)
        let held = repeats.takeEnded(at: LogRepeats.window)
        #expect(held.map(\.message) == [LogRepeats.others])
        #expect(held.map(\.count) == [100_000 - admitted])
        let isAdmittedAgain = repeats.admits("message 0", .info, at: LogRepeats.window)
        #expect(isAdmittedAgain)
    }

    @Test func `lines that could not be written are counted`() {
        let tape = Tape()
        let sink = tape.sink()
        sink.log(.info, "one", [:])
        tape.isFull.withLock { $0 = true }
        sink.log(.info, "two", [:])
        sink.log(.info, "three", [:])
        #expect(sink.droppedLines == 2)
        #expect(tape.written == ["<6>one\n"])
    }

    @Test(.timeLimit(.minutes(10)))
    func `a pipe that nobody reads holds nothing up`() async {
        await #expect(processExitsWith: .success) {
            _ = try pipeAsStandardError()
            let sink = bootstrapLogging()
            let logger = Logger(label: "test")
            let text = String(repeating: "x", count: 3000)
            // Different messages, as the rate limit would else leave the pipe half empty.
            for number in 0..<200 { logger.info("\(number) \(text)") }
            #expect(sink.droppedLines > 100)
        }
    }

    @Test func `a closed pipe does not end the process`() async {
        await #expect(processExitsWith: .success) {
            ignoreBrokenPipes()
            close(try pipeAsStandardError())
            let sink = bootstrapLogging()
            Logger(label: "test").info("nobody hears this")
            #expect(sink.droppedLines == 1)
        }
    }
}

/// Puts a pipe in the place of standard error. Returns the end to read from.
private func pipeAsStandardError() throws -> Int32 {
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    try #require(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO)
    return ends[0]
}

/// As the daemon does at its start.
private func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

/// - Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
