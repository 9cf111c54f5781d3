extension MistakeCase {
    /// Single values that are wrong, and sources.
    ///
    /// Written as `MistakeCase.parse` reads it. The order of `=>` lines is that of the messages.
    static let values = parse(
        #"""
        ## zones, durations and codes of every kind
        BASE
        mql: .nan
        half_life: 14
        retention: 12h
        currency: eur
        dedupe_window: 1h
        dedupe_max: 5_000_000
        time_zone: Europe/Berlin
        rfm: purchase
        => 2:6: 'mql' is '.nan', not a number; write a number, such as mql: 60
        => 3:12: 'half_life' is '14', not a duration; write 14d, or none for what never fades
        => 4:12: 'retention' is '12h', not a number of whole days; write 1d
        => 5:11: 'currency' is 'eur', not a code of ISO 4217; write EUR
        => 6:16: 'dedupe_window' is '1h', not a number of whole days; write 1d
        => 7:13: 'dedupe_max' is '5_000_000', not a whole number; write a whole number, such as 5000000
        => 8:12: 'time_zone' is 'Europe/Berlin', not UTC or ±HH:MM; write the offset without summer time, such as "+01:00"; days begin at the same instant all year
        => 9:6: 'rfm' must be a mapping, not 'purchase'; write keys and values, such as {purchase: purchase, recency: [365, 180, 90, 30]}
        ## units written out
        BASE
        mql: 0
        half_life: 14 days
        retention: 1y
        currency: Euro
        dedupe_window: 0d
        dedupe_max: 0
        time_zone: +0100
        rfm: {purchase: purchases}
        => 2:6: 'mql' is '0', not above 0; write a number above 0, such as mql: 60
        => 3:12: 'half_life' is '14 days', not a duration; write 14d, or none for what never fades
        => 4:12: 'retention' is '1y', not a duration; write 365d
        => 5:11: 'currency' is 'Euro', not a code of ISO 4217; write three capital letters, such as EUR
        => 6:16: 'dedupe_window' is '0d', which is too short; write a duration from 1h to 36500d
        => 7:13: 'dedupe_max' is '0', which is too small; write a whole number from 1 to 1000000000
        => 8:12: 'time_zone' is '+0100', not UTC or ±HH:MM; write "+01:00"
        => 9:17: there is no signal 'purchases'; did you mean 'purchase'?
        ## signs and fractions
        BASE
        mql: -5
        half_life: 0d
        retention: 1.5d
        currency: €
        dedupe_window: none
        dedupe_max: 5M
        time_zone: +25:00
        rfm: {}
        => 2:6: 'mql' is '-5', not above 0; write a number above 0, such as mql: 60
        => 3:12: 'half_life' is '0d', which is too short; write a duration from 1h to 36500d, or none for what never fades
        => 4:12: 'retention' is '1.5d', not a duration; write 36h
        => 5:11: 'currency' is '€', not a code of ISO 4217; write three capital letters, such as EUR
        => 6:16: 'dedupe_window' is 'none', not a duration; write a number with h, d or w, such as dedupe_window: 7d
        => 7:13: 'dedupe_max' is '5M', not a whole number; write a whole number, such as dedupe_max: 5000000
        => 8:12: 'time_zone' is '+25:00', not UTC or ±HH:MM; write an offset such as "+01:00"
        => 9:6: 'rfm' has no 'purchase'; add one, such as purchase: purchase
        ## too large, and of the wrong kind
        BASE
        mql: 0x10
        half_life: 99999999999999999999d
        retention: 100000d
        currency: [EUR]
        dedupe_window: -7d
        dedupe_max: 9999999999999999999999
        time_zone: 1
        rfm: {purchase: order, edges: [1]}
        => 2:6: 'mql' is '0x10', not a number; write a number, such as mql: 60
        => 3:12: 'half_life' is '99999999999999999999d', which is too long; write a duration from 1h to 36500d, or none for what never fades
        => 4:12: 'retention' is '100000d', which is too long; write a duration from 1h to 36500d
        => 5:11: 'currency' is a list, not a currency; write a currency, such as currency: EUR
        => 6:16: 'dedupe_window' is '-7d', not a duration; write a number with h, d or w, such as dedupe_window: 7d
        => 7:13: 'dedupe_max' is '9999999999999999999999', which is too large; write a whole number from 1 to 1000000000
        => 8:12: 'time_zone' is '1', not UTC or ±HH:MM; write "+01:00"
        => 9:17: there is no signal 'order'; write the name of a signal, such as purchase: purchase
        => 9:24: unknown key 'edges' in 'rfm'; the keys of a mapping for rfm are purchase, recency, frequency and money
        ## commas, minutes and exponents
        BASE
        mql: "60,5"
        half_life: 90m
        time_zone: gmt
        dedupe_max: 1e3
        retention: 2 weeks
        => 2:6: 'mql' is '60,5', not a number; write 60.5
        => 3:12: 'half_life' is '90m', not a duration; write a number with h, d or w, such as half_life: 14d, or none for what never fades
        => 4:12: 'time_zone' is 'gmt', not UTC or ±HH:MM; write UTC
        => 5:13: 'dedupe_max' is '1e3', not a whole number; write a whole number, such as 1000
        => 6:12: 'retention' is '2 weeks', not a duration; write 14d
        ## empty values
        BASE
        mql:
        half_life: ""
        time_zone: {}
        dedupe_max: ~
        rfm:
        => 2:1: 'mql' has no value; write a number, such as mql: 60
        => 3:12: 'half_life' is '', not a duration; write a number with h, d or w, such as half_life: 14d, or none for what never fades
        => 4:12: 'time_zone' is a mapping, not an offset; write an offset, such as time_zone: "+00:00"
        => 5:13: 'dedupe_max' is '~', not a whole number; write a whole number, such as dedupe_max: 5000000
        => 6:5: 'rfm' must be a mapping, not empty; write keys and values, such as {purchase: purchase, recency: [365, 180, 90, 30]}
        ## rules about machines
        BASE
        machines:
          honeypot: ["*", "", {a: b}]
          same_second: 1
          sweep_links: many
          sweep_share: 101
          page_hits: [5]
          robots: true
          sweep: 3
        => 3:14: 'honeypot' is '*', which is every link; write the links that nobody sees, such as honeypot: "/c/trap*"
        => 3:19: 'honeypot' is '', which is no link; write the links that nobody sees, such as honeypot: "/c/trap*"
        => 3:23: 'honeypot' is a mapping, not a pattern; write a pattern, such as honeypot: "/c/trap*"
        => 4:16: 'same_second' is '1', which is too small; write a whole number from 2 to 16
        => 5:16: 'sweep_links' is 'many', not a whole number or off; write a number from 2 to 16, such as sweep_links: 5
        => 6:16: 'sweep_share' is '101', which is too large; write a whole number from 1 to 100
        => 7:14: 'page_hits' is a list, not a whole number or off; write a whole number or off, such as page_hits: 150
        => 8:11: 'robots' is 'true', not on or off; write on or off
        => 9:3: unknown key 'sweep' in 'machines'; the keys of a mapping for machines are honeypot, same_second, sweep_links, sweep_share, page_hits and robots
        ## rules about machines, not as a mapping
        BASE
        machines: off
        => 2:11: 'machines' must be a mapping, not 'off'; write keys and values, such as {honeypot: "/c/trap*", same_second: 2}
        ## infinite
        BASE
        mql: inf
        => 2:6: 'mql' is 'inf', not a number; write a number, such as mql: 60
        ## too large
        BASE
        mql: 1e9
        => 2:6: 'mql' is '1e9', which is too large; write a number between -1000000 and 1000000
        ## line breaks in a value
        BASE
        mql: |
          6
          0
        => 2:6: 'mql' is '6\n0\n', not a number; write a number, such as mql: 60
        ## a value that is too long to show
        BASE
        mql: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        => 2:6: 'mql' is 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...', not a number; write a number, such as mql: 60
        ## names
        sources: [{name: E-1, paths: /e}, {name: 1e, paths: /f}, {paths: /g}, {name: , paths: /h}]
        => 1:18: 'name' is 'E-1', not a name; write e_1 (lower-case letters, digits and '_', beginning with a letter, 64 at most)
        => 1:42: 'name' is '1e', not a name; write lower-case letters, digits and '_', beginning with a letter, 64 at most, such as name: events
        => 1:58: a source has no 'name'; add one, such as name: events
        => 1:72: 'name' has no value; write a name, such as name: events
        ## names of other kinds
        sources: [{name: [a], paths: /i}, {name: "", paths: /j}, {name: "Ä", paths: /k}]
        => 1:18: 'name' is a list, not a name; write a name, such as name: events
        => 1:42: 'name' is '', not a name; write lower-case letters, digits and '_', beginning with a letter, 64 at most, such as name: events
        => 1:65: 'name' is 'Ä', not a name; write lower-case letters, digits and '_', beginning with a letter, 64 at most, such as name: events
        ## a name of 65 letters
        sources: [{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, paths: /i}]
        => 1:18: 'name' is 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...', not a name; write lower-case letters, digits and '_', beginning with a letter, 64 at most, such as name: events
        ## paths
        sources: [{name: e, paths: logs/*.ndjson}, {name: f, paths: /var/log/}, {name: g, paths: []}]
        => 1:28: path 'logs/*.ndjson' is not absolute; begin it with '/', such as paths: "/var/log/leadscored/*.ndjson"
        => 1:61: path '/var/log/' names a directory; write /var/log/*.ndjson
        => 1:90: 'paths' is an empty list; write a path, such as paths: "/var/log/leadscored/*.ndjson"
        ## paths of other kinds
        sources: [{name: h, paths: [/a, [/b]]}, {name: i, paths: }, {name: k, paths: [/x, ""]}]
        => 1:33: 'paths' is a list, not a path; write a path, such as paths: "/var/log/leadscored/*.ndjson"
        => 1:51: 'paths' has no value; write a path, such as paths: "/var/log/leadscored/*.ndjson"
        => 1:83: path '' is not absolute; begin it with '/', such as paths: "/var/log/leadscored/*.ndjson"
        ## one path for two sources
        sources: [{name: e, paths: /e}, {name: f, paths: [/e, /f, /f]}]
        => 1:40: source 'f' reads '/e', as source 'e' does; give each path to one source, once
        => 1:40: source 'f' reads '/f' twice; give each path to one source, once
        ## the key of a path
        sources: [{name: e, path: /e}]
        => 1:21: unknown key 'path' in a source; did you mean 'paths'?
        ## trust and format
        sources: [{name: e, paths: /e, trust: none, format: event}]
        => 1:39: 'trust' is 'none', not a known trust; write full or low
        => 1:53: 'format' is 'event', not a known format; did you mean 'events'?
        ## a trust that is nearly right
        sources: [{name: e, paths: /e, trust: Full, format: access_log}]
        => 1:39: 'trust' is 'Full', not a known trust; did you mean 'full'?
        => 1:53: 'format' is 'access_log', not a known format; write events, access, json, csv or postfix
        """#)
}
