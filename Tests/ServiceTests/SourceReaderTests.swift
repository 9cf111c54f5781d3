import Core
import Foundation
import Testing

@testable import Service

/// How sources with a layout are read.
@Suite struct SourceReaderTests {
    private func told(_ source: String) -> [String] {
        let text = "sources:\n  - " + source.replacing("\n", with: "\n    ") + "\n"
        do throws(ConfigurationError) {
            return try Configuration.parse([("c", Array(text.utf8))]).warnings.map(\.description)
        } catch {
            return error.mistakes.map(\.description)
        }
    }

    private func access(_ rest: String) -> [String] {
        told("name: w\npaths: /w\nformat: access\n" + rest)
    }

    @Test func `access logs have low trust unless something else is said`() throws {
        let text = """
            sources:
              - {name: a, paths: /a, format: access, routes: [{path: "*", type: visit}]}
              - {name: b, paths: /b, format: access, trust: full, routes: [{path: "*", type: visit}]}
              - {name: c, paths: /c, format: csv}
            """
        let sources = try Configuration.parse([("c", Array(text.utf8))]).sources
        #expect(sources.map(\.trust) == [.low, .full, .full])
    }

    @Test(arguments: [
        ("log_format: combine\nroutes: [{path: \"*\", type: v}]", "holds no variable"),
        ("log_format: $remote_addr\nroutes: [{path: \"*\", type: v}]", "no complete time"),
        ("format_log: x\nroutes: [{path: \"*\", type: v}]", "unknown key 'format_log'"),
        ("routes: []", "lists no route"), ("", "has no 'routes'"),
        ("routes: [{type: v}]", "has no 'path'"), ("routes: [{path: /a}]", "has no 'type'"),
        ("routes: [{path: /a, type: Page View}]", "write page_view"),
        ("routes: [{path: /a, type: v, cookie: $cookie_sid}]", "Apache %{sid}C, nginx $cookie_sid"),
        ("routes: [{path: /a, type: v, cookie: sid}]", "is no variable"),
        ("routes: [{path: /a, type: v, status: 99}]", "100 to 599"),
        ("routes: [{path: /a, type: v, mail: $arg_e}]", "unknown key 'mail'"),
        ("fields: {ts: /t}\nroutes: [{path: /a, type: v}]", "has no meaning with format: access"),
        ("sign: {parameter: s, over: [a]}\nroutes: [{path: /a, type: v}]", "has no 'key_file'"),
        (
            "sign: {parameter: s, key_file: /none, over: [a]}\nroutes: [{path: /a, type: v}]",
            "/none cannot be read"
        ),
    ])
    func `mistakes about access logs are told`(rest: String, what: String) {
        let told = access(rest)
        #expect(told.contains { $0.contains(what) }, "\(told)")
    }

    @Test(arguments: [
        ("{path: \"/a*\", type: v}, {path: /ab, type: w}", "'/ab' never matches: '/a*' at c:5:14"),
        ("{path: \"*\", type: v, status: [200, 304]}, {path: /a, type: w, status: 304}", "never"),
        ("{path: /a?x, type: v}", "ends before '?'"), ("{path: a, type: v}", "write \"/a\""),
        ("{path: /a, type: v, method: get}", "write GET"),
    ])
    func `routes that can never match are warned of`(routes: String, what: String) {
        let told = access("routes: [\(routes)]")
        #expect(told.count == 1 && told[0].contains(what), "\(told)")
    }

    @Test(arguments: [
        "{path: /a, type: v, method: GET}, {path: /a, type: w}",
        "{path: /a, type: v, status: 200}, {path: /a, type: w, status: [200, 404]}",
        "{path: \"/a*\", type: v}, {path: \"/*\", type: w}",
    ])
    func `routes that can match are not`(routes: String) {
        #expect(access("routes: [\(routes)]") == [])
    }

