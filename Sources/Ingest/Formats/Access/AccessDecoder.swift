public import Core

/// The access logs of web servers: requests that match a route become events.
///
/// Nothing is allocated for a line. What a route does not ask for is found and not looked at.
public final class AccessDecoder: LineDecoder {
    private var reader: AccessReader

    /// A decoder for a layout.
    ///
    /// - Throws: what is wrong with the layout.
    public init(_ layout: AccessLayout) throws(LogFormatProblem) {
        reader = AccessReader(try AccessPlan(layout))
    }

    /// Decodes one line; a carriage return at its end is dropped.
    public func decode(_ line: ByteSlice, into event: inout Event) -> Verdict? {
        reader.decode(line, into: &event)
    }

    /// Where a line stops to be like the format, or what it asks for; nil if that is not the matter.
    public func explain(_ line: ByteSlice, _ verdict: Verdict) -> String? {
        reader.explain(line, verdict)
    }
}
