extension MistakeCase {
    /// Signals, topics, fit rules, audiences, stages and segments that are wrong.
    ///
    /// Written as `MistakeCase.parse` reads it. The order of `=>` lines is that of the messages.
    static let rules = parse(
        #"""
        ## half a cap
        BASE
        signals: [{name: a, when: {type: a}, weight: 1, daily_cap: 2.5}]
        => 2:60: 'daily_cap' is '2.5', not a whole number; write a whole number, such as 2
        ## caps of zero
        BASE
        signals: [{name: a, when: {type: a}, weight: 1, daily_cap: 0, cap: 0}]
        => 2:60: 'daily_cap' is '0', which is too small; write a number above 0, or weight: 0 to give no points
        => 2:68: 'cap' is '0', not above 0; write a number above 0, or weight: 0 to give no points
        ## caps below zero
        BASE
        signals: [{name: a, when: {type: a}, weight: 1, daily_cap: -1, cap: -3}]
        => 2:60: 'daily_cap' is '-1', which is too small; write a whole number from 1 to 1000000
        => 2:69: 'cap' is '-3', not above 0; write a number above 0, such as cap: 40
        ## weights
        BASE
        signals:
          - {name: d, when: {type: d}, weight: high}
          - {name: f, when: {type: f}, weight: inf}
          - {name: g, when: {type: g}, weight: 1000001}
          - {name: i, when: {type: i}, weight: "1 000"}
          - {name: j, when: {type: j}}
        => 3:40: 'weight' is 'high', not a number; write a number, such as weight: 5
        => 4:40: 'weight' is 'inf', not a number; write a number, such as weight: 5
        => 5:40: 'weight' is '1000001', which is too large; write a number between -1000000 and 1000000
        => 6:40: 'weight' is '1 000', not a number; write a number, such as weight: 5
        => 7:5: signal 'j' has no 'weight'; add one, such as weight: 5
        ## a half-life in words
        BASE
        signals: [{name: h, when: {type: h}, weight: 1, half_life: never}]
        => 2:60: 'half_life' is 'never', not a duration; write a number with h, d or w, such as half_life: 14d, or none for what never fades
        ## a signal without conditions
        BASE
        signals: [{name: k, weight: 5}]
        => 2:11: signal 'k' has no 'when'; add one, such as when: {type: k}; only the built-in signals purchase, delivered, hard_bounce, soft_bounce, block, auto_reply, unsubscribe, complaint, profile and identify do without
        ## a built-in signal misspelled
        BASE
        signals: [{name: hardbounce, weight: 5}]
        => 2:11: signal 'hardbounce' has no 'when'; did you mean 'hard_bounce'?
        ## a signal without a name
        BASE
        signals: [{when: {type: l}, weight: 5}]
        => 2:11: a signal has no 'name'; add one, such as name: click
        ## no conditions in when
        BASE
        signals:
          - {name: m, when: {}, weight: 5}
          - {name: n, when: [], weight: 5}
          - {name: p, when: , weight: 5}
        => 3:21: 'when' has no condition and would take every event; write at least one, such as when: {type: click}
        => 4:21: 'when' is an empty list; write conditions in braces, such as when: {type: click}
        => 5:15: 'when' has no value; write conditions in braces, such as when: {type: click}
        ## words for conditions
        BASE
        signals:
          - {name: o, when: visit, weight: 5}
          - {name: q, when: [visit, {type: q}], weight: 5}
        => 3:21: 'when' must be a mapping, not 'visit'; write keys and values, such as {type: visit, path: "/pricing*"}
        => 4:22: 'when' must be a mapping, not 'visit'; write keys and values, such as {type: visit, path: "/pricing*"}
        ## conditions on unknown things
        BASE
        signals: [{name: r, when: {typ: q, origin: bot}, weight: 5}]
        => 2:28: unknown key 'typ' in 'when'; did you mean 'type'?
        => 2:44: 'origin' is 'bot', not a known origin; write human, machine or unknown
        ## types that no event has
        BASE
        signals:
          - {name: s, when: {type: Page Visit}, weight: 5}
          - {name: z, when: {type: "ä b"}, weight: 5}
        => 3:28: type 'Page Visit' matches no event; write 'page_visit'
        => 4:28: type 'ä b' matches no event; types are 1 to 64 of a-z, 0-9, '_', '.' and '-'
        ## empty patterns
        BASE
        signals:
          - {name: t, when: {type: visit, path: ""}, weight: 5}
          - {name: u, when: {type: visit, path: []}, weight: 5}
          - {name: y, when: {type: {a: b}}, weight: 5}
        => 3:41: an empty pattern for 'path' matches nothing; write "*" to match any event that has one
        => 4:41: 'path' is an empty list; write a pattern, such as path: "/pricing*"
        => 5:28: 'type' is a mapping, not a pattern; write a pattern, such as type: visit
        ## classes of bounces
        BASE
        signals:
          - {name: v, when: {type: bounce, bounce: soft_bounce}, weight: 5}
          - {name: w, when: {type: bounce, bounce: hrd}, weight: 5}
        => 3:44: 'bounce' is 'soft_bounce', not a class of bounces; write hard, soft, block or auto_reply
        => 4:44: 'bounce' is 'hrd', not a class of bounces; did you mean 'hard'?
        ## origins
        BASE
        signals:
          - {name: x, when: {type: x, origin: [human, machin]}, weight: 5}
          - {name: y, when: {type: y, origin: []}, weight: 5}
        => 3:47: 'origin' is 'machin', not a known origin; did you mean 'machine'?
        => 4:39: 'origin' is an empty list; write an origin, such as origin: machine
        ## one name for two signals
        BASE
        signals:
          - {name: a, when: {type: a}, weight: 1}
          - {name: a, when: {type: b}, weight: 1}
        => 4:12: signal 'a' is already defined at f.yaml:3:12; rename one of them, or write one with a list under 'when'
        ## a misspelled key of a signal
        BASE
        signals: [{name: a, when: {type: a}, weight: 1, halflife: 14d, daily-cap: 3}]
        => 2:49: unknown key 'halflife' in a signal; did you mean 'half_life'?
        => 2:64: unknown key 'daily-cap' in a signal; did you mean 'daily_cap'?
        ## topics
        BASE
        topics:
          - {name: a}
          - {name: b, when: {type: x}, weight: 3}
          - {name: b, when: {type: y}, half_life: 0h}
        => 3:5: topic 'a' has no 'when'; add one, such as when: {path: "/service*"}
        => 4:32: unknown key 'weight' in a topic; the keys of a topic are name, when and half_life
        => 5:12: topic 'b' is already defined at f.yaml:4:12; rename one of them, or write one with a list under 'when'
        => 5:43: 'half_life' is '0h', which is too short; write a duration from 1h to 36500d, or none for what never fades
        ## fit
        BASE
        fit:
          - {name: a, where: "1", points: lots}
          - {name: b, where: "1", point: 3}
          - {name: g}
        => 3:35: 'points' is 'lots', not a number; write a number, such as points: 15
        => 4:27: unknown key 'point' in a fit rule; did you mean 'points'?
        => 5:5: fit rule 'g' has no 'where'; add one, such as where: "traits->>'job_title' LIKE '%director%'"
        => 5:5: fit rule 'g' has no 'points'; add one, such as points: 15
        ## conditions in SQL
        BASE
        fit:
          - {name: b, where: "", points: 3}
          - {name: c, where: "  ", points: 3}
          - {name: d, where: "1;", points: 3}
          - {name: f, where: [1], points: 3}
        => 3:22: 'where' is empty; write a SQL condition, such as where: "traits->>'job_title' LIKE '%director%'"
        => 4:22: 'where' is empty; write a SQL condition, such as where: "traits->>'job_title' LIKE '%director%'"
        => 5:22: 'where' ends with ';'; remove it; a condition is one expression
        => 6:22: 'where' is a list, not a SQL condition; write a SQL condition, such as where: "traits->>'job_title' LIKE '%director%'"
        ## audiences
        BASE
        audiences:
          - {name: competitor, when: "domain = 'x'"}
          - {name: student, where: , points: 3}
        => 3:5: audience 'competitor' has no 'where'; add one, such as where: "domain = 'rival.example'"
        => 3:24: unknown key 'when' in an audience; the keys of an audience are name and where
        => 4:21: 'where' has no value; write a SQL condition, such as where: "domain = 'rival.example'"
        => 4:30: unknown key 'points' in an audience; the keys of an audience are name and where
        ## stages
        BASE
        stages:
          - {name: a, where: "1", rank: first}
          - {name: b, where: "1"}
          - {name: c, where: "1", rank: 1.5}
          - {name: d, where: "1", rank: 99999999}
        => 3:33: 'rank' is 'first', not a whole number; write a whole number, such as rank: 6
        => 4:5: stage 'b' has no 'rank'; add one, such as rank: 6
        => 5:33: 'rank' is '1.5', not a whole number; write a whole number, such as 1
        => 6:33: 'rank' is '99999999', which is too large; write a whole number from -1000000 to 1000000
        ## segments
        BASE
        segments:
          - {name: a, where: "1", leave: ""}
          - {name: b, where: "1", enter: "1"}
          - c
          - {name: a, where: "1"}
        => 3:34: 'leave' is empty; write a SQL condition, such as leave: "engagement < 45"
        => 4:27: unknown key 'enter' in a segment; the keys of a segment are name, where and leave
        => 5:5: a segment must be a mapping, not 'c'; write keys and values, such as {name: hot, where: "engagement >= 60"}
        => 6:12: segment 'a' is already defined at f.yaml:3:12; rename one of them
        ## segments as a mapping
        BASE
        segments:
          hot: {where: "engagement >= 60"}
        => 3:3: 'segments' is a mapping, not a list; begin each entry on a line of its own with '- ', such as - {name: hot, where: "engagement >= 60"}
        """#)
}
