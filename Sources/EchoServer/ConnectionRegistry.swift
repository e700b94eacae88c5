internal import EchoCore
internal import EventLoops

/// The connections of a shard: those that are open, in the order of their ids, and the last that have ended.
struct ConnectionRegistry {
    /// Ascending ids, with gaps where a connection ended: an end costs a binary search and not a move of the rest.
    private var slots: [(id: UInt64, connection: Connection?)] = []
    private(set) var count = 0
    private var closed = RecentlyClosed()

    var isEmpty: Bool { count == 0 }

    /// A snapshot: connections may end while it is walked.
    var open: [Connection] { slots.compactMap(\.connection) }

    /// Ids come in ascending order.
    mutating func insert(_ connection: Connection) {
        slots.append((connection.id, connection))
        count += 1
    }

    mutating func remove(_ connection: Connection) {
        let index = position(after: connection.id) - 1
        precondition(slots[index].id == connection.id)
        slots[index].connection = nil
        count -= 1
        closed.append(connection.row(state: .closed))
        if count == 0 {
            slots.removeAll(keepingCapacity: slots.capacity <= 64)
        } else if slots.count > 64 && slots.count > 2 * count {
            slots.removeAll { $0.connection == nil }
        }
    }

    func find(_ id: UInt64) -> ConnectionRow? {
        let index = position(after: id) - 1
        if index >= 0, slots[index].id == id, let connection = slots[index].connection {
            return connection.row()
        }
        return closed.rows.last { $0.id == id }
    }

    /// The rows of a page, as many as it may hold at most, and how many match in all.
    func page(_ query: ConnectionQuery) -> (rows: [ConnectionRow], total: Int) {
        if query.state == .closed {
            let matching = closed.rows.filter { query.matches($0) }
            return (query.first(of: matching), matching.count)
        }
        if query.order == .id && query.state == nil && query.blockedOn == nil && query.peer == nil {
            let start = query.after.map(position(after:)) ?? 0
            let rows = slots[start...].lazy.compactMap(\.connection).prefix(query.limit).map { $0.row() }
            return (Array(rows), count)
        }
        // Without the kernel's figures: they are asked for those of the page only.
        // Text is made once for each host, not for each connection: there may be ten thousand of them.
        var hosts: [SocketAddress: Bool] = [:]
        let port = query.peer?.split(separator: ":").last.flatMap { UInt16($0) }
        var matching: [ConnectionRow] = []
        for case let connection? in slots.lazy.map(\.connection) {
            if let state = query.state, connection.state != state { continue }
            if let text = query.peer {
                let peer = connection.peer
                // With its port it can match only where the text ends in that port.
                let key = peer.port == port ? peer : peer.withPort(0)
                let isMatch = hosts[key] ?? ConnectionRow.is(peer, from: text)
                hosts[key] = isMatch
                guard isMatch else { continue }
            }
            matching.append(connection.row(withKernelQueues: false))
        }
        return (query.first(of: matching).map { find($0.id) ?? $0 }, matching.count)
    }

    /// The index of the first id above `id`.
    private func position(after id: UInt64) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].id <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The last thousand that ended, the oldest first.
struct RecentlyClosed {
    static let capacity = 1_000
    private var ring: [ConnectionRow] = []
    private var oldest = 0

    var rows: [ConnectionRow] { Array(ring[oldest...] + ring[..<oldest]) }

    mutating func append(_ row: ConnectionRow) {
        if ring.count < Self.capacity {
            ring.append(row)
        } else {
            ring[oldest] = row
            oldest = (oldest + 1) % Self.capacity
        }
    }
}

extension ConnectionQuery {
    /// `after` is the page's business: `total` counts all pages.
    func matches(_ row: ConnectionRow) -> Bool {
        if let state, row.state != state { return false }
        if let blockedOn, row.blocker != blockedOn { return false }
        if let peer, !row.isFrom(peer) { return false }
        return true
    }

    /// The first rows of a page by the query's order.
    func first(of rows: some Sequence<ConnectionRow>) -> [ConnectionRow] {
        let candidates = rows.filter { row in
            guard order == .id, let after else { return true }
            return row.id > after
        }
        return Array(candidates.sorted(by: precedes).prefix(limit))
    }

    private func precedes(_ left: ConnectionRow, _ right: ConnectionRow) -> Bool {
        switch order {
        case .id: left.id < right.id
        case .age: (left.openedAt, left.id) < (right.openedAt, right.id)
        case .idle: (left.lastActivity, left.id) < (right.lastActivity, right.id)
        case .received: (right.received, left.id) < (left.received, right.id)
        case .sent: (right.sent, left.id) < (left.sent, right.id)
        }
    }
}
