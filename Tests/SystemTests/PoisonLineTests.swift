import Foundation
import Glibc
import TestKit
import Testing

/// A line that makes a library in the process fail: nothing in the daemon is made for this test.
@Suite struct PoisonLineTests {
    /// A libidn2 that dies of one domain.
    private static let library = """
        #include <dlfcn.h>
        #include <signal.h>
        #include <string.h>
        int idn2_lookup_u8(const unsigned char *name, unsigned char **out, int flags) {
            if (strstr((const char *)name, "poison")) raise(FAULT);
            int (*real)(const unsigned char *, unsigned char **, int) =
                (int (*)(const unsigned char *, unsigned char **, int))
                    dlsym(RTLD_NEXT, "idn2_lookup_u8");
            return real(name, out, flags);
        }
        """

    private static func line(_ number: Int, domain: String = "example.org") -> String {
        #"{"ts":"2026-09-14T08:00:00Z","type":"click","email":"p\#(number)@\#(domain)"}"#
    }

    @Test(arguments: ["SIGILL", "SIGSEGV", "SIGABRT"])
    func `a line that ends the daemon is quarantined after two ends, and nothing else is`(
        fault: String
    ) throws {
        let scratch = try DaemonScratch()
        let wrapper = try scratch.preload(Self.library, ["FAULT=\(fault)"])
        var lines = (0..<3000).map { Self.line($0) }
        lines[1700] = Self.line(1700, domain: "poison-\u{e4}.example")
        try scratch.append(lines, to: "a.ndjson")
        try scratch.append((5000..<5100).map { Self.line($0) }, to: "b.ndjson")
        var ends: [Int32] = []
        while ends.count < 5 {
            let outcome = try scratch.once(wrapper: wrapper)
            ends.append(outcome.code)
            if outcome.code == 0 { break }
            #expect(outcome.code > 128, "\(outcome.talk)")
        }
        #expect(ends.count == 3 && ends.last == 0, "\(ends)")
        #expect(scratch.number("SELECT sum(applied) FROM sources") == 3099)
        #expect(scratch.number("SELECT sum(quarantined) FROM sources") == 1)
        let quarantine = try scratch.rows("SELECT reason, offset FROM quarantine")
        #expect(quarantine.count == 1)
        #expect(quarantine.first?["reason"] == .text("poison"))
        let before = lines[..<1700].reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(quarantine.first?["offset"] == .integer(Int64(before)))
    }

    @Test func `kill -9 in the middle of a line accuses nobody`() throws {
        let scratch = try DaemonScratch()
        let wrapper = try scratch.preload(Self.library, ["FAULT=SIGKILL"])
        try scratch.append(
            [Self.line(1), Self.line(2, domain: "poison-\u{e4}.example")], to: "a.ndjson")
        for _ in 0..<3 { #expect(try scratch.once(wrapper: wrapper).code == 137) }
        #expect(try scratch.once().code == 0)
        #expect(scratch.number("SELECT sum(applied) FROM sources") == 2)
    }
}
