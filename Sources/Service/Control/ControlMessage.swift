/// Any JSON value, as arguments and results of control commands are.
public enum ControlValue: Codable, Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([ControlValue])
    case object([String: ControlValue])

    /// Reads a value as it is written; a number without fraction is an integer.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([ControlValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: ControlValue].self))
        }
    }

    /// Writes the value as plain JSON.
    ///
    /// - Throws: `EncodingError` for a number that is not finite.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The member of an object; nil if this is none or has no such member.
    public subscript(key: String) -> ControlValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The text, if this is one.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The integer, if this is one.
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The truth value, if this is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
}

/// What a command asks of the daemon: `{"command":"status","arguments":{}}`, one line.
public struct ControlRequest: Codable, Hashable, Sendable {
    /// The command's name, as on the command line.
    public var command: String
    /// Its arguments by name; may be left out.
    public var arguments: [String: ControlValue]

    /// A request.
    public init(command: String, arguments: [String: ControlValue] = [:]) {
        self.command = command
        self.arguments = arguments
    }

    /// Reads a request.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        command = try container.decode(String.self, forKey: .command)
        arguments =
            try container.decodeIfPresent([String: ControlValue].self, forKey: .arguments) ?? [:]
    }
}

/// What the daemon answers: `{"ok":true,"result":...}` or
/// `{"error":"...","exit":75,"ok":false}`, one line.
public enum ControlResponse: Codable, Hashable, Sendable {
    /// It was done, with this result.
    case result(ControlValue)
    /// It was not done: why, and with which code (sysexits) the command exits.
    case failure(String, exitCode: Int32)

    /// How the server answers a peer that may not ask.
    static let permission = ControlResponse.failure("permission", exitCode: 77)
    /// How the server answers when it has no place for another client.
    static let busy = ControlResponse.failure("too many requests at once; try again", exitCode: 75)

    private enum CodingKeys: String, CodingKey {
        case ok, result, error, exit
    }

    /// Reads an answer.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if try container.decode(Bool.self, forKey: .ok) {
            self = .result(
                try container.decodeIfPresent(ControlValue.self, forKey: .result) ?? .null)
        } else {
            self = .failure(
                try container.decode(String.self, forKey: .error),
                exitCode: try container.decodeIfPresent(Int32.self, forKey: .exit) ?? 70)
        }
    }

    /// Writes the answer.
    ///
    /// - Throws: `EncodingError` for a number that is not finite.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .result(let value):
            try container.encode(true, forKey: .ok)
            try container.encode(value, forKey: .result)
        case .failure(let error, let exitCode):
            try container.encode(false, forKey: .ok)
            try container.encode(error, forKey: .error)
            try container.encode(exitCode, forKey: .exit)
        }
    }
}
