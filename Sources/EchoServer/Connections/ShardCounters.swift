internal import Synchronization
internal import Wire

/// A count that one thread writes and any thread reads: a plain addition on the writer's side.
struct Counter: ~Copyable, Sendable {
    private let value = Atomic<UInt64>(0)

    @inline(__always)
    func add(_ amount: some BinaryInteger) {
        value.store(value.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    /// For the writer's last addition before something that another thread must not see without it.
    func addReleasing(_ amount: Int) {
        value.store(value.load(ordering: .relaxed) &+ UInt64(amount), ordering: .releasing)
    }

    var current: UInt64 { value.load(ordering: .acquiring) }
}

/// A counter for each of a set of names.
struct CounterTable<Name: CaseIterable & Hashable & Sendable>: Sendable {
    final class Cell: Sendable {
        let counter = Counter()
    }

    private let cells = Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0, Cell()) })

    subscript(name: Name) -> Cell {
        guard let cell = cells[name] else { preconditionFailure("allCases has every case") }
        return cell
    }

    var total: UInt64 { cells.values.reduce(0) { $0 + $1.counter.current } }
}

/// What one shard has counted since the start. Written on its loop's thread, read from any.
final class ShardCounters: Sendable {
    let lines = Counter()
    let received = Counter()
    let sent = Counter()
    private let ends = CounterTable<CloseReason>()
    /// Without `closed` and `fromBacklog`, which the server knows from elsewhere.
    private let drain = CounterTable<DrainCounter>()

    func add(_ amount: some BinaryInteger, to counter: DrainCounter) { drain[counter].counter.add(amount) }

    func current(_ counter: DrainCounter) -> UInt64 { drain[counter].counter.current }

    /// Counts the end of a connection; its bytes must have been counted before.
    func countEnd(_ reason: CloseReason) { ends[reason].counter.addReleasing(1) }

    func ended(_ reason: CloseReason) -> UInt64 { ends[reason].counter.current }

    var ended: UInt64 { ends.total }
}

/// The sums over all shards at one instant; see `Lifecycle.totals()`.
struct Totals: Hashable, Sendable {
    var accepted: UInt64 = 0
    var closed: Counts<CloseReason> = [:]
    var lines: UInt64 = 0
    var received: UInt64 = 0
    var sent: UInt64 = 0
    /// The counts of a drain are the difference of two totals.
    var counts: Counts<DrainCounter> = [:]

    var ended: UInt64 { closed.total }

    mutating func add(_ counters: ShardCounters) {
        for reason in CloseReason.allCases { closed[reason] += counters.ended(reason) }
        lines += counters.lines.current
        received += counters.received.current
        sent += counters.sent.current
        for counter in DrainCounter.allCases { counts[counter] += counters.current(counter) }
    }
}
