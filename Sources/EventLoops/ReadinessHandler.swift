/// What a loop calls, always on its own thread.
package protocol ReadinessHandler: AnyObject {
    /// The descriptor's conditions changed (edge-triggered), or `EventLoop.callAgain` was asked for (empty set).
    func readinessChanged(_ readiness: Readiness)
    /// The time given to `EventLoop.setTimer` has come; the timer is no longer set.
    func timerFired()
}

/// A handler's place in a loop. Carries a number beside the slot, because slots and descriptor numbers are reused
/// within one batch of events.
package struct Registration: Hashable, Sendable {
    let token: UInt64

    init(slot: Int, serial: UInt32) {
        token = UInt64(serial) << 32 | UInt64(slot)
    }

    init(token: UInt64) {
        self.token = token
    }

    var slot: Int { Int(token & 0xffff_ffff) }
    var serial: UInt32 { UInt32(truncatingIfNeeded: token >> 32) }
}
