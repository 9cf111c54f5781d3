internal import Glibc

/// What a reader of the written lines must find.
struct Truth {
    /// The kinds of events, in the order of their counts.
    static let types = [
        "open", "visit", "click", "delivered", "download", "search", "purchase", "form", "bounce",
        "unsubscribe",
    ]
    /// What can be wrong with a line, by the reason that a reader gives.
    static let faults = ["json", "no_identifier", "ts", "type", "email"]

    private var usable = 0
    private var late = 0
    private var duplicates = 0
    private var unusable = [Int](repeating: 0, count: faults.count)
    /// Usable events by contact and type; empty unless somebody wants to know.
    private var counts: [UInt32]

    init(contacts: Int?) {
        counts = [UInt32](repeating: 0, count: (contacts ?? 0) * Truth.types.count)
    }

    @inline(__always)
    mutating func countUsable(contact: Int, type: Int, isLate: Bool) {
        usable += 1
        if isLate { late += 1 }
        if !counts.isEmpty { counts[contact * Truth.types.count + type] += 1 }
    }

    mutating func countDuplicate() { duplicates += 1 }

    mutating func countUnusable(_ fault: Int) { unusable[fault] += 1 }

    /// One object with the totals, then one for each contact that did something.
    ///
    /// Duplicates are lines that repeat a usable one; `usable` does not hold them.
    func write(to path: String) throws {
        guard let file = unsafe fopen(path, "we") else { throw WriteError(path: path, code: errno) }
        let faults = zip(Truth.faults, unusable).map { #""\#($0)":\#($1)"# }.joined(separator: ",")
        let lines = usable + duplicates + unusable.reduce(0, +)
        var text =
            #"{"lines":\#(lines),"usable":\#(usable),"duplicates":\#(duplicates),"#
            + #""late":\#(late),"unusable":{\#(faults)}}"# + "\n"
        let width = Truth.types.count
        for contact in 0..<(counts.count / width) {
            let row = counts[(contact * width)..<((contact + 1) * width)]
            guard row.contains(where: { $0 > 0 }) else { continue }
            let known = zip(Truth.types, row).filter { $0.1 > 0 }
                .map { #""\#($0.0)":\#($0.1)"# }.joined(separator: ",")
            text += #"{"email":"\#(Bulk.email(contact))",\#(known)}"# + "\n"
            if text.utf8.count > 1 << 16 {
                unsafe _ = fputs(text, file)
                text = ""
            }
        }
        unsafe _ = fputs(text, file)
        let isBroken = unsafe ferror(file) != 0
        let isClosed = unsafe fclose(file) == 0
        guard isClosed, !isBroken else { throw WriteError(path: path, code: errno) }
    }
}
