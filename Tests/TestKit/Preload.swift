import Foundation

extension DaemonScratch {
    /// What starts a program with some functions of its libraries replaced: nothing in the program is
    /// made for it.
    ///
    /// - Parameters:
    ///   - source: Functions in C; what they replace is found by `dlsym(RTLD_NEXT, ...)`.
    ///   - definitions: As for the compiler: `NAME=value`.
    public func preload(_ source: String, _ definitions: [String] = []) throws -> [String] {
        let path = directory.appending(path: "preload-\(UUID().uuidString.prefix(8))").path
        try Data(source.utf8).write(to: URL(filePath: path + ".c"))
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/cc")
        compiler.arguments =
            ["-shared", "-fPIC", "-D_GNU_SOURCE"] + definitions.map { "-D" + $0 }
            + ["-o", path + ".so", path + ".c", "-ldl"]
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw DaemonError(talk: "cc \(path).c") }
        return ["/usr/bin/env", "LD_PRELOAD=" + path + ".so"]
    }
}
