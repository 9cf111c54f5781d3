internal import Service
internal import Store

/// Somebody who can answer what only `state.db` knows.
protocol StateAccess {
    /// The answer to a command, in the JSON that the daemon gives.
    func ask(_ request: ControlRequest) throws -> JSONValue
}

extension StateAccess {
    /// The answer to a command without arguments.
    func ask(_ command: String) throws -> JSONValue { try ask(ControlRequest(command: command)) }
}

extension StateOptions {
    /// The answer of the running daemon, or of the state itself where none runs.
    func ask(
        _ command: String, _ arguments: [String: String], _ numbers: [String: Int] = [:]
    ) throws -> JSONValue {
        var values = arguments.mapValues(ControlValue.string)
        for (name, number) in numbers { values[name] = .integer(Int64(number)) }
        let request = ControlRequest(command: command, arguments: values)
        do {
            return try DaemonAccess(directory: directory, timeoutSeconds: 600).ask(request)
        } catch let error as NoDaemon {
            guard exists else { throw error.failure }
            return try OfflineAccess(directory: directory, configuration: config).ask(request)
        }
    }
}

/// The running daemon, through `control.sock`.
struct DaemonAccess: StateAccess {
    let directory: String
    /// How long its answer is waited for; to verify takes a while.
    let timeoutSeconds: Int64

    func ask(_ request: ControlRequest) throws -> JSONValue {
        let response: ControlResponse
        do {
            response = try ControlClient.send(
                stateDirectory: directory, request: request,
                timeoutMilliseconds: timeoutSeconds * 1000)
        } catch {
            if case .notRunning = error { throw NoDaemon(error) }
            throw Failure(exitCode: error.exitCode, error.message, error.remedy)
        }
        return try response.value
    }
}

extension ControlResponse {
    /// What was answered.
    ///
    /// - Throws: a `Failure`.
    fileprivate var value: JSONValue {
        get throws {
            switch self {
            case .result(let value): return JSONValue(value)
            case .failure(let message, 1):
                throw Failure(
                    .notFound, message,
                    "see that it is written in full; `leadscore status` shows how far the logs are "
                        + "read")
            case .failure(let message, 64): throw Failure(.usage, message, "see --help")
            case .failure(let message, 78):
                let mistakes = message.split(separator: "\n").map(String.init)
                throw Failure(
                    .configuration, "the configuration cannot be used", details: mistakes,
                    "correct it; `leadscore check --config FILE` reads it in the same way")
            case .failure(let message, let code):
                throw Failure(
                    exitCode: code, "it could not be done: \(message)",
                    "if a daemon runs, its log says more")
            }
        }
    }
}

/// No daemon runs on a state directory.
struct NoDaemon: Error {
    var failure: Failure

    init(_ error: ControlError) {
        failure = Failure(exitCode: error.exitCode, error.message, error.remedy)
    }
}

/// The state itself, when no daemon owns it: takes the lock for as long as it answers.
struct OfflineAccess: StateAccess {
    let directory: String
    /// By which scores are derived; read only for commands that need it.
    let configuration: String

    func ask(_ request: ControlRequest) throws -> JSONValue {
        do {
            let isNeeded = OfflineState.needsConfiguration(request.command)
            let state = try OfflineState(
                directory: directory,
                configuration: isNeeded ? Configuration.load(path: configuration) : nil)
            switch request.command {
            case "verify": return JSONValue(try state.verify())
            case "status": return JSONValue(try state.status())
            default: return try state.answer(request).value
            }
        } catch let error as ConfigurationError {
            throw Failure(
                .configuration, "\(configuration) cannot be used",
                details: error.mistakes.map(\.description),
                "correct it, or name another file with --config")
        } catch let error as StateLockError {
            throw Failure(exitCode: error.exitCode, error.message, error.remedy)
        } catch let error as StoreError {
            throw Failure(exitCode: error.exitCode, error.description, "")
        }
    }
}

/// The published file, which anybody in the group may read: what it says about the state.
struct PublishedAccess: StateAccess {
    let path: String

    func ask(_ request: ControlRequest) throws -> JSONValue {
        try LeadsReader.read(path: path) { leads in
            let sources = try leads.sources()
            return .object([
                "running": .bool(false),
                "as_of_day": .optional(try leads.meta("as_of_day")),
                "seq": number(try leads.meta("seq")),
                "lag_bytes": .integer(sources.reduce(0) { $0 + lag($1) }),
                "config_hash": .optional(try leads.meta("config_hash")),
                "outcomes": outcomes(sources),
                "sources": .array(sources.map(source)),
                "publication": .object([
                    "seq": number(try leads.meta("seq")),
                    "published_at": .optional(try leads.meta("published_at")),
                ]),
            ])
        }
    }

    private func outcomes(_ sources: [SourceRow]) -> JSONValue {
        let names = ["applied", "duplicate", "filtered", "quarantined", "suppressed"]
        return .object(
            names.map { name in
                JSONValue.Member(
                    key: name, value: .integer(sources.reduce(0) { $0 + $1[name] }))
            })
    }

    private func source(_ row: SourceRow) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "name", value: .string(row.name)),
            .init(key: "path", value: .string(row.path)),
            .init(key: "lag_bytes", value: .integer(lag(row))),
        ]
        members += row.numbers.map { .init(key: $0.column, value: .integer($0.value)) }
        return .object(members)
    }

    private func lag(_ row: SourceRow) -> Int64 { max(row["size"] - row["offset"], 0) }

    private func number(_ text: String?) -> JSONValue {
        text.flatMap { Int64($0) }.map(JSONValue.integer) ?? .null
    }
}

extension JSONValue {
    /// A value of the control protocol; the keys of objects in the order of their bytes.
    init(_ value: ControlValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .real(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .array(values.map(JSONValue.init))
        case .object(let values):
            self = .object(
                values.sorted { $0.key < $1.key }.map {
                    Member(key: $0.key, value: JSONValue($0.value))
                }
            )
        }
    }
}
