/// The words by which user agents are told apart.
///
/// General words first and few names: what comes up next year shall be known too.
enum UserAgentPhrases {
    /// The rules that a word decides, in the order in which they are believed.
    static let rules: [OriginRule] = [
        .proxy, .prefetch, .headless, .monitor, .preview, .library, .crawler,
    ]

    static let compatibleBit: UInt32 = 1 << 7
    static let oldBrowserBit: UInt32 = 1 << 8
    static let systemBit: UInt32 = 1 << 9

    static let matcher = PhraseMatcher([
        proxies, prefetchers, headless, monitors, previews, libraries, crawlers, compatible,
        oldBrowsers, systems,
    ])

    /// A person looks, and the provider fetches the pictures.
    private static let proxies = ["googleimageproxy", "yahoomailproxy"]

    /// Gmail fetches some mails at once, as a browser that nobody has used since 2015.
    private static let prefetchers = ["chrome/42.0.2311.135 safari/537.36 edge/12.246"]

    private static let headless = [
        "headless", "phantomjs", "slimerjs", "puppeteer", "playwright", "selenium", "webdriver",
        "cypress", "htmlunit", "prerender", "splash/", "jsdom", "zombie.js",
    ]

    private static let monitors = [
        "monitor", "uptime", "pingdom", "statuscake", "site24x7", "newrelic", "datadog", "nagios",
        "check_http", "zabbix", "lighthouse", "pagespeed", "page speed", "gtmetrix", "|ptst",
        "webpagetest", "speedcurve", "speed insights", "debugbear", "healthcheck", "health check",
        "health-check", "kube-probe", "elb-health", "updown.io", "alertsite", "dynatrace",
        "synthetic", "|probe|", "validator", "w3c_", "checker", "linkcheck", "link check",
        "dareboost", "catchpoint", "keynote", "gomez", "neustar", "ghost inspector", "functionize",
    ]

    private static let previews = [
        "preview", "externalhit", "externalua", "facebookcatalog", "^whatsapp/", "embedly",
        "iframely", "snippet", "^slack", "flipboardproxy", "vkshare", "unfurl", "thumbnail",
        "screenshot", "thumbshots", "meta-external", "^pinterest/",
    ]

    private static let libraries = [
        "^curl", "libcurl", "pycurl", "^wget", "python", "urllib", "aiohttp", "httpx", "^java",
        "jakarta", "httpclient", "http-client", "http_client", "http client", "^okhttp", "^go-http",
        "golang", "libwww-perl", "|lwp|", "^perl", "^php", "guzzle", "^ruby", "|axios/",
        "node-fetch", "^node", "undici", "superagent", "postman", "winhttp", "powershell",
        "reqwest", "fasthttp", "mechanize", "^http", "^apache-", "httrack", "webzip",
        "webcopier", "teleport", "offline explorer", "wininet", "^microsoft-", "|siege/",
    ]

    /// `bot` is at the end of a name and not followed by a blank: there are telephones of that name.
    private static let crawlers = [
        "bot/", "bot;", "bot)", "bot,", "bot-", "bot:", "bot.", "bot+", "bot$", "bots|", "robot",
        "crawl", "spider", "slurp", "scrap", "fetch", "archive", "indexer", "harvest", "aggregator",
        "researchscan", "|scanner", "+http", "://", "www.", "mediapartners", "|google-",
        "google favicon", "googleweblight", "ask jeeves", "yahoo! ", "yahooseeker", "chatgpt",
        "|gpt", "openai", "claude", "anthropic", "perplexity", "mistralai", "bytedance", "-user/",
        "semrush", "ahrefs", "screaming frog", "sitecheck", "analyzer/", "classifier/", "|agent/",
        "|audit", "inspector", "translator", "transcoder", "netcraft", "favicon", "criteo",
        "doubleverify", "safebrowsing", "safe browsing", "proofpoint", "mimecast", "trendmicro",
        "symantec", "fortiguard", "virustotal", "urlscan", "|security|", "browsershots", "datanyze",
        "gmail.com", "(at)", "mixnode", "collector/", "measurement", ".com)", ".com/)", ".com;",
        ".com$", ".io)", "+https", "-agent", "scanning", "nutch", "select ", "/etc/passwd",
    ]

    /// Every crawler of the last decades begins with it, and no browser since Internet Explorer.
    private static let compatible = ["(compatible", " compatible;", ";compatible;"]

    /// Browsers of their time that called themselves compatible.
    private static let oldBrowsers = [
        "|msie", "konqueror", "|opera", "netfront", "|aol|", "iemobile", "omniweb", "|abrowse",
        "icab", "webtv", "galeon", "netpositive", "webpositive", "ibrowse", "amiga", "infinet",
        "brightsign", "hbbtv", "linux mips", "offbyone", "aweb",
    ]

    /// What a browser runs on, or who it is; a mail program too, and what calls itself an app.
    private static let systems = [
        "windows", "|win9", "win32", "win64", "macintosh", "mac os", "macos", "mac_powerpc",
        "iphone", "ipad", "ipod", "|ios|", "android", "linux", "x11", "cros|", "freebsd", "openbsd",
        "netbsd", "sunos", "symbian", "series60", "series40", "blackberry", "|bb10", "playbook",
        "kaios", "tizen", "webos", "web0s", "nokia", "samsung", "sonyericsson", "|lg-", "|lg/",
        "|sec-", "|mot-", "|sie-", "|zte", "|htc", "|alcatel", "huawei", "midp", "playstation",
        "nintendo", "xbox", "darwin", "cfnetwork", "dalvik", "harmony", "amiga", "haiku", "beos",
        "os/2", "palmos", "docomo", "kddi", "up.browser", "softbank", "vodafone", "opera",
        "smart-tv", "smarttv", "hbbtv", "appletv", "roku", "kindle", "firefox", "chrome", "safari",
        "vivaldi", "^lynx", "^links", "^elinks", "^w3m", "dillo", "netscape", "mosaic", "trident",
        "microsoft office", "outlook", "thunderbird", "airmail", "lotus-notes", "eudora",
        "applewebkit", "gecko/", "khtml", "playready", "ucweb", "|maemo", "openvms", "risc os",
        "cpu os", "|os x", "fban/", "ucbrowser", "quicktime", "watchos", "tvos", "viera",
        "whatsapp", "app/",
    ]
}