    @Test func `what a signature does not cover is refused`() throws {
        let key = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: key) }
        func told(_ content: String, _ route: String, mode: Int = 0o600) throws -> [String] {
            try Data(content.utf8).write(to: key)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key.path)
            return access(
                "sign: {parameter: s, key_file: \(key.path), over: [e, m]}\n"
                    + "routes: [{path: /a, type: v, \(route)}]")
        }
        let good = String(repeating: "k", count: 32) + "\n"
        #expect(try told(good, "email: $arg_E") == [])
        #expect(try told(good, "cookie: $arg_c, id: $arg_i") == [])
        #expect(try told(good, "email: $arg_e, customer_id: $remote_user") == [])
        #expect(try told(good, "customer_id: $arg_c")[0].contains("does not cover"))
        #expect(try told("short\n", "email: $arg_e")[0].contains("openssl rand"))
        #expect(try told(good, "email: $arg_e", mode: 0o604)[0].contains("chmod o="))
    }

    @Test(arguments: [
        ("json", "", "has no 'fields'"),
        ("json", "fields: {ts: t, type: /k, email: /e}", "write '/t'"),
        ("json", "fields: {type: /k, email: /e}", "where 'ts' stands"),
        ("json", "fields: {ts: /t, email: /e}", "where 'type' stands"),
        ("json", "fields: {ts: /t, type: /k}", "does not say who"),
        ("json", "fields: {ts: /t, typ: /k, email: /e}", "did you mean 'type'?"),
        ("json", "fields: {ts: /t, type: /k, email: /e}\ntypes: {a: B C}", "write b_c"),
        ("json", "fields: {ts: /t, type: /k, email: /e}\ntypes: [a]", "must be a mapping"),
        ("json", "fields: {ts: /t, type: /k, email: /e}\nvalues: {bounce: {a: heavy}}", "class of"),
        (
            "json", "fields: {ts: /t, type: /k, email: /e}\nvalues: {bounces: {a: b}}",
            "did you mean"
        ),
        ("json", "fields: {ts: /t, type: /k, email: /e}\ncolumns: [a]", "no meaning with"),
        ("json", "preset: sendgird", "did you mean 'sendgrid'?"),
        ("csv", "fields: {ts: t, email: e}", "where 'type' stands"),
        (
            "csv", "columns: [t, mail]\ntype: v\nfields: {ts: t, email: male}",
            "write one of t or mail"
        ),
        ("csv", "delimiter: x", "'delimiter' is 'x'"), ("csv", "routes: []", "format: access"),
        ("csv", "columns: [ts, emial]\ntype: v", "does not say who"),
        ("events", "fields: {ts: /t}", "write format: csv or json"),
    ])
    func `mistakes about fields are told`(format: String, rest: String, what: String) {
        let told = told("name: w\npaths: /w\nformat: \(format)\n" + rest)
        #expect(told.contains { $0.contains(what) }, "\(told)")
    }

    @Test func `a preset beside the configuration wins over the shipped one`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let presets = folder.appending(path: "presets")
        try FileManager.default.createDirectory(at: presets, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "c.yaml")
        try Data("sources: [{name: s, paths: /s, preset: ses}]".utf8).write(to: file)
        func layout() throws -> SourceDefinition {
            try Configuration.load(path: file.path).sources[0]
        }
        #expect(try layout().format == "json")
        try Data("format: csv\ntype: visit\nfields: {ts: a, email: b}\n".utf8)
            .write(to: presets.appending(path: "ses.yaml"))
        #expect(try layout().format == "csv")
        try Data("formt: csv\n".utf8).write(to: presets.appending(path: "ses.yaml"))
        do {
            _ = try layout()
            Issue.record("a wrong preset passed")
        } catch {
            #expect("\(error)".contains("presets/ses.yaml:1:1: unknown key 'formt'"))
        }
    }

    @Test func `every word of a layout is in the hash`() throws {
        func hash(_ rest: String) throws -> String {
            let text = "sources: [{name: s, paths: /s, \(rest)}]"
            return try Configuration.parse([("c", Array(text.utf8))]).hash
        }
        let variants = [
            #"format: access, routes: [{path: "*", type: v}]"#,
            #"format: access, routes: [{path: "/*", type: v}]"#,
            #"format: access, routes: [{path: "*", type: w}]"#,
            #"format: access, routes: [{path: "*", type: v, method: GET}]"#,
            #"format: access, routes: [{path: "*", type: v, status: 200}]"#,
            #"format: access, routes: [{path: "*", type: v, email: $arg_e}]"#,
            #"format: access, log_format: common, routes: [{path: "*", type: v}]"#,
            "format: csv", "format: csv, delimiter: ;", "format: csv, columns: [ts, type, email]",
            "format: csv, type: v", "preset: sendgrid", "preset: sendgrid, types: {processed: x}",
            "preset: sendgrid, values: {bounce: {expired: soft}}", "preset: sendgrid, each: /x",
            "preset: sendgrid, unwrap: /x", "preset: sendgrid, fields: {id: /x}",
            "preset: sendgrid, fields: {traits: /x}", "preset: sendgrid, fields: {traits: {a: /x}}",
        ]
        let hashes = try variants.map(hash)
        #expect(Set(hashes).count == variants.count)
    }
}
