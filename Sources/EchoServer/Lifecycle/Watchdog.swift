internal import Basics
internal import EventLoops
internal import Synchronization
internal import Threads

/// Whether the loops still turn. A probe pings them; one that has not answered for five seconds of running time is
/// stuck. Time in which the whole process was stopped does not count: the control loop's own ticks measure it.
final class Watchdog: Sendable {
    private static let limit: Int64 = 5_000_000_000
    private static let tick: Int64 = 250_000_000

    /// One loop's ping: 0, or the time at which it was sent.
    private final class Ping: Sendable {
        let sentAt = Atomic<Int64>(0)
    }

    private let control: EventLoop
    private let controlPing = Ping()
    private let loops: [(loop: EventLoop, ping: Ping)]
    /// Nanoseconds in which the control loop ran while a ping was out; never 0.
    private let runningTime = Atomic<Int64>(1)
    private let isTicking = Atomic<Bool>(false)

    init(control: EventLoop, loops: [EventLoop]) {
        self.control = control
        self.loops = loops.map { ($0, Ping()) }
    }

    /// From any thread; does not block.
    func isStuck() -> Bool {
        var isStuck = Self.send(controlPing, to: control, now: MonotonicTime.now.nanoseconds)
        let now = runningTime.load(ordering: .relaxed)
        for (loop, ping) in loops where Self.send(ping, to: loop, now: now) { isStuck = true }
        if !isTicking.exchange(true, ordering: .relaxed) {
            control.post { self.startTicking() }
        }
        return isStuck
    }

    /// Sends a ping unless one is outstanding; returns whether that one is overdue.
    private static func send(_ ping: Ping, to loop: EventLoop, now: Int64) -> Bool {
        let (isFree, sentAt) = ping.sentAt.compareExchange(expected: 0, desired: now, ordering: .relaxed)
        guard isFree else { return now - sentAt >= limit }
        loop.post { ping.sentAt.store(0, ordering: .relaxed) }
        return false
    }

    private func startTicking() {
        let began = control.now
        control.call(after: Self.tick) { [self] in
            // A gap too long for a late tick means that the process was stopped.
            runningTime.add(min(control.now - began, 2 * Self.tick), ordering: .relaxed)
            if loops.contains(where: { $0.ping.sentAt.load(ordering: .relaxed) != 0 }) {
                startTicking()
            } else {
                isTicking.store(false, ordering: .relaxed)
            }
        }
    }
}
