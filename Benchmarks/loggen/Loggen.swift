internal import ArgumentParser
internal import Core
internal import Glibc

/// Writes event logs that look like a company's.
@main
struct Loggen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loggen",
        abstract: "Writes plausible event logs: many lines at once, or a day as it goes by.",
        discussion: """
            In bulk, the same options give the same bytes:
              loggen --events 5000000 --contacts 200000 --seed 1 --ids --output events.ndjson
            Live, several files grow in a directory, with the time of now:
              loggen --live /tmp/logs --rate 30 --seconds 40
            """)

    @Option(help: "How many lines to write.")
    var events: Int = 1_000_000
    @Option(help: "How many people they are about.")
    var contacts: Int = 100_000
    @Option(help: "How much more the most active do than the others: Zipf's; 0 for all alike.")
    var exponent: Double = 1.1
    @Option(help: "Over how many days.")
    var days: Int = 90
    @Option(help: ArgumentHelp("The last of the days.", valueName: "YYYY-MM-DD"))
    var end: String = "2026-09-14"
    @Option(help: "What chance depends on.")
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Where to; standard output without it.", valueName: "file"))
    var output: String?
    @Flag(help: "Give each event an id.")
    var ids = false
    @Option(help: ArgumentHelp("Lines that repeat an earlier one. Needs --ids.", valueName: "%"))
    var duplicates: Double = 0
    @Option(help: ArgumentHelp("Events up to three days behind the others.", valueName: "%"))
    var late: Double = 0
    @Option(help: ArgumentHelp("Lines that no reader can use.", valueName: "%"))
    var bad: Double = 0
    @Option(
        help: ArgumentHelp("Where to write what a reader must find, as NDJSON.", valueName: "file"))
    var truth: String?

    @Option(
        help: ArgumentHelp("Write in real time, to files in this directory.", valueName: "dir"))
    var live: String?
    @Option(help: "Live: lines per second.")
    var rate: Double = 20
    @Option(help: "Live: for how many seconds.")
    var seconds: Double = 40

    func validate() throws {
        guard (0...1_000_000_000_000).contains(events) else {
            throw ValidationError("--events must be 0 to 10^12")
        }
        guard (1...100_000_000).contains(contacts) else {
            throw ValidationError("--contacts must be 1 to 10^8")
        }
        guard (0...4).contains(exponent) else {
            throw ValidationError("--exponent must be 0 to 4")
        }
        guard (1...36_500).contains(days) else {
            throw ValidationError("--days must be 1 to 36500")
        }
        guard Day(end) != nil else { throw ValidationError("--end must be a day, YYYY-MM-DD") }
        guard [duplicates, late, bad].allSatisfy({ (0...100).contains($0) }) else {
            throw ValidationError("a percentage must be 0 to 100")
        }
        guard duplicates == 0 || ids else {
            throw ValidationError("--duplicates needs --ids: without, equal lines are two events")
        }
        guard (0.1...10_000).contains(rate), (0...86_400).contains(seconds) else {
            throw ValidationError("--rate must be 0.1 to 10000, --seconds 0 to 86400")
        }
    }

    func run() throws {
        if let live {
            var day = LiveDay(directory: live, rate: rate, seconds: seconds, seed: seed)
            try day.write()
            return
        }
        var buffer = try LineBuffer(path: output)
        var bulk = Bulk(self)
        try bulk.write(to: &buffer)
        try buffer.flush()
        if let truth { try bulk.truth.write(to: truth) }
    }
}

/// A system call that failed.
struct WriteError: Error, CustomStringConvertible {
    let path: String
    let code: Int32

    var description: String {
        unsafe "cannot write \(path): \(String(cString: strerror(code)))"
    }
}
