import CLinux
import GRDBSQLite
import Glibc

/// A database in memory in which conditions that people wrote are compiled and evaluated, fenced in:
/// what they may call and read is listed, what they may take of memory and time is limited.
///
/// SAFETY: used by one thread at a time, its owner's. The pointer is valid from `init` to `deinit`;
/// `fence` lives as long as the callbacks that are given its address.
@safe
final class RuleDatabase {
    private let raw: OpaquePointer
    let fence = ConditionFence()

    /// No text, blob, intermediate result or statement is longer: 64 attributes of 1 KiB each fit in
    /// with everything that JSON adds to them.
    private static let longestText: Int32 = 1_000_000

    init() throws(StoreError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(":memory:", &opened, flags, nil)
        guard code == SQLITE_OK, let opened = unsafe opened else {
            let message = unsafe String(cString: sqlite3_errstr(code))
            unsafe sqlite3_close_v2(opened)
            throw .sqlite(path: Self.name, code: code, message: message, doing: "opening")
        }
        unsafe raw = opened
        unsafe sqlite3_extended_result_codes(raw, 1)
        _ = unsafe clinux_strict_sqlite(UnsafeMutableRawPointer(raw))
        for entry in Self.limits {
            _ = unsafe sqlite3_limit(raw, entry.limit, entry.value)
        }
        let context = unsafe Unmanaged.passUnretained(fence).toOpaque()
        unsafe sqlite3_set_authorizer(
            raw,
            { context, action, first, second, _, _ in
                // SAFETY: the context is the fence, which outlives the connection.
                unsafe Unmanaged<ConditionFence>.fromOpaque(context!).takeUnretainedValue()
                    .verdict(
                        action, unsafe text(first), unsafe text(second))
            }, context)
        unsafe sqlite3_progress_handler(
            raw, 1000,
            { unsafe Unmanaged<ConditionFence>.fromOpaque($0!).takeUnretainedValue().isOverdue },
            context)
        try execute("PRAGMA temp_store = MEMORY")
    }

    deinit { unsafe sqlite3_close_v2(raw) }

    static let name = "the rules"

    private static let limits: [(limit: Int32, value: Int32)] = [
        (SQLITE_LIMIT_LENGTH, longestText), (SQLITE_LIMIT_SQL_LENGTH, longestText),
        (SQLITE_LIMIT_EXPR_DEPTH, 500), (SQLITE_LIMIT_COMPOUND_SELECT, 1),
        (SQLITE_LIMIT_FUNCTION_ARG, 50), (SQLITE_LIMIT_ATTACHED, 0),
        (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000), (SQLITE_LIMIT_VARIABLE_NUMBER, 100),
        (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_WORKER_THREADS, 0),
    ]

    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(raw, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            let message = unsafe String(cString: sqlite3_errmsg(raw))
            throw StoreError(code: code, message: message, path: Self.name, doing: sql)
        }
    }

    func prepare(_ sql: String) throws(StoreError) -> Statement {
        try unsafe Statement(raw, path: Self.name, sql)
    }

    /// Where in the last statement's text its error lies, in bytes; nil if SQLite cannot tell.
    var errorOffset: Int? {
        let offset = unsafe sqlite3_error_offset(raw)
        return offset < 0 ? nil : Int(offset)
    }
}

/// An argument of a callback; nil for none.
private func text(_ argument: UnsafePointer<CChar>?) -> String? {
    guard let argument = unsafe argument else { return nil }
    return unsafe String(cString: argument)
}

/// What conditions may do: read columns of `leads` and call functions of a list.
final class ConditionFence {
    /// Whether it is closed; open it is for our own statements.
    var isClosed = false
    /// Columns that were read while it was closed.
    private(set) var columns: Set<String> = []
    /// Whether a function of time was called while it was closed.
    private(set) var asksForTime = false
    /// What was refused first.
    private(set) var refusal: String?
    /// When to cut short what runs, in monotonic nanoseconds; nil for never.
    private var deadline: UInt64?
    private var selects = 0

    /// Functions that give the same for the same arguments, and that nobody can grow memory with.
    /// `date` and its like do so except for 'now', which SQLite refuses in a generated column.
    static let functions: Set<String> = [
        "abs", "ceil", "ceiling", "coalesce", "date", "datetime", "floor", "glob", "ifnull", "iif",
        "instr", "json_array_length", "json_extract", "json_type", "json_valid", "julianday",
        "length", "like", "lower", "ltrim", "max", "min", "nullif", "replace", "round", "rtrim",
        "sign", "strftime", "substr", "substring", "time", "trim", "typeof", "unicode",
        "unixepoch", "upper", "->", "->>",
    ]

    /// Those among them that may give something else tomorrow, if they are handed the right text.
    private static let timeFunctions: Set<String> = [
        "date", "datetime", "julianday", "strftime", "time", "unixepoch",
    ]

    /// Closes it for one condition.
    func close() {
        isClosed = true
        columns = []
        asksForTime = false
        refusal = nil
        selects = 0
    }

    func open() { isClosed = false }

    /// Has what follows cut short after so long; nil lifts it.
    func limit(milliseconds: UInt64?) {
        deadline = milliseconds.map { Self.now + $0 * 1_000_000 }
    }

    /// 1 if what runs has run for too long.
    var isOverdue: Int32 { deadline.map { Self.now > $0 ? 1 : 0 } ?? 0 }

    func verdict(_ action: Int32, _ first: String?, _ second: String?) -> Int32 {
        guard isClosed else { return SQLITE_OK }
        switch action {
        case SQLITE_SELECT:
            selects += 1  // the first is our own, around the condition
            return selects == 1 ? SQLITE_OK : refuse("a subquery")
        case SQLITE_READ:
            guard first?.lowercased() == "leads" else { return refuse("another table") }
            if let second, !second.isEmpty { columns.insert(second.lowercased()) }
            return SQLITE_OK
        case SQLITE_FUNCTION:
            let name = second?.lowercased() ?? ""
            if Self.timeFunctions.contains(name) { asksForTime = true }
            return Self.functions.contains(name) ? SQLITE_OK : refuse("the function \(name)()")
        case SQLITE_RECURSIVE: return refuse("a common table expression")
        default: return refuse("anything but an expression")
        }
    }

    private func refuse(_ what: String) -> Int32 {
        refusal = refusal ?? what
        return SQLITE_DENY
    }

    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
