// How many lines of the native format one core decodes in a second, from memory, the best of twenty
// rounds: 500,000 lines of about 140 bytes with 5 or 6 fields, as web and mail servers write them.
import Core
import Glibc
import Ingest

let types = ["visit", "open", "click", "purchase", "download"]

func line(_ number: Int) -> String {
    let type = types[number % types.count]
    let day = 10 + number % 18
    let user = number &* 7919 % 200_000
    var text = #"{"ts":"2026-09-\#(day)T08:21:07.\#(100 + number % 900)Z","type":"\#(type)","#
    text += #""email":"user\#(user)@example.com","id":"01J8\#(number)","#
    text += #""campaign":"autumn-\#(number % 9)","url":"/products/\#(number % 977)""#
    if type == "purchase" { text += #","value":\#(number % 500).95"# }
    return text + "}\n"
}

func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

var bytes: [UInt8] = []
let lines = 500_000
for number in 0..<lines { bytes.append(contentsOf: line(number).utf8) }
bytes.append(contentsOf: [UInt8](repeating: 0, count: 64))

func round(_ buffer: ByteSlice) -> (seconds: Double, sum: Int64) {
    let decoder = EventsDecoder()
    var event = Event()
    var sum: Int64 = 0
    var start = 0
    let before = now()
    while let end = buffer.first(0x0A, from: start) {
        if decoder.decode(buffer[start..<end], into: &event) == nil {
            sum &+= event.at.milliseconds &+ Int64(event.email.count) &+ event.value.tenThousandths
        }
        start = end + 1
    }
    return (now() - before, sum)
}

var best = Double.infinity
var sum: Int64 = 0
for _ in 0..<20 {
    let result = unsafe bytes.withUnsafeBufferPointer {
        round(unsafe ByteSlice(UnsafeBufferPointer(rebasing: $0.dropLast(64))))
    }
    best = min(best, result.seconds)
    sum = result.sum
}
let perLine = best / Double(lines) * 1e9
print("events: \(Double(lines) / best / 1e6) M lines/s, \(perLine) ns a line,")
print("\((bytes.count - 64) / lines) bytes a line, check sum \(sum)")

// With a pattern of paths: the same through the follower, from files.
if CommandLine.arguments.count > 1 {
    let follower = Follower(
        sources: [SourceDefinition(name: "s", paths: [CommandLine.arguments[1]])],
        files: LinuxFileSystem(), watcher: try? InotifyWatcher(), positions: [], nextStreamID: 1,
        hash: KeyedHash(secret: Array(repeating: 1, count: KeyedHash.secretLength)))
    let decoder = EventsDecoder()
    var event = Event()
    var count = 0
    var before = now()
    follower.discover()
    print("found after \((now() - before) * 1e3) ms")
    while follower.turn({ block in
        for (line, _) in block.lines where decoder.decode(line, into: &event) == nil { count += 1 }
    }) {}
    let seconds = now() - before
    print("\(count) events from files: \(Double(count) / seconds / 1e6) M lines/s")
    before = now()
    follower.discover()
    let positions = follower.takePositions().count
    print("a look at nothing new: \((now() - before) * 1e3) ms, \(positions) positions")
}
