public import Core
import Ingest

/// What the operator wants: the model, the sources, and what is doubtful about them.
public struct Configuration: Sendable {
    /// The model by which facts become scores.
    public var model: Model
    /// Where events come from, in the order of the files.
    public var sources: [SourceDefinition]
    /// 16 hexadecimal digits of what the configuration means; comments and layout leave it alone.
    public var hash: String
    /// What is allowed and probably not meant, in the order of file, line and column.
    public var warnings: [Mistake]

    /// A configuration; `hash` follows from the model and the sources.
    public init(model: Model, sources: [SourceDefinition], warnings: [Mistake] = []) {
        self.model = model
        self.sources = sources
        self.warnings = warnings
        hash = MeaningHash.of(model: model, sources: sources)
    }
}

extension Configuration {
    /// Reads the file at `path`, then `conf.d/*.yaml` beside it in the order of their names.
    ///
    /// - Throws: `ConfigurationError` with every mistake of every file.
    public static func load(path: String) throws(ConfigurationError) -> Configuration {
        let findings = Findings()
        let files = ConfigurationFile.all(path: path, findings: findings)
        let presets = Presets.beside(path)
        return try read(files, formats: formats, presets: presets, findings: findings)
    }

    /// The names that `format` of a source may have, the one that is meant without it first.
    static let formats = LogFormat.all.map(\.name)

    /// Reads texts that are already in memory, the main one first.
    static func parse(
        _ texts: [(name: String, bytes: [UInt8])], formats: [String] = formats
    ) throws(ConfigurationError) -> Configuration {
        let findings = Findings()
        let files = texts.map {
            ConfigurationFile(number: findings.addFile($0.name), bytes: $0.bytes)
        }
        return try read(files, formats: formats, presets: .ofSourceTree, findings: findings)
    }

    private static func read(
        _ files: [ConfigurationFile], formats: [String], presets: Presets, findings: Findings
    ) throws(ConfigurationError) -> Configuration {
        var reader = ConfigurationReader(formats: formats, presets: presets, findings: findings)
        var complete = !findings.hasMistakes
        for file in files {
            switch Document.compose(file, findings: findings) {
            case .document(let document): reader.read(document)
            case .empty: break
            case .unusable: complete = false
            }
        }
        // What a file that cannot be read might have said is not missing.
        reader.finish(complete: complete)
        if findings.hasMistakes { throw ConfigurationError(mistakes: findings.mistakes) }
        return Configuration(
            model: reader.model, sources: reader.sources.map(\.rule), warnings: findings.warnings)
    }
}
