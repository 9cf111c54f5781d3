import Core

extension Follower {
    /// What is known of each stream whose position changed since it was last taken, in a line of text,
    /// for whoever follows it step by step.
    package var tracedStreams: [String] {
        streams.filter(\.changed).map { stream in
            let position = stream.position
            let identity = position.identity
            var text = "    #\(position.id) \(position.displayPath)"
            text += " inode \(identity.inode)/\(identity.generation)"
            text += " at \(position.offset) of \(position.size) file \(stream.file)"
            if position.retired { text += " retired" }
            if stream.sighted { text += " sighted" }
            if position.packed != nil { text += " packed" }
            return text + " head \(position.head.count) queued \(stream.queued)"
        }
    }
}
