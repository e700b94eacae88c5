internal import Basics
internal import EventLoops
internal import Wire

/// One timer a connection, set to the nearest of its times. Traffic does not touch it: a time that traffic has moved is
/// found to be early when it comes.
extension Connection {
    func timerFired() {
        let now = shard.loop.now
        switch phase {
        case .ended: return
        case .refused(let until): if until <= now { return end(.refused) }
        case .lingering(let reason, let until?): if until <= now { return end(reason) }
        case .echoing, .closing, .flushing, .lingering, .finishing: break
        }
        if let due = markDueAt, due <= now { mark() }
        if let check = writeCheckAt, check <= now { checkWrites(now) }
        checkIdleness(now)
        rearmTimer()
    }

    func rearmTimer() {
        var nearest: Int64?
        func consider(_ time: Int64?) {
            if let time { nearest = min(time, nearest ?? time) }
        }
        switch phase {
        case .ended: return
        case .refused(let until): consider(until)
        case .lingering(_, let until): consider(until)
        case .echoing: consider(idleDeadline)
        case .closing, .flushing, .finishing: break
        }
        consider(markDueAt)
        consider(writeCheckAt)
        setTimer(at: nearest)
    }

    // MARK: Idle timeout

    private var idleDeadline: Int64? {
        shard.configuration.idleTimeout.map { lastActivity + $0.inNanoseconds }
    }

    private func checkIdleness(_ now: Int64) {
        guard case .echoing = phase, let timeout = shard.configuration.idleTimeout else { return }
        guard lastActivity + timeout.inNanoseconds <= now else { return }
        let acknowledged = sent - UInt64(unacknowledgedBytes)
        if acknowledged != acknowledgedAtIdleCheck, let since = socket?.sinceAcknowledgement {
            // The peer has taken bytes since the last look; when, only the kernel knows.
            acknowledgedAtIdleCheck = acknowledged
            lastActivity = max(lastActivity, now - since)
        }
        if lastActivity + timeout.inNanoseconds <= now { beginClosing(.idle) }
    }

    // MARK: Write timeout

    /// Answers were written or wait.
    @inline(__always)
    func watchWritesIfAsked() {
        if writeCheckAt == nil, let timeout = shard.configuration.writeTimeout { watchWrites(timeout.inNanoseconds) }
    }

    private func watchWrites(_ timeout: Int64) {
        acknowledgedAtCheck = sent - UInt64(unacknowledgedBytes)
        acknowledgedSince = shard.loop.now
        writeCheckAt = shard.loop.now + timeout / 4
        rearmTimer()
    }

    private func checkWrites(_ now: Int64) {
        writeCheckAt = nil
        guard let timeout = shard.configuration.writeTimeout?.inNanoseconds else { return }
        let unacknowledged = unacknowledgedBytes
        guard !pending.isEmpty || unacknowledged > 0 else { return }
        let acknowledged = sent - UInt64(unacknowledged)
        if acknowledged != acknowledgedAtCheck {
            acknowledgedAtCheck = acknowledged
            acknowledgedSince = now
        }
        if now - acknowledgedSince >= timeout { return cutWithLosses(.writeStalled) }
        writeCheckAt = min(now + timeout / 4, acknowledgedSince + timeout)
    }
}
