import Core
import TestKit
import Testing

@testable import Store

@Suite struct RememberedTests {
    @Test func `what a format remembers is committed with the positions, and forgotten again`()
        throws
    {
        let scratch = try StateScratch()
        func entry(_ key: String, _ text: String?, _ at: Int64) -> RememberedText {
            RememberedText(key: Array(key.utf8), text: text.map { Array($0.utf8) }, at: at)
        }
        var checkpoint = Checkpoint()
        checkpoint.remembered = [
            ("mail", entry("A", "one", 1)), ("mail", entry("B", "two", 2)),
            ("other", entry("A", "else", 3)),
        ]
        _ = try scratch.store.commit(checkpoint, at: Instant(0))
        checkpoint.remembered = [("mail", entry("A", nil, 4)), ("mail", entry("B", "three", 5))]
        _ = try scratch.store.commit(checkpoint, at: Instant(0))
        #expect(try scratch.store.remembered(of: "mail") == [entry("B", "three", 5)])
        #expect(try scratch.store.remembered(of: "other") == [entry("A", "else", 3)])
        #expect(try scratch.store.remembered(of: "nobody") == [])
    }
}
