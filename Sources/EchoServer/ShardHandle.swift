internal import EchoCore
internal import EventLoops
internal import Synchronization

/// A shard as the control loop and the admin plane see it.
struct ShardHandle: Sendable {
    let loop: EventLoop
    let counters: ShardCounters
    private let shard: LoopBound<Shard>
    private let assignments: Assignments

    /// Before the loop runs.
    init(_ shard: sending Shard, loop: EventLoop, counters: ShardCounters) {
        self.loop = loop
        self.counters = counters
        self.shard = LoopBound(givenTo: loop, shard)
        assignments = Assignments()
    }

    /// Connections handed to it so far. Control loop only.
    var assigned: UInt64 { assignments.count.current }

    func assign() {
        assignments.count.add(1)
    }

    /// Has `body` called with the shard on its loop.
    func post(_ body: @escaping @Sendable (Shard) -> Void) {
        let shard = self.shard
        loop.post { body(shard.value) }
    }

    /// The loop's root task.
    func serve() async {
        await shard.value.serve()
    }

    private final class Assignments: Sendable {
        let count = Counter()
    }
}
