/// Domains where anybody can have a mailbox, so that sharing one says nothing: they are no accounts.
///
/// The large providers, from common knowledge of who offers free mailboxes; a missing one shows up as
/// an account with strikingly many contacts.
public enum FreeMail {
    /// Whether a domain, in lower case, is a provider of free mailboxes.
    ///
    /// - Complexity: O(log domains), without an allocation.
    public static func isProvider(_ domain: ByteSlice) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            switch compare(sorted[middle], domain) {
            case 0: return true
            case ..<0: low = middle + 1
            default: high = middle
            }
        }
        return false
    }

    /// Less than 0 if `left` comes first.
    private static func compare(_ left: [UInt8], _ right: ByteSlice) -> Int {
        for place in 0..<min(left.count, right.count) where left[place] != right[place] {
            return Int(left[place]) - Int(right[place])
        }
        return left.count - right.count
    }

    private static let sorted = domains.map { Array($0.utf8) }
        .sorted { $0.lexicographicallyPrecedes($1) }

    /// The domains.
    public static let domains = [
        "126.com", "139.com", "163.com", "abv.bg", "aol.com", "arcor.de", "att.net", "bigpond.com",
        "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com", "caramail.com", "centrum.cz",
        "comcast.net", "cox.net", "daum.net", "email.cz", "email.de", "fastmail.com", "foxmail.com",
        "free.fr", "freemail.hu", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com",
        "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hey.com", "hotmail.co.uk",
        "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it", "hushmail.com",
        "icloud.com", "inbox.lv", "inbox.ru", "interia.pl", "iol.pt", "laposte.net", "libero.it",
        "list.ru", "live.co.uk", "live.com", "live.de", "live.fr", "live.nl", "mac.com",
        "mail.bg", "mail.com", "mail.ee", "mail.ru", "mailbox.org", "me.com", "msn.com",
        "naver.com", "o2.pl", "onet.pl", "online.de", "orange.fr", "outlook.com", "outlook.de",
        "outlook.fr", "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rambler.ru",
        "rediffmail.com", "rocketmail.com", "sapo.pt", "sbcglobal.net", "seznam.cz", "sfr.fr",
        "sina.com", "sky.com", "sohu.com", "t-online.de", "telenet.be", "terra.com.br",
        "tiscali.it", "tutanota.com", "ukr.net", "uol.com.br", "verizon.net", "virgilio.it",
        "virginmedia.com", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "yahoo.ca", "yahoo.co.in",
        "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es",
        "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "yeah.net", "ymail.com", "zoho.com",
    ]
}
