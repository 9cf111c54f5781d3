internal import ArgumentParser
internal import Service

@main
struct Leadscore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leadscore",
        abstract: "Shows who is hot, who is cooling, and why.",
        discussion: """
            leadscored reads the logs and keeps the scores; leadscore looks at the result.

            Examples:
              leadscore top                       the 20 contacts with the highest scores
              leadscore explain ann@example.com   where a score comes from
              leadscore status                    how the daemon is doing

            Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 not found, \
            64 usage, 65 damaged data, 70 a mistake in the program, 74 input or output, 75 locked or \
            not ready, 77 permission, 78 configuration.
            """,
        version: "leadscore \(Version.current)",
        subcommands: [
            CheckCommand.self, StatusCommand.self, TopCommand.self, ShowCommand.self,
            ExplainCommand.self, SegmentsCommand.self, WatchCommand.self, ExportCommand.self,
            WhatIfCommand.self, LinkCommand.self, UnlinkCommand.self, ForgetCommand.self,
            AmbiguousCommand.self, BouncedCommand.self, QuarantineCommand.self, RequeueCommand.self,
            BackupCommand.self,
            VerifyCommand.self, TryCommand.self,
        ])

    static func main() {
        Output.surviveClosedPipes()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(with: error)
        }
    }
}
