internal import ArgumentParser
import Glibc
import Store

/// Something that a command could not do: what happened, where, and what to do about it.
struct Failure: Error, Equatable {
    /// Exit codes, after sysexits(3).
    enum Code: Int32 {
        case notFound = 1
        case usage = 64
        case damaged = 65
        case `internal` = 70
        case inputOutput = 74
        case locked = 75
        case permission = 77
        case configuration = 78
    }

    var exitCode: Int32
    var what: String
    /// What more there is to say, a line each: the candidates, the mistakes.
    var details: [String]
    var remedy: String

    init(_ code: Code, _ what: String, details: [String] = [], _ remedy: String) {
        self.init(exitCode: code.rawValue, what, details: details, remedy)
    }

    init(exitCode: Int32, _ what: String, details: [String] = [], _ remedy: String) {
        self.exitCode = exitCode
        self.what = what
        self.details = details
        self.remedy = remedy
    }

    /// Whether somebody else might do it.
    var isPermission: Bool { exitCode == Code.permission.rawValue }

    /// Says what went wrong and ends the process with the code that stands for it.
    static func exit(with error: any Error) -> Never {
        switch error {
        case is Output.ReaderGone: Glibc.exit(0)
        case let failure as Failure: failure.exit()
        case let error as LeadsError:
            Failure(exitCode: error.exitCode, error.message, error.remedy).exit()
        default: leave(with: error)
        }
    }

    /// Help, the version, and what the parser of arguments says about them.
    private static func leave(with error: any Error) -> Never {
        let code = Leadscore.exitCode(for: error)
        var message = Leadscore.fullMessage(for: error)
        while message.last == "\n" { message.removeLast() }
        // Arguments come from scripts, and so may hold anything; the parser's lines stay lines.
        let text = message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).harmless }.joined(separator: "\n")
        if code.isSuccess {
            if !text.isEmpty { try? Output.write(text + "\n") }
            Glibc.exit(0)
        }
        // The parser gives 64 to its own errors; what else gets here was not foreseen.
        guard code == .validationFailure || error is ExitCode else {
            Failure(.internal, "unexpected: \(error)", "please report it with this text").exit()
        }
        if !text.isEmpty { Output.talk(text) }
        Glibc.exit(code.rawValue)
    }

    private func exit() -> Never {
        Output.talk("leadscore: " + what.harmless)
        for line in details + [remedy] where !line.isEmpty { Output.talk("  " + line.harmless) }
        Glibc.exit(exitCode)
    }
}
