import Core

/// Writing a checkpoint, within the transaction that `commit` opens.
extension StateStore {
    /// Adds the delta's cells to the packed rows, in the order of their keys.
    func write(
        cells: CellLog, of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) {
        var entries = CellEntries(cells, identifiers)
        var added = CellEntries.Row()
        var row = CellRow(path: path)
        while entries.next(&added) {
            row.begin(added.key)
            try withStoredCells(added.key) { (stored) throws(StoreError) in
                try merge(added, with: &stored, into: &row)
            }
            try write(row)
        }
    }

    /// Parts that nothing is added to are copied.
    private func merge(
        _ added: CellEntries.Row, with stored: inout CellParts, into row: inout CellRow
    ) throws(StoreError) {
        var next = 0
        while let part = try stored.next() {
            while next < added.parts.count, added.parts[next].identifier.id < part.identifier {
                try append(next, of: added, to: .empty, into: &row)
                next += 1
            }
            if next < added.parts.count, added.parts[next].identifier.id == part.identifier {
                try append(next, of: added, to: part.cells, into: &row)
                next += 1
            } else {
                row.append(part)
            }
        }
        while next < added.parts.count {
            try append(next, of: added, to: .empty, into: &row)
            next += 1
        }
    }

    private func append(
        _ place: Int, of added: CellEntries.Row, to stored: ByteSlice, into row: inout CellRow
    ) throws(StoreError) {
        let (identifier, range) = added.parts[place]
        var cells = added.cells[range]
        if identifier.isErased { return try countErased(cells) }
        if let retention, cells[range.lowerBound].day < retention.start {
            var kept = Array(cells)
            try addUp(&kept, of: identifier.id, before: retention)
            cells = kept[...]
        }
        try row.append(identifier.id, stored, adding: cells)
    }

    /// Events that were applied before it was known that their person is erased.
    private func countErased(_ cells: ArraySlice<DailyCell>) throws(StoreError) {
        let names = try names()
        let events = cells.reduce(0) { $0 + (names.isSignal($1.signal) ? $1.tally.n : 0) }
        try statements.setMeta("erased", try (kept("erased") ?? 0) + events)
    }

    func write(
        traits: [FactDelta.TraitKey: Trait], of identifiers: [ResolvedIdentifier]
    ) throws(StoreError) {
        let state = statements.stateTrait
        for (key, trait) in traits where !identifiers[Int(key.identifier)].isErased {
            state.bind(1, identifiers[Int(key.identifier)].id)
            state.bind(2, String(decoding: key.attribute, as: UTF8.self))
            state.bind(3, String(decoding: trait.value, as: UTF8.self))
            state.bind(4, trait.at)
            state.bind(5, trait.source)
            try state.run()
        }
    }

    func write(positions: [StreamPosition]) throws(StoreError) {
        let write = statements.writeStream
        for var position in positions {
            for range in erasedHeads[position.id] ?? [] { position.eraseHead(range) }
            write.bind(1, position.id)
            write.bind(2, position.source)
            write.bind(blob: position.path, 3)
            write.bind(4, Int64(bitPattern: position.identity.device))
            write.bind(5, Int64(bitPattern: position.identity.inode))
            write.bind(6, Int64(bitPattern: position.identity.generation))
            write.bind(7, position.identity.born)
            write.bind(8, position.offset)
            write.bind(9, position.size)
            write.bind(blob: position.head, 10)
            write.bind(11, Int64(bitPattern: position.anchor))
            write.bind(12, Int64(position.anchorLength))
            write.bind(13, position.lostBytes)
            write.bind(14, Int64(position.retired ? 1 : 0))
            write.bind(blob: AnchorCodec.encode(position.anchors), 15)
            write.bind(16, position.packed?.size)
            write.bind(17, position.packed?.modified)
            write.bind(18, Int64(position.packed?.isRead == true ? 1 : 0))
            write.bind(19, position.seam)
            try write.run()
        }
    }

    /// Adds the counts, and holds them to the law before anything is committed.
    func write(tallies: [Int64: StreamTally]) throws(StoreError) {
        for (stream, tally) in tallies.sorted(by: { $0.key < $1.key }) {
            let sum = tally.verdicts.reduce(0, +)
            guard sum == tally.records else {
                throw .unlawful(detail: "\(tally.records) records, \(sum) outcomes")
            }
            statements.countRecords.bind(1, tally.lines)
            statements.countRecords.bind(2, tally.records)
            statements.countRecords.bind(3, stream)
            try statements.countRecords.run()
            for verdict in Verdict.allCases where tally.verdicts[Int(verdict.rawValue)] != 0 {
                statements.countOutcome.bind(1, stream)
                statements.countOutcome.bind(2, verdict.outcome.name)
                statements.countOutcome.bind(3, verdict.reason)
                statements.countOutcome.bind(4, tally.verdicts[Int(verdict.rawValue)])
                try statements.countOutcome.run()
            }
        }
    }

    /// A ring: the oldest records go when there are too many.
    func write(quarantined: [QuarantinedRecord]) throws(StoreError) {
        guard !quarantined.isEmpty else { return }
        let add = statements.addQuarantined
        var last = try lastQuarantined()
        for record in quarantined {
            last += 1
            add.bind(1, last)
            add.bind(2, record.stream)
            add.bind(3, record.offset)
            add.bind(4, record.verdict.reason)
            add.bind(blob: record.bytes, 5)
            try add.run()
        }
        try connection.execute(
            """
            DELETE FROM quarantine
            WHERE id <= (SELECT max(id) FROM quarantine) - \(Bounds.quarantinedRecords)
            """)
    }

    /// Appends the keys to the last row of their day while that is short, so that many small
    /// checkpoints do not make many small rows.
    func write(
        keys: [(day: Day, keys: [UInt64])], dropped: [Day]
    ) throws(StoreError) {
        for day in dropped {
            statements.dropKeys.bind(1, Int64(day.number))
            try statements.dropKeys.run()
            lastChunk.removeValue(forKey: day.number)
        }
        for (day, keys) in keys {
            var last =
                if let known = lastChunk[day.number] { known } else { try readLastChunk(day) }
            if last.keys + keys.count > Self.keysPerChunk, last.keys > 0 {
                last = (last.chunk + 1, 0)
            }
            let append = statements.appendKeys
            append.bind(1, Int64(day.number))
            append.bind(2, last.chunk)
            try append.run(binding: keys, 3)
            lastChunk[day.number] = (last.chunk, last.keys + keys.count)
        }
    }

    /// Rows of up to 3,200 bytes lie on one page of 4,096.
    private static var keysPerChunk: Int { 400 }

    private func readLastChunk(_ day: Day) throws(StoreError) -> (chunk: Int64, keys: Int) {
        let read = statements.lastKeys
        read.bind(1, Int64(day.number))
        guard try read.step() else { return (0, 0) }
        defer { read.reset() }
        return (read.int(0), Int(read.int(1)) / 8)
    }
}
