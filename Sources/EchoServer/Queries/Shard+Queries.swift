internal import Basics
internal import EchoCore
internal import EventLoops
internal import Threads
internal import Wire

/// What the admin plane asks of a shard. It is work that the loop does beside its
/// connections, one question after the other.
extension Shard {
    /// How many connections are visited in one turn, a few microseconds: without system calls, and with two for each.
    private static let visits = 16
    private static let visitsOfKernel = 4

    /// What a shard has for a page.
    struct Candidates: Sendable {
        /// The first of the connections that have not ended.
        var first: FirstRows
        /// How many of the connections that have not ended match.
        var total = 0
        /// All closed connections that the shard remembers, if the query asks for them: only all shards together know
        /// which are among the last thousand.
        var closed: [ConnectionRow] = []
    }

    func candidates(_ query: ConnectionQuery, _ done: @escaping @Sendable (Candidates) -> Void) {
        if query.state == .closed {
            return done(Candidates(first: FirstRows(of: query, among: 0), closed: registry.closedRows))
        }
        let found = Accumulator(Candidates(first: FirstRows(of: query, among: registry.count)))
        let isOneWalk = query.order == .id && query.state == nil && query.blockedOn == nil && query.peer == nil
        walk(after: isOneWalk ? query.after ?? 0 : 0) { connection in
            if let state = query.state, connection.state != state { return true }
            if let peer = query.peer, !peer.matches(connection.peer) { return true }
            if let blocker = query.blockedOn, connection.blocker != blocker { return true }
            found.value.first.offer(connection.row(withKernelQueues: false))
            found.value.total += 1
            return !isOneWalk || found.value.total <= query.limit
        } done: { [self] in
            if isOneWalk { found.value.total = registry.count }
            addKernelQueues(to: found, done)
        }
    }

    /// A connection that has ended meanwhile is shown as it was.
    private func addKernelQueues(
        to found: Accumulator<Candidates>, _ done: @escaping @Sendable (Candidates) -> Void
    ) {
        let count = found.value.first.rows.count
        loop.work(.patient, through: count, portion: Self.visitsOfKernel) { [self] part in
            found.value.first.renew(part) { registry.findOpen($0)?.row() }
            if part.upperBound == count { done(found.value) }
        }
    }

    /// What waits in the kernel, and what the connections of a drain wait for. `announced` is what open connections
    /// wait for while news of the drain is still on its way to this loop.
    func sample(announced: Blocker?, _ done: @escaping @Sendable (Sample) -> Void) {
        let sample = Accumulator(Sample())
        let began = EventLoop.clock
        walk(atATime: Self.visitsOfKernel) { connection in
            sample.value.unread += UInt64(connection.unreadBytes)
            sample.value.unacked += UInt64(connection.unacknowledgedBytes)
            let blocker = connection.closingBlocker ?? (connection.state == .open ? announced : nil)
            if let blocker { sample.value.blockedOn[blocker, default: 0] += 1 }
            return true
        } done: {
            sample.value.cost = EventLoop.clock - began
            done(sample.value)
        }
    }

    /// Visits the connections with ids above `id` that are open now and still are when their turn comes, in the order of
    /// their ids, until `visit` returns false.
    private func walk(
        after id: UInt64 = 0, atATime visits: Int = Shard.visits, _ visit: @escaping (Connection) -> Bool,
        done: @escaping () -> Void
    ) {
        let last = registry.lastID
        var id = id
        loop.work(.patient) { [self] in
            let connections = registry.open(after: id, atMost: visits)
            let isOver =
                !connections.allSatisfy { $0.state == .closed || ($0.id <= last && visit($0)) }
                || connections.count < visits
            if isOver { done() } else if let next = connections.last?.id { id = next }
            return isOver
        }
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
