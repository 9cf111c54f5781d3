internal import ArgumentParser

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how the daemon is doing.",
        discussion: """
            Asks the running daemon, or reads its state where none runs; both take root or the user of \
            the service. For anybody else it shows what was last published.

            Examples:
              leadscore status
              leadscore status --json | jq .lag_bytes
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let status = try answer()
        try Output.write(
            format.json ? status.document : StatusSheet.text(status, width: Output.terminalWidth))
    }

    private func answer() throws -> JSONValue {
        do {
            return try DaemonAccess(directory: state.directory, timeoutSeconds: 10).ask("status")
        } catch let error as NoDaemon {
            return try atRest(error.failure)
        } catch let failure as Failure where failure.isPermission {
            guard let answer = try? published.ask("status") else { throw failure }
            Output.talk(
                "note: only root and the service's user may ask the daemon; "
                    + "this is what was last published")
            // Whether it runs cannot be told from here.
            return .object(answer.members.filter { $0.key != "running" })
        }
    }

    /// From the state if this user may open it, else from what was published.
    private func atRest(_ reason: Failure) throws -> JSONValue {
        guard state.exists else {
            guard let answer = try? published.ask("status") else { throw reason }
            Output.talk("note: no daemon runs; this is what was last published")
            return answer
        }
        do {
            return try OfflineAccess(directory: state.directory, configuration: state.config)
                .ask("status")
        } catch let failure as Failure {
            guard let answer = try? published.ask("status") else { throw failure }
            Output.talk("note: no daemon runs, and \(failure.what)".harmless)
            Output.talk("note: this is what was last published")
            return answer
        }
    }

    private var published: PublishedAccess {
        PublishedAccess(path: state.directory + "/published/leads.db")
    }
}
