// How many lines one core decodes in a second, from memory, the best of twenty rounds over 500,000:
// the native format, lines of about 140 bytes with 5 or 6 fields, and access logs.
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

/// A line in the combined format, of about 210 bytes: one in four a click through a tracking link,
/// one in eight of no interest.
func accessLine(_ number: Int) -> String {
    let user = number &* 7919 % 200_000
    let second = number / 40
    let clock = [second / 3600 % 24, second / 60 % 60, second % 60].map { text in
        text < 10 ? "0\(text)" : "\(text)"
    }.joined(separator: ":")
    let target =
        number % 4 == 0
        ? "/c/\(number % 97)?e=user\(user)%40example.com&m=2026-09-autumn&id=01J8\(number)"
        : number % 8 == 1
            ? "/static/app.\(number % 13).css" : "/products/\(number % 977)?c=K-\(user)"
    return #"203.0.113.\#(number % 250) - - [14/Sep/2026:\#(clock) +0000] "#
        + #""GET \#(target) HTTP/1.1" 200 \#(number % 90000) "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) "#
        + #"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36""# + "\n"
}

let routes = [
    Route(
        path: Glob("/c/*"), methods: ["GET"], type: "click",
        takes: [.email: "$arg_e", .message: "$arg_m", .id: "$arg_id"]),
    Route(
        path: Glob("/products/*"), statuses: [200], type: "visit",
        takes: [.customerID: "$arg_c"]),
]

func round(_ buffer: ByteSlice, _ decoder: any LineDecoder) -> (seconds: Double, sum: Int64) {
    let batch = decoder as? any BatchDecoder
    var event = Event()
    var sum: Int64 = 0
    var start = 0
    let before = now()
    while let end = buffer.first(0x0A, from: start) {
        if decoder.decode(buffer[start..<end], into: &event) == nil {
            sum &+= event.at.milliseconds &+ Int64(event.email.count) &+ event.value.tenThousandths
        }
        while let batch, batch.remaining > 0 { _ = batch.decodeNext(into: &event) }
        start = end + 1
    }
    return (now() - before, sum)
}

/// The best of twenty rounds over so many lines.
func measure(_ name: String, _ decoder: any LineDecoder, _ line: (Int) -> String) {
    var bytes: [UInt8] = []
    let lines = 500_000
    for number in 0..<lines { bytes.append(contentsOf: line(number).utf8) }
    bytes.append(contentsOf: [UInt8](repeating: 0, count: 64))
    var best = Double.infinity
    var sum: Int64 = 0
    for _ in 0..<20 {
        let result = unsafe bytes.withUnsafeBufferPointer {
            round(unsafe ByteSlice(UnsafeBufferPointer(rebasing: $0.dropLast(64))), decoder)
        }
        best = min(best, result.seconds)
        sum = result.sum
    }
    let perLine = best / Double(lines) * 1e9
    print("\(name): \(Double(lines) / best / 1e6) M lines/s, \(perLine) ns a line,")
    print("\((bytes.count - 64) / lines) bytes a line, check sum \(sum)")
}

/// A line of a mail provider's webhook, an array of two events.
func webhookLine(_ number: Int) -> String {
    let events = (0..<2).map { part in
        #"{"email":"user\#(number &* 7919 % 200_000)@example.com","timestamp":\#(1_789_374_000 + number),"#
            + #""smtp-id":"<x@example.com>","event":"\#(part == 0 ? "open" : "click")","#
            + #""sg_event_id":"e\#(number)-\#(part)","sg_message_id":"m.\#(number % 50)","#
            + #""useragent":"Mozilla/5.0 (X11)","ip":"203.0.113.7","url":"https://shop.example/a"}"#
    }
    return "[\(events.joined(separator: ","))]\n"
}

func orderLine(_ number: Int) -> String {
    number == 0
        ? "order;ordered;mail;total;branch\n"
        : "\(number);2026-09-14T08:21:07Z;user\(number % 200_000)@example.com;19.90;\"Boats\"\n"
}

var webhook = FieldLayout()
webhook.each = [""]
webhook.fields = [
    .ts: ["/timestamp"], .type: ["/event"], .email: ["/email"], .id: ["/sg_event_id"],
    .message: ["/sg_message_id"], .url: ["/url"], .status: ["/status"], .ua: ["/useragent"],
    .ip: ["/ip"], .origin: ["/sg_machine_open"],
]
webhook.types = ["open": TypeMeaning(type: "open"), "click": TypeMeaning(type: "click")]

var orders = FieldLayout()
orders.type = "purchase"
orders.delimiter = 0x3B
orders.fields = [.ts: ["ordered"], .id: ["order"], .email: ["mail"], .value: ["total"]]
orders.traits = ["industry": ["branch"]]

measure("events", EventsDecoder(), line)
measure("json, two events a line", JSONLineDecoder(webhook), webhookLine)
measure("csv", CSVDecoder(orders), orderLine)
measure("access", try AccessDecoder(AccessLayout(routes: routes)), accessLine)

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
