import Core
import TestKit
import Testing

@testable import Ingest

@Suite struct CSVDecoderTests {
    private func decoder(_ change: (inout FieldLayout) -> Void = { _ in }) -> CSVDecoder {
        var layout = FieldLayout()
        layout.type = "purchase"
        layout.fields = [.ts: ["at"], .email: ["E-Mail"], .value: ["sum"]]
        layout.traits = ["note": ["note"]]
        change(&layout)
        return CSVDecoder(layout)
    }

    private func read(_ lines: [String], _ decoder: CSVDecoder) -> [Decoded] {
        decoder.begin(stream: 1, head: [], offset: 0)
        return lines.flatMap { decodeAll($0, with: decoder) }
    }

    private let header = "at,E-Mail,sum,note"

    @Test func `the first line names the columns, in any order`() {
        let found = read(["sum,at,x,E-Mail,note", "1.5,2026-09-14,,a@b.example,hi"], decoder())
        #expect(found.map(\.verdict) == [.header, nil])
        #expect(found[1].value == 15_000 && found[1]["email"] == "a@b.example")
        #expect(found[1].traits == [["note", #""hi""#]] && found[1]["type"] == "purchase")
    }

    @Test func `cells may be quoted`() {
        let line = #""2026-09-14","a@b.example","2","say ""hi"", \ you""#
        #expect(read([header, line], decoder())[1].traits == [["note", #""say \"hi\", \\ you""#]])
        let tab = decoder { $0.delimiter = 9 }
        let found = read(["at\tE-Mail\tsum\tnote", "2026-09-14\ta@b.example\t\t\"\"\r"], tab)
        #expect(found[1].verdict == nil && found[1].traits.isEmpty && found[1].value == 0)
    }

    @Test func `zeros are no line, and nothing is a blank one`() {
        let found = read([header, "\0\0", "", " \r"], decoder())
        #expect(found.map(\.verdict) == [.header, .nul, .blank, .blank])
    }

    @Test(arguments: [
        "2026-09-14,a@b.example,1", "2026-09-14,a@b.example,1,x,y", #"2026-09-14,a@b.example,1,"x"#,
        #"2026-09-14,a@b.example,1,"x"y"#, #"2026-09-14,a@b.example,1,x"y"#, "x",
    ])
    func `lines that are not like the header are quarantined`(line: String) {
        let decoder = decoder()
        #expect(read([header, line], decoder)[1].verdict == .format)
        let why = line.withSlice { decoder.explain($0, .format) }
        #expect(why != nil)
    }

    @Test(arguments: [
        ("2026-09-14", 1_789_344_000_000 - 7_200_000), ("2026-09-14 10:21", 1_789_374_060_000),
        ("2026-09-14 10:21:07", 1_789_374_067_000), ("2026-09-14T10:21:07.5", 1_789_374_067_500),
        ("2026-09-14T08:21:07Z", 1_789_374_067_000), ("1789374067", 1_789_374_067_000),
        ("1789374067123", 1_789_374_067_123),
    ])
    func `times without a zone are of the configured one`(text: String, at: Int64) {
        let found = read(
            [header, "\(text),a@b.example,1,"],
            decoder { $0.zone = FixedZone(offsetMinutes: 120) })
        #expect(found[1].verdict == nil && found[1].at == at)
    }

    @Test(arguments: [
        "", "14.09.2026", "2026-09-31", "2026-09-14 1:00", "2026-09-14 10:21:7", "2026-09-14x",
        "2026-09-14 25:00", "2026-09-14 10:21:07.",
    ])
    func `what is no time is quarantined`(text: String) {
        #expect(read([header, "\(text),a@b.example,1,"], decoder())[1].verdict == .time)
    }

    @Test func `columns may be stated, and a header is then recognised`() {
        let stated = decoder { $0.columns = ["at", "E-Mail", "sum", "note"] }
        let found = read([header, "2026-09-14,a@b.example,1,"], stated)
        #expect(found.map(\.verdict) == [.header, nil])
        #expect(read(["2026-09-14,a@b.example,1,"], stated)[0].verdict == nil)
    }

    @Test func `columns with our names need no mapping`() {
        let plain = CSVDecoder(FieldLayout())
        let found = read(["ts,type,cookie,x", "2026-09-14T00:00:00Z,visit,c,y"], plain)
        #expect(found[1]["cookie"] == "c" && found[1]["type"] == "visit")
    }

    @Test func `in the middle of a file the header is that of its beginning`() {
        let decoder = decoder()
        let head = Array((header + "\n2026").utf8)
        decoder.begin(stream: 1, head: head, offset: 50)
        let line = "2026-09-14,a@b.example,1,"
        #expect(decodeAll(line, with: decoder)[0].verdict == nil)
        decoder.begin(stream: 2, head: [], offset: 0)
        #expect(decodeAll("E-Mail,at,sum,note", with: decoder)[0].verdict == .header)
        #expect(decodeAll("a@b.example,2026-09-14,1,", with: decoder)[0].verdict == nil)
        decoder.begin(stream: 1, head: head, offset: 80)
        #expect(decodeAll(line, with: decoder)[0].verdict == nil)
        decoder.begin(stream: 3, head: [UInt8](repeating: 0x61, count: 1024), offset: 5000)
        #expect(decodeAll(line, with: decoder)[0].verdict == .format)
        decoder.begin(stream: 4, head: [0xEF, 0xBB, 0xBF], offset: 3)
        #expect(decodeAll(header, with: decoder)[0].verdict == .header)
    }

    @Test func `a header without the time makes every line unusable, and says so`() {
        let decoder = decoder()
        let found = read(["date,E-Mail", "2026-09-14,a@b.example"], decoder)
        #expect(found.map(\.verdict) == [.format, .format])
        #expect(header.withSlice { decoder.explain($0, .format) }?.contains("'at'") == true)
    }

    @Test func `the same column may be many traits, of bytes that all need escapes`() {
        let decoder = decoder {
            for number in 0..<20 { $0.traits["t\(number)"] = ["note"] }
        }
        let line = "2026-09-14,,1," + "x" + String(repeating: "\u{1}", count: 150) + "x"
        #expect(read([header, line], decoder)[1].traits.count == 21)
    }
}
