extension EventLoop {
    /// Calls `body` once, `nanoseconds` from now. The call cannot be cancelled.
    package func call(after nanoseconds: Int64, _ body: @escaping () -> Void) {
        let once = Once(loop: self, body: body)
        guard let registration = try? register(once) else { return }
        once.registration = registration
        setTimer(registration, at: now + nanoseconds)
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

/// A timer of a loop that can be set again and again. Loop's thread only.
package final class LoopTimer: ReadinessHandler {
    private let loop: EventLoop
    private let fired: () -> Void
    private var registration: Registration?

    package init(on loop: EventLoop, fired: @escaping () -> Void) {
        self.loop = loop
        self.fired = fired
    }

    /// `deadline` is on the clock of `EventLoop.now`; nil cancels the timer.
    package func set(at deadline: Int64?) {
        if registration == nil { registration = try? loop.register(self) }
        if let registration { loop.setTimer(registration, at: deadline) }
    }

    package func readinessChanged(_ readiness: Readiness) {}

    package func timerFired() { fired() }
}
