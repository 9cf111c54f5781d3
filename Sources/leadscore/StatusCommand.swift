internal import ArgumentParser

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how the daemon is doing.",
        discussion: """
            Asks the running daemon; that takes root or the user of the service. Where none runs, or \
            for somebody else, it shows what was last published.

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
        let published = PublishedAccess(path: state.directory + "/published/leads.db")
        do {
            return try DaemonAccess(directory: state.directory, timeoutSeconds: 10).ask("status")
        } catch let error as NoDaemon {
            guard let answer = try? published.ask("status") else { throw error.failure }
            Output.talk("note: no daemon runs; this is what was last published")
            return answer
        } catch let failure as Failure where failure.exitCode == Failure.Code.permission.rawValue {
            guard case .object(let members)? = try? published.ask("status") else { throw failure }
            Output.talk(
                "note: only root and the service's user may ask the daemon; "
                    + "this is what was last published")
            // Whether it runs cannot be told from here.
            return .object(members.filter { $0.key != "running" })
        }
    }
}
