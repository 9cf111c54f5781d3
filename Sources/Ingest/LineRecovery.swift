public import Core

/// Finds a line again in the file in which it stood, if that is still the same generation.
public struct LineRecovery {
    /// What was found.
    public enum Found: Equatable, Sendable {
        /// The line without its newline; if it is too long, as much as shows that.
        case line([UInt8])
        /// There is no such file any more, or it cannot be read.
        case missing
        /// Another file stands there, or the line was overwritten.
        case changed
        /// It stands in a compressed file.
        case packed
    }

    private let files: any LogFileSystem
    private let hash: KeyedHash

    /// Looks at files, with the hash of the state's positions.
    public init(files: any LogFileSystem, hash: KeyedHash) {
        self.files = files
        self.hash = hash
    }

    /// The line that starts at `offset` with the bytes `beginning`.
    public func line(
        at offset: Int64, beginning: [UInt8], of position: StreamPosition
    ) -> Found {
        guard position.packed == nil else { return .packed }
        do throws(SystemError) {
            let file = try files.open(position.path)
            defer { files.close(file) }
            return try line(at: offset, beginning, of: position, in: file)
        } catch {
            return .missing
        }
    }

    private func line(
        at offset: Int64, _ beginning: [UInt8], of position: StreamPosition, in file: Int32
    ) throws(SystemError) -> Found {
        let status = try files.identify(file)
        guard status.isRegular else { return .changed }
        let candidate = Generation.Candidate(
            identity: status.identity, size: status.size,
            head: try read(file, at: 0, count: Generation.headBytes))
        let before = try read(
            file, at: position.offset - Int64(position.anchorLength), count: position.anchorLength)
        let judgement = Generation.judge(position, candidate) {
            before.isEmpty || hash(before) == position.anchor
        }
        guard judgement == .same else { return .changed }
        // What was read ends at the offset: a last line without a newline ends there too.
        let room = max(position.offset - offset, 0)
        let count = Int(min(room, Int64(Bounds.lineBytes) + 1))
        var line = try read(file, at: offset, count: count)
        if let end = line.firstIndex(of: 0x0A) { line.removeSubrange(end...) }
        return line.starts(with: beginning) ? .line(line) : .changed
    }

    private func read(
        _ file: Int32, at offset: Int64, count: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: SystemError?
        var filled = 0
        unsafe bytes.withUnsafeMutableBytes { buffer in
            do throws(SystemError) {
                filled = try unsafe files.read(file, into: buffer, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        bytes.removeLast(count - filled)
        return bytes
    }
}
