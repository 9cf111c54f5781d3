internal import ArgumentParser

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that every record is accounted for.",
        discussion: """
            Checks the database files, the laws by which records, counts and cells must add up, and \
            that the published scores are those of a slow computation from the facts. Takes root or \
            the user of the service. Exits with 65 if a check fails.

            Examples:
              leadscore verify
              leadscore verify --json | jq '.checks[] | select(.ok | not)'
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let verdict: JSONValue
        do {
            verdict = try DaemonAccess(directory: state.directory, timeoutSeconds: 3600)
                .ask("verify")
        } catch let error as NoDaemon {
            guard state.exists else { throw error.failure }
            verdict = try OfflineAccess(directory: state.directory, configuration: state.config)
                .ask("verify")
        }
        try Output.write(format.json ? verdict.document : StatusSheet.text(ofVerdict: verdict))
        guard verdict["ok"].bool == true else {
            throw Failure(
                .damaged, "not everything adds up in \(state.directory)",
                "keep a copy of the directory, then see docs/OPERATING.md, \"When verify fails\"")
        }
    }
}
