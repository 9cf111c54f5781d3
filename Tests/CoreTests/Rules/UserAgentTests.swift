import Core
import TestKit
import Testing

@Suite("User agents")
struct UserAgentTests {
    private static let machines: [(String, OriginRule)] = [
        // As their operators document them.
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            OriginRule.crawler
        ),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", .crawler),
        ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", .crawler),
        (
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            .crawler
        ),
        ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", .crawler),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", .crawler),
        (
            "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
            .crawler
        ),
        ("ia_archiver (+http://www.alexa.com/site/help/webmasters)", .crawler),
        ("Mediapartners-Google", .crawler),
        ("AdsBot-Google (+http://www.google.com/adsbot.html)", .crawler),
        (
            "\(phone)like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            .crawler
        ),
        ("\(chrome)like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", .crawler),
        ("SomethingNobodyKnowsYetBot/0.1", .crawler), ("my crawler", .crawler),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", .preview),
        ("WhatsApp/2.23.20.0", .preview),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", .preview),
        ("\(chrome)like Gecko) BingPreview/1.0b", .preview),
        ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", .monitor),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", .monitor),
        ("check_http/v2.3.3 (monitoring-plugins 2.3.3)", .monitor),
        ("W3C_Validator/1.3 http://validator.w3.org/services", .monitor),
        ("\(chrome)like Gecko) Chrome/120.0.0.0 Safari/537.36 Chrome-Lighthouse", .monitor),
        ("\(chrome)like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36", .headless),
        (
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
            .headless
        ),
        ("curl/8.5.0", .library), ("Wget/1.21.4", .library), ("python-requests/2.31.0", .library),
        ("Python/3.11 aiohttp/3.9.1", .library), ("Go-http-client/2.0", .library),
        ("Java/17.0.9", .library), ("okhttp/4.12.0", .library), ("axios/1.6.7", .library),
        ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", .library),
        ("libwww-perl/6.72", .library), ("GuzzleHttp/7", .library), ("Ruby", .library),
        ("Apache-HttpClient/4.5.14 (Java/17.0.9)", .library), ("PostmanRuntime/7.36.1", .library),
        ("Mozilla/5.0", .prefetch),
        (
            "\(chrome)like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
            .prefetch
        ),
        ("TestTool/1.0", .nameless), ("x1", .nameless),
    ]

    private static let people: [String] = [
        "\(chrome)like Gecko) Chrome/128.0.0.0 Safari/537.36",
        "\(chrome)like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0",
        "\(chrome)like Gecko) Chrome/127.0.0.0 Safari/537.36 OPR/113.0.0.0",
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "\(phone)like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 7.0; CUBOT X18 Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/71.0.3578.99 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.64 Mobile Safari/537.36",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
        "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.2 (like Gecko)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; en) Presto/2.12.423 Version/12.16",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.13.0",
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
        "Lynx/2.9.0 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8", "w3m/0.5.3+git20230121",
        "\(phone)like Gecko) Version/4.0 Chrome/128.0.0.0 Mobile Safari/537.36 Instagram 344.0.0.40.97 Android (34/14; 420dpi)",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "ShopApp/3.2", "shop-app/1.0 okhttp/4.12.0",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ]

    private static func rule(_ text: String) -> OriginRule {
        text.withSlice { UserAgent.rule(for: $0) }
    }

    private static let chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
    private static let phone =
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, "

    @Test(arguments: machines)
    func `machines are known by what they say`(text: String, rule: OriginRule) {
        #expect(Self.rule(text) == rule)
        #expect(rule.origin == .machine)
        #expect(Self.rule(text.uppercased()).origin == .machine || text == "Mozilla/5.0")
    }

    @Test(arguments: people)
    func `people are not taken for machines`(text: String) {
        #expect(Self.rule(text).origin == .human)
    }

    @Test func `a picture fetched by the provider for a reader is a person's`() {
        #expect(Self.rule("Mozilla/5.0 (via ggpht.com GoogleImageProxy)") == .proxy)
    }

    @Test func `what says nothing is unknown`() {
        for text in ["", " ", "-", "\t"] { #expect(Self.rule(text) == .none) }
        // One byte more than Apple's and it is another.
        #expect(Self.rule("Mozilla/5.00") != .prefetch)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `any bytes have a rule`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0...4096, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        let rule = unsafe bytes.withUnsafeBufferPointer {
            UserAgent.rule(for: unsafe ByteSlice($0))
        }
        #expect(OriginRule.allCases.contains(rule), "seed \(seed)")
    }

    @Test func `every rule has a word and an explanation of its own`() {
        let names = Set(OriginRule.allCases.map(\.name))
        let texts = Set(OriginRule.allCases.map(\.explanation))
        #expect(names.count == OriginRule.allCases.count)
        #expect(texts.count == OriginRule.allCases.count)
    }
}
