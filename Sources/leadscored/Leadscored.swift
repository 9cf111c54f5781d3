import ArgumentParser
import Core
import Glibc
import Service

/// The daemon.
@main
struct Leadscored: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leadscored",
        abstract: "Follows event logs and keeps a decaying score for every contact.",
        discussion: """
            Runs in the foreground, logs to standard error, and is told by signals: SIGHUP reads the \
            configuration again, SIGTERM commits and ends. `leadscore` shows the result.

            Examples:
              leadscored --config /etc/leadscored/leadscored.yaml
              leadscored --config ./leadscored.yaml --state ./state --once
            """,
        version: Version.current)

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config = "/etc/leadscored/leadscored.yaml"

    @Option(help: ArgumentHelp("The state directory.", valueName: "dir"))
    var state = "/var/lib/leadscored"

    @Flag(help: "Read all sources to their end, publish everything, and exit.")
    var once = false

    @Option(
        name: .customLong("as-of"),
        help: ArgumentHelp(
            "Derive everything for this day, YYYY-MM-DD, rather than today.", valueName: "day"))
    var asOf: String?

    func validate() throws {
        guard let asOf else { return }
        guard let day = Day(asOf), day.number >= 0, day < Day(year: 2140, month: 1, day: 1) else {
            throw ValidationError(
                "--as-of wants a day from 1970-01-01 to 2139-12-31, not '\(asOf)'")
        }
    }

    func run() throws {
        let options = DaemonOptions(
            configuration: config, state: state, once: once, asOf: asOf.flatMap { Day($0) })
        throw ExitCode(Daemon(options).run())
    }
}
