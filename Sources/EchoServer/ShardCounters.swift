internal import EchoCore
internal import Synchronization

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

/// What one shard has counted since the start. Written on its loop's thread, read from any.
final class ShardCounters: Sendable {
    let lines = Counter()
    let received = Counter()
    let sent = Counter()
    let lateDiscarded = Counter()
    let lostReceived = Counter()
    let lostSent = Counter()
    let incomplete = Counter()
    let abandonedByPeer = Counter()
    let marked = Counter()

    private let peerClosed = Counter()
    private let drained = Counter()
    private let idle = Counter()
    private let lineTooLong = Counter()
    private let invalidUTF8 = Counter()
    private let adminClosed = Counter()
    private let resetByPeer = Counter()
    private let writeStalled = Counter()
    private let forced = Counter()
    private let refused = Counter()

    /// Counts the end of a connection; its bytes must have been counted before.
    func countEnd(_ reason: CloseReason) {
        switch reason {
        case .peerClosed: peerClosed.addReleasing(1)
        case .drained: drained.addReleasing(1)
        case .idle: idle.addReleasing(1)
        case .lineTooLong: lineTooLong.addReleasing(1)
        case .invalidUTF8: invalidUTF8.addReleasing(1)
        case .adminClosed: adminClosed.addReleasing(1)
        case .resetByPeer: resetByPeer.addReleasing(1)
        case .writeStalled: writeStalled.addReleasing(1)
        case .forced: forced.addReleasing(1)
        case .refused: refused.addReleasing(1)
        }
    }

    func ended(_ reason: CloseReason) -> UInt64 {
        switch reason {
        case .peerClosed: peerClosed.current
        case .drained: drained.current
        case .idle: idle.current
        case .lineTooLong: lineTooLong.current
        case .invalidUTF8: invalidUTF8.current
        case .adminClosed: adminClosed.current
        case .resetByPeer: resetByPeer.current
        case .writeStalled: writeStalled.current
        case .forced: forced.current
        case .refused: refused.current
        }
    }

    var ended: UInt64 { CloseReason.allCases.reduce(0) { $0 + ended($1) } }
}

/// The sums over all shards at one instant.
struct Totals: Hashable, Sendable {
    var closed: [CloseReason: UInt64] = [:]
    var accepted: UInt64 = 0
    var fromBacklog: UInt64 = 0
    var lines: UInt64 = 0
    var received: UInt64 = 0
    var sent: UInt64 = 0
    var lateDiscarded: UInt64 = 0
    var lostReceived: UInt64 = 0
    var lostSent: UInt64 = 0
    var incomplete: UInt64 = 0
    var abandonedByPeer: UInt64 = 0
    var marked: UInt64 = 0

    var ended: UInt64 { closed.values.reduce(0, +) }

    mutating func add(_ counters: ShardCounters) {
        for reason in CloseReason.allCases { closed[reason, default: 0] += counters.ended(reason) }
        lines += counters.lines.current
        received += counters.received.current
        sent += counters.sent.current
        lateDiscarded += counters.lateDiscarded.current
        lostReceived += counters.lostReceived.current
        lostSent += counters.lostSent.current
        incomplete += counters.incomplete.current
        abandonedByPeer += counters.abandonedByPeer.current
        marked += counters.marked.current
    }
}
