public import Core
import Foundation
public import Ingest

/// A source of each format with lines for it: those of etc/examples, and hostile ones.
public struct FormatFixture: Sendable, CustomStringConvertible {
    /// What it is called.
    public let name: String
    /// The source.
    public let source: SourceDefinition
    /// Lines of its log.
    public let lines: [[UInt8]]

    /// Its name.
    public var description: String { name }

    /// A decoder that has seen nothing.
    public func decoder() -> any LineDecoder {
        guard let format = LogFormat.named(source.format) else {
            preconditionFailure("no format \(source.format)")
        }
        return format.makeDecoder(source)
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The corpus: a file of lines, and the bytes that no file of text should hold.
    private static func lines(_ path: String) -> [[UInt8]] {
        let data = (try? Data(contentsOf: root.appending(path: path))) ?? Data()
        precondition(!data.isEmpty, "\(path) is missing")
        return data.split(separator: 0x0A).map { Array($0) }
    }

    /// Lines that are right for nobody.
    public static let hostile: [[UInt8]] =
        lines("Tests/Fixtures/hostile/formats.txt") + [
            [], [0], [0xFF, 0xFE], [0xEF, 0xBB, 0xBF], [UInt8](repeating: 0x22, count: 300),
            [UInt8](repeating: 0x5B, count: 300), [UInt8](repeating: 0x5C, count: 300),
            Array((0...255).filter { $0 != 0x0A }),
        ]

    private static let routes = [
        Route(
            path: Glob("/c/*"), methods: ["GET"], type: "click",
            takes: [
                .email: "$arg_e", .message: "$arg_m", .url: "$arg_u", .campaign: "$arg_k",
                .id: "$arg_s",
            ]),
        Route(path: Glob("/static/*"), type: "asset"),
        Route(
            path: Glob("*"), statuses: [200, 302], type: "visit",
            takes: [.customerID: "$remote_user", .value: "$arg_v"]),
    ]

    private static func access(_ name: String, _ format: String, _ file: String) -> FormatFixture {
        let signature = LinkSignature(
            parameter: "s", keyFile: "/k", key: Array("0123456789abcdef".utf8), over: ["e", "m"])
        let layout = AccessLayout(logFormat: format, routes: routes, signature: signature)
        return FormatFixture(
            name: name,
            source: SourceDefinition(
                name: name, paths: ["/log/*.log"], format: "access", trust: .low,
                layout: .access(layout)), lines: lines(file))
    }

    private static func fields(
        _ name: String, _ format: String, _ file: String, _ change: (inout FieldLayout) -> Void
    ) -> FormatFixture {
        var layout = FieldLayout()
        change(&layout)
        return FormatFixture(
            name: name,
            source: SourceDefinition(
                name: name, paths: ["/log/*.log"], format: format, layout: .fields(layout)),
            lines: lines(file))
    }

    /// One for each way to read a line.
    public static let all: [FormatFixture] = [
        access(
            "nginx",
            "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
                + "\"$http_referer\" \"$http_user_agent\" \"$cookie_sid\" $request_id",
            "etc/examples/nginx.log"),
        access(
            "apache",
            #"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" \"%{sid}C\""#,
            "etc/examples/apache.log"),
        access(
            "json access",
            #"escape=json {"t":"$time_iso8601","r":"$request","s":$status,"u":"$remote_user"}"#,
            "Tests/Fixtures/logs/access-json.log"),
        fields("webhook", "json", "etc/examples/sendgrid.log") {
            $0.unwrap = ["/body"]
            $0.each = [""]
            $0.fields = [
                .ts: ["/timestamp"], .type: ["/event"], .email: ["/email"], .id: ["/sg_event_id"],
                .status: ["/status"], .bounce: ["/type"], .campaign: ["/category/0"],
                .origin: ["/sg_machine_open"], .url: ["/url"], .value: ["/value"],
            ]
            $0.types = ["click": TypeMeaning(type: "click"), "bounce": TypeMeaning(type: "bounce")]
            $0.values = [.bounce: ["blocked": "block"], .origin: ["true": "machine"]]
            $0.traitObjects = ["/traits"]
        },
        fields("orders", "csv", "Tests/Fixtures/logs/orders.csv") {
            $0.type = "purchase"
            $0.delimiter = 0x3B
            $0.fields = [
                .ts: ["ordered"], .id: ["order"], .customerID: ["customer"], .email: ["mail"],
                .value: ["total"],
            ]
            $0.traits = ["industry": ["branch"], "twice": ["branch"]]
        },
        FormatFixture(
            name: "events", source: SourceDefinition(name: "events", paths: ["/log/*.log"]),
            lines: lines("Tests/Fixtures/logs/events.ndjson")),
        FormatFixture(
            name: "postfix",
            source: SourceDefinition(name: "postfix", paths: ["/log/*.log"], format: "postfix"),
            lines: lines("etc/examples/postfix.log")),
    ]
}
