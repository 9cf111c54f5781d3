extension MistakeCase {
    /// Documents that are no YAML, or the wrong YAML.
    ///
    /// Written as `MistakeCase.parse` reads it. The order of `=>` lines is that of the messages.
    static let syntax = parse(
        #"""
        ## an empty file

        => 1:1: the configuration has no 'sources'; add a source, such as sources: [{name: events, paths: "/var/log/leadscored/*.ndjson"}]
        ## a file of comments
        # nothing
        => 1:1: the configuration has no 'sources'; add a source, such as sources: [{name: events, paths: "/var/log/leadscored/*.ndjson"}]
        ## a document without content
        ---
        => 1:1: the configuration has no 'sources'; add a source, such as sources: [{name: events, paths: "/var/log/leadscored/*.ndjson"}]
        ## a scalar for a file
        hello
        => 1:1: the configuration must be a mapping, not 'hello'; write keys and values, such as {time_zone: "+00:00", half_life: 14d}
        ## a list for a file
        - sources: []
        => 1:1: the configuration must be a mapping, not a list; write keys and values, such as {time_zone: "+00:00", half_life: 14d}
        ## no sources
        sources: []
        => 1:10: 'sources' is an empty list; add a source, such as sources: [{name: events, paths: "/var/log/leadscored/*.ndjson"}]
        ## sources without a value
        mql: 60
        sources:
        => 2:1: 'sources' is an empty list; add a source, such as sources: [{name: events, paths: "/var/log/leadscored/*.ndjson"}]
        ## a mapping for a list
        sources: {name: e, paths: /e}
        => 1:10: 'sources' is a mapping, not a list; begin each entry on a line of its own with '- ', such as - {name: events, paths: "/var/log/leadscored/*.ndjson"}
        ## a word for a source
        sources: [e]
        => 1:11: a source must be a mapping, not 'e'; write keys and values, such as {name: events, paths: "/var/log/leadscored/*.ndjson"}
        ## a wrong key hides nothing else
        source:
          - {name: e, paths: /e}
        mql: x
        => 1:1: unknown key 'source' in the configuration; did you mean 'sources'?
        => 3:6: 'mql' is 'x', not a number; write a number, such as mql: 60
        ## a tab before an entry
        sources:
        ⇥- {name: e, paths: /e}
        => 2:1: a tab is used for indentation; use spaces
        ## a tab before a key
        sources:
          - name: e
        ⇥  paths: /e
        => 3:1: a tab is used for indentation; use spaces
        ## a key twice
        BASE
        mql: 60
        mql: 70
        => 3:1: key 'mql' stands twice in the configuration, first at f.yaml:2:1; keep one of them
        ## keys twice, and other mistakes beside them
        BASE
        mql: 60
        "mql": 70
        half_lif: 14d
        mql: 80
        signals:
          - {name: click, name: klick, when: {type: click}, weight: x}
        => 3:1: key 'mql' stands twice in the configuration, first at f.yaml:2:1; keep one of them
        => 4:1: unknown key 'half_lif' in the configuration; did you mean 'half_life'?
        => 5:1: key 'mql' stands twice in the configuration, first at f.yaml:2:1; keep one of them
        => 7:19: key 'name' stands twice in a signal, first at f.yaml:7:6; keep one of them
        => 7:61: 'weight' is 'x', not a number; write a number, such as weight: 5
        ## a pattern that looks like an alias
        BASE
        signals:
          - {name: click, when: {campaign: *service*}, weight: 1}
        => 3:44: an unquoted '*' at the beginning refers to an anchor, and there is none; put a pattern into double quotes, such as "*service*"
        ## an alias without an anchor
        sources:
          - name: e
            paths: *logs
        => 3:12: an unquoted '*' at the beginning refers to an anchor, and there is none; put a pattern into double quotes, such as "*service*"
        ## an open list
        sources: [{name: e, paths: /e}
        mql: 60
        => 1:10: this '[' is not closed; add the missing ',' or ']' before 2:1
        ## an open mapping
        sources: [{name: e, paths: /e]
        => 1:11: this '{' is not closed; add the missing ',' or '}' before 1:30
        ## an open quote
        sources: [{name: e, paths: "/e}]
        mql: 60
        => 1:28: this quote is never closed; close it; inside single quotes write a quote twice, inside double ones \"
        ## a quote in a quote
        sources: [{name: e, paths: 'it's'}]
        => 1:11: this '{' is not closed; add the missing ',' or '}' before 1:32
        ## an escape that is none
        BASE
        segments:
          - {name: hot, where: "traits->>'x' LIKE '\d'"}
        => 3:44: inside double quotes a '\' begins an escape, and this is none; write '\\', or use single quotes
        ## a colon in plain text
        BASE
        segments:
          - name: hot
            where: engagement > 60: yes
        => 4:27: a ':' is not expected here; check the indentation of this line and the one before, and put text that holds ': ' into double quotes
        ## a value that begins with an at sign
        BASE
        segments:
          - name: hot
            where: @x
        => 4:12: a value cannot begin with '@'; put the whole value into double quotes
        ## a value that begins with a percent sign
        BASE
        fit:
          - name: director
            where: %director%
            points: 3
        => 4:12: a value cannot begin with '%'; put the whole value into double quotes
        ## a key too far to the right
        BASE
        segments:
          - name: hot
             where: x
        => 4:11: a ':' is not expected here; check the indentation of this line and the one before, and put text that holds ': ' into double quotes
        ## a key too far to the left
        BASE
        segments:
          - name: hot
           where: x
        => 4:4: this line belongs neither to the list nor to its last entry; indent it like the keys of that entry, or begin it with '- ' like the entries
        ## a key of the top level indented
        BASE
         mql: 60
        => 2:2: a key is expected here; indent this line like the other keys of its mapping, and close the quotes and brackets before it
        ## an entry too far to the right
        BASE
        signals:
        - name: a
          when: {type: a}
          weight: 1
         - name: b
        => 6:2: a key is expected here; indent this line like the other keys of its mapping, and close the quotes and brackets before it
        ## no colon
        BASE
        mql 60
        => 2:1: a ':' is missing after this key; write key: value, with a space after the ':'
        ## no space after the colon
        BASE
        mql:60
        => 2:1: a ':' is missing after this key; write key: value, with a space after the ':'
        ## two documents
        BASE
        ---
        mql: 60
        => 2:1: a second document begins here; remove the line '---', or move what follows into a file of its own in conf.d
        ## text after the end of the document
        BASE
        ...
        mql: 60
        => 3:1: the document has ended before this line; check the indentation of this line, and remove lines with '---' or '...'
        ## a standard tag
        BASE
        mql: !!int 60
        => 2:6: tag '!!int' is not understood; remove it
        ## a tag of one's own
        sources: !list [{name: e, paths: /e}]
        => 1:10: tag '!list' is not understood; remove it
        ## an unknown tag handle
        BASE
        mql: !x!y 60
        => 2:6: '!' begins a tag, and there are none; put the value into double quotes
        ## a merge key
        sources: [{<<: {paths: /e}, name: f}]
        => 1:12: unknown key '<<' in a source; write the keys out; there are no merge keys
        ## a key that is a list
        BASE
        ? [a, b]
        : 3
        => 2:3: a key of the configuration is a list; write one of the keys time_zone, half_life, mql, retention, currency, dedupe_window, dedupe_max, sources, machines, signals, topics, attributes, fit, audiences, stages, segments, rfm or bgnbd
        ## a template that was not filled in
        BASE
        mql: {{ mql }}
        => 2:6: 'mql' is a mapping, not a number; write a number, such as mql: 60
        ## an anchor without a value
        BASE
        mql: &a
        => 2:1: 'mql' has no value; write a number, such as mql: 60
        ## an ampersand
        BASE
        segments:
          - {name: a, where: &}
        => 3:23: an unquoted '&' begins an anchor; put the value into double quotes
        ## one wrong value under two names
        BASE
        topics: &x
          - {name: a, when: {type: Visit}}
        signals: *x
        => 3:5: signal 'a' has no 'weight'; add one, such as weight: 5
        => 3:28: type 'Visit' matches no event; write 'visit'
        ## a list in a mapping
        BASE
        - mql: 60
        => 2:1: a key is expected here; indent this line like the other keys of its mapping, and close the quotes and brackets before it
        ## a mapping after a list
        - sources: []
        mql: 60
        => 2:1: this line belongs neither to the list nor to its last entry; indent it like the keys of that entry, or begin it with '- ' like the entries
        ## a control character
        BASE
        mql: 6␇0
        => 2:7: the control character U+7 is not allowed; remove it
        ## an entry behind its key
        sources: - {name: e, paths: /e}
        => 1:10: an entry of a list cannot stand here; begin it on a line of its own
        """#)
}
