internal import EchoCore
internal import EventLoops

/// What the admin plane asks of a shard. Long walks are cut into slices, between which the loop serves its connections.
extension Shard {
    /// Connections looked at in a turn of the loop.
    private static let slice = 256

    /// Rows that may be on a page, without the kernel's figures, and how many match in all.
    struct Candidates: Sendable {
        var rows: [ConnectionRow] = []
        var total = 0
    }

    /// More than a page holds, by one, so that it is known whether another follows.
    func candidates(_ query: ConnectionQuery, _ peer: PeerPattern?, _ done: @escaping @Sendable (Candidates) -> Void) {
        // Which of them are among the last thousand is known to all shards together only.
        if query.state == .closed { return done(Candidates(rows: registry.closedRows)) }
        if query.order == .id && query.state == nil && query.blockedOn == nil && peer == nil {
            let connections = registry.open(after: query.after ?? 0, atMost: query.limit + 1)
            let rows = connections.map { $0.row(withKernelQueues: false) }
            return done(Candidates(rows: rows, total: registry.count))
        }
        let found = Accumulator(Candidates())
        walk { connection in
            if let state = query.state, connection.state != state { return }
            if let peer, !peer.matches(connection.peer) { return }
            if let blocker = query.blockedOn, connection.blocker != blocker { return }
            found.value.rows.append(connection.row(withKernelQueues: false))
        } done: {
            found.value.total = found.value.rows.count
            done(found.value)
        }
    }

    /// What waits in the kernel, and what the connections of a drain wait for. `announced` is what open ones wait for
    /// where word of the drain is still on its way to this loop.
    func sample(announced: Blocker?, _ done: @escaping @Sendable (Sample) -> Void) {
        let sample = Accumulator(Sample())
        let began = EventLoop.monotonicNow()
        walk { connection in
            sample.value.unread += UInt64(connection.unreadBytes)
            sample.value.unacked += UInt64(connection.unacknowledgedBytes)
            let blocker = connection.blocker ?? (connection.state == .open ? announced : nil)
            if let blocker { sample.value.blockedOn[blocker, default: 0] += 1 }
        } done: {
            sample.value.cost = EventLoop.monotonicNow() - began
            done(sample.value)
        }
    }

    /// Visits those that are open now and still are when their slice comes.
    private func walk(_ visit: @escaping (Connection) -> Void, done: @escaping () -> Void) {
        walk(registry.open[...], visit, done)
    }

    private func walk(
        _ rest: ArraySlice<Connection>, _ visit: @escaping (Connection) -> Void, _ done: @escaping () -> Void
    ) {
        for connection in rest.prefix(Self.slice) where connection.state != .closed { visit(connection) }
        let later = rest.dropFirst(Self.slice)
        if later.isEmpty { return done() }
        loop.callInNextTurn { [self] in walk(later, visit, done) }
    }

    private final class Accumulator<Value> {
        var value: Value

        init(_ value: Value) { self.value = value }
    }
}

struct Sample: Hashable, Sendable {
    var unread: UInt64 = 0
    var unacked: UInt64 = 0
    var blockedOn: [Blocker: Int] = [:]
    /// Nanoseconds from the first connection to the last; of several shards the longest.
    var cost: Int64 = 0

    mutating func add(_ other: Sample) {
        unread += other.unread
        unacked += other.unacked
        cost = max(cost, other.cost)
        blockedOn.merge(other.blockedOn, uniquingKeysWith: +)
    }
}

extension ConnectionQuery {
    /// The rows of a page by the query's order, and whether more follow.
    func page(of rows: [ConnectionRow]) -> (rows: [ConnectionRow], hasMore: Bool) {
        let candidates = rows.filter { row in
            guard order == .id, let after else { return true }
            return row.id > after
        }
        let sorted = candidates.sorted(by: precedes)
        return (Array(sorted.prefix(limit)), sorted.count > limit)
    }

    private func precedes(_ left: ConnectionRow, _ right: ConnectionRow) -> Bool {
        switch order {
        case .id: left.id < right.id
        // For those that have ended both stand still; a page shows either open or closed ones.
        case .age: (left.openedAt - (left.endedAt ?? 0), left.id) < (right.openedAt - (right.endedAt ?? 0), right.id)
        case .idle:
            (left.lastActivity - (left.endedAt ?? 0), left.id) < (right.lastActivity - (right.endedAt ?? 0), right.id)
        case .received: (right.received, left.id) < (left.received, right.id)
        case .sent: (right.sent, left.id) < (left.sent, right.id)
        }
    }
}
