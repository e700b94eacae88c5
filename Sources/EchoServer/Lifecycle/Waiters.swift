internal import Basics
internal import EchoCore
internal import Wire

/// The clients that wait for a drain to reach a milestone.
struct Waiters: Sendable {
    typealias Completion = @Sendable (DrainWaitOutcome, ServiceStatus) -> Void

    /// How many may wait at a time.
    static let maximum = 16

    struct Waiter: Sendable {
        let id: UInt64
        var drain: Int
        let milestone: DrainMilestone
        /// nil: it waits to the end.
        let deadline: MonotonicTime?
        let completion: Completion
    }

    private var waiters: [Waiter] = []
    private var lastID: UInt64 = 0

    var count: Int { waiters.count }

    /// When the nearest limit passes.
    var nextLimit: MonotonicTime? { waiters.lazy.compactMap(\.deadline).min() }

    mutating func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// nil when there are too many.
    mutating func add(
        drain: Int, _ milestone: DrainMilestone, _ deadline: MonotonicTime?, _ completion: @escaping Completion
    ) -> UInt64? {
        guard waiters.count < Self.maximum else { return nil }
        let id = nextID()
        waiters.append(
            Waiter(id: id, drain: drain, milestone: milestone, deadline: deadline, completion: completion))
        return id
    }

    mutating func move(from former: Int, to drain: Int) {
        for index in waiters.indices where waiters[index].drain == former { waiters[index].drain = drain }
    }

    mutating func remove(where isMeant: (Waiter) -> Bool) -> [Waiter] {
        let removed = waiters.filter(isMeant)
        waiters.removeAll(where: isMeant)
        return removed
    }

    mutating func removeOverdue(at now: MonotonicTime) -> [Waiter] {
        remove { $0.deadline.map { $0 <= now } ?? false }
    }
}
