internal import Glibc

extension EventLoop {
    /// CLOCK_MONOTONIC in nanoseconds, for threads that have no loop.
    package static func monotonicNow() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// CLOCK_REALTIME in nanoseconds since 1970: for display, never for a deadline.
    package static func wallClockNow() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Has `body` called once, `nanoseconds` from now. It cannot be taken back.
    package func call(after nanoseconds: Int64, _ body: @escaping () -> Void) {
        let once = Once(loop: self, body: body)
        guard let registration = try? register(once) else { return }
        once.registration = registration
        setTimer(registration, at: now + nanoseconds)
    }

    /// Has `body` called in the next turn, after the descriptors had theirs.
    package func callInNextTurn(_ body: @escaping () -> Void) {
        call(after: 1, body)
    }

    private final class Once: ReadinessHandler {
        unowned let loop: EventLoop
        let body: () -> Void
        var registration: Registration?

        init(loop: EventLoop, body: @escaping () -> Void) {
            self.loop = loop
            self.body = body
        }

        func readinessChanged(_ readiness: Readiness) {}

        func timerFired() {
            if let registration { loop.deregister(registration) }
            body()
        }
    }
}
