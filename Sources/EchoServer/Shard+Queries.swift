internal import EchoCore
internal import EventLoops

/// What the admin plane asks of a shard. Long walks are cut into slices, between which the loop serves its connections.
extension Shard {
    /// How long a slice may last, in nanoseconds, and after how many connections the clock is read.
    private static let patience: Int64 = 200_000
    private static let stride = 16

    /// Rows that may be on a page, without the kernel's figures, and how many match in all.
    struct Candidates: Sendable {
        /// In pieces of a moderate size: one array of thousands would be moved, on the loop, each time it grows.
        private(set) var pieces: [[ConnectionRow]] = []
        private(set) var count = 0
        var total = 0

        private static let pieceSize = 256

        mutating func append(_ row: ConnectionRow) {
            if count % Self.pieceSize == 0 {
                pieces.append([])
                pieces[pieces.count - 1].reserveCapacity(Self.pieceSize)
            }
            pieces[pieces.count - 1].append(row)
            count += 1
        }
    }

    /// More than a page holds, by one, so that it is known whether another follows.
    func candidates(_ query: ConnectionQuery, _ peer: PeerPattern?, _ done: @escaping @Sendable (Candidates) -> Void) {
        let found = Accumulator(Candidates())
        // Which of them are among the last thousand is known to all shards together only.
        if query.state == .closed {
            for row in registry.closedRows { found.value.append(row) }
            return done(found.value)
        }
        let isOneWalk = query.order == .id && query.state == nil && query.blockedOn == nil && peer == nil
        walk(after: isOneWalk ? query.after ?? 0 : 0) { connection in
            if let state = query.state, connection.state != state { return true }
            if let peer, !peer.matches(connection.peer) { return true }
            if let blocker = query.blockedOn, connection.blocker != blocker { return true }
            found.value.append(connection.row(withKernelQueues: false))
            return !isOneWalk || found.value.count <= query.limit
        } done: { [self] in
            found.value.total = isOneWalk ? registry.count : found.value.count
            done(found.value)
        }
    }

    /// The rows of those that are still open, with the kernel's figures.
    func rows(of ids: [UInt64], _ done: @escaping @Sendable ([ConnectionRow]) -> Void) {
        let rows = Accumulator<[ConnectionRow]>([])
        rows.value.reserveCapacity(ids.count)
        takeRows(of: ids[...], into: rows, done)
    }

    private func takeRows(
        of ids: ArraySlice<UInt64>, into rows: Accumulator<[ConnectionRow]>,
        _ done: @escaping @Sendable ([ConnectionRow]) -> Void
    ) {
        let end = EventLoop.monotonicNow() + Self.patience
        var rest = ids
        repeat {
            if rest.isEmpty { return done(rows.value) }
            for id in rest.prefix(Self.stride) {
                if let connection = registry.findOpen(id) { rows.value.append(connection.row()) }
            }
            rest = rest.dropFirst(Self.stride)
        } while EventLoop.monotonicNow() < end
        loop.callInNextTurn { [self, rest] in takeRows(of: rest, into: rows, done) }
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
            return true
        } done: {
            sample.value.cost = EventLoop.monotonicNow() - began
            done(sample.value)
        }
    }

    /// Visits those with ids above `id` that are open now and still are when their slice comes, in the order of their
    /// ids, until `visit` returns false.
    private func walk(
        after id: UInt64 = 0, _ visit: @escaping (Connection) -> Bool, done: @escaping () -> Void
    ) {
        walk(after: id, through: registry.lastID, visit, done)
    }

    private func walk(
        after id: UInt64, through last: UInt64, _ visit: @escaping (Connection) -> Bool,
        _ done: @escaping () -> Void
    ) {
        let end = EventLoop.monotonicNow() + Self.patience
        var id = id
        repeat {
            let connections = registry.open(after: id, atMost: Self.stride)
            for connection in connections where connection.state != .closed {
                guard connection.id <= last, visit(connection) else { return done() }
            }
            guard connections.count == Self.stride, let next = connections.last?.id else { return done() }
            id = next
        } while EventLoop.monotonicNow() < end
        loop.callInNextTurn { [self, id] in walk(after: id, through: last, visit, done) }
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
    /// The rows of a page by the query's order, and whether more follow. Only keys are sorted: rows are large, and there
    /// may be as many as there are connections.
    func page(of pieces: [[ConnectionRow]]) -> (rows: [ConnectionRow], hasMore: Bool) {
        var places: [Place] = []
        places.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        for (piece, rows) in pieces.enumerated() {
            for (index, row) in rows.enumerated() where order != .id || row.id > after ?? 0 {
                places.append(Place(key: key(of: row), id: row.id, piece: piece, index: index))
            }
        }
        places.sort { ($0.key, $0.id) < ($1.key, $1.id) }
        return (places.prefix(limit).map { pieces[$0.piece][$0.index] }, places.count > limit)
    }

    private struct Place {
        let key: UInt64
        let id: UInt64
        let piece: Int
        let index: Int
    }

    /// The smaller, the earlier on the pages.
    private func key(of row: ConnectionRow) -> UInt64 {
        switch order {
        case .id: row.id
        // For those that have ended both stand still; a page shows either open or closed ones.
        case .age: Self.ascending(row.openedAt - (row.endedAt ?? 0))
        case .idle: Self.ascending(row.lastActivity - (row.endedAt ?? 0))
        case .received: .max - row.received
        case .sent: .max - row.sent
        }
    }

    /// In the order of signed numbers.
    private static func ascending(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: number) ^ (1 << 63)
    }
}
