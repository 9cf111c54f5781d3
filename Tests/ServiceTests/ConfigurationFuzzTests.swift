import Foundation
import Testing

@testable import Service

/// SplitMix64, so that a seed gives the same run everywhere.
///
/// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite struct ConfigurationFuzzTests {
    /// Pieces that mean something to YAML or to the configuration.
    private static let pieces = [
        "*", "&a ", "*a", "!", "!!int ", "|", ">", "- ", ": ", "? ", "{", "}", "[", "]", ",", "#",
        " #", "\t", "\r", "\r\n", "\n", "\n\n", "---\n", "...\n", "%YAML 1.1\n", "\"", "'", "\\",
        "\u{0}", "\u{85}", "\u{2028}", "\u{E000}", "\u{FEFF}", "é", "<<: ", "~", "null", "1e999",
        "-9223372036854775809", "nan", "0x7f", "14d", "99999999999999999999w", "name: name", ",,",
    ].map { Array($0.utf8) }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 0...40, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: bytes.removeSubrange(place...)
        case 4:
            let other = Int.random(in: 0...bytes.count, using: &random)
            bytes.insert(contentsOf: bytes[place..<end], at: other)
        default: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
        }
    }

    /// Mostly some lines, so that mutations are not lost among many; now and then all of them.
    private static func part(of lines: [[UInt8]], _ random: inout Random) -> [UInt8] {
        if Int.random(in: 0..<8, using: &random) == 0 {
            return Array(lines.joined(separator: [0x0A]))
        }
        let from = Int.random(in: 0..<lines.count, using: &random)
        let to = min(lines.count, from + Int.random(in: 1...40, using: &random))
        let list = ["signals:", "fit:", "segments:"].randomElement(using: &random) ?? ""
        return Array("sources: [{name: e, paths: /e}]\n\(list)\n".utf8)
            + lines[from..<to].joined(separator: [0x0A])
    }

    @Test func `a damaged file gives a configuration or mistakes with places, never a trap`() throws
    {
        let given = ProcessInfo.processInfo.environment["LEADSCORED_SEED"]
        let seed = given.flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        print("ConfigurationFuzzTests seed \(seed)")
        var random = Random(state: seed)
        let file = [UInt8](try Data(contentsOf: defaultFile))
        let lines = file.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        var (usable, refused) = (0, 0)
        let deadline = ContinuousClock.now + .seconds(20)
        for _ in 0..<1_000 where ContinuousClock.now < deadline {
            var bytes = Self.part(of: lines, &random)
            for _ in 0..<Int.random(in: 0...4, using: &random) { Self.mutate(&bytes, &random) }
            do {
                _ = try Configuration.parse([("f.yaml", bytes)])
                usable += 1
            } catch {
                refused += 1
                let count = bytes.count { $0 == 0x0A || $0 == 0x0D || $0 > 0x7F } + 2
                #expect(
                    error.mistakes.allSatisfy {
                        $0.line >= 1 && $0.line <= count && $0.column >= 1 && !$0.what.isEmpty
                            && !$0.remedy.isEmpty && !$0.description.contains("\n")
                    }, "seed \(seed): \(error)")
            }
        }
        #expect(refused > 0, "seed \(seed): \(usable) usable")
    }
}
