internal import Basics
internal import EventLoops
internal import Wire

/// One timer per connection, set to the nearest of its deadlines. Traffic does not touch the timer: if traffic has
/// moved a deadline, the connection notices when the timer fires.
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
        retryIfDue(now)
        if let check = writeCheckAt, check <= now { checkWrites(now) }
        checkIdleness(now)
        checkClosing(now)
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
        case .finishing: if closeWatch == nil { consider(idleDeadline) }
        case .closing, .flushing: break
        }
        consider(closeWatch?.periodEnd)
        consider(markDueAt)
        consider(retry?.due)
        consider(writeCheckAt)
        setTimer(at: nearest)
    }

    // MARK: Idle timeout

    private var idleDeadline: Int64? {
        shard.configuration.idleTimeout.map { lastActivity + $0.inNanoseconds }
    }

    /// A client that has shut down its sending side is also idle if it takes no answer.
    private func checkIdleness(_ now: Int64) {
        guard let timeout = shard.configuration.idleTimeout, closeWatch == nil else { return }
        switch phase {
        case .echoing, .finishing: break
        case .closing, .flushing, .lingering, .refused, .ended: return
        }
        guard lastActivity + timeout.inNanoseconds <= now else { return }
        let acknowledged = sent - UInt64(unacknowledgedBytes)
        if acknowledged != acknowledgedAtIdleCheck, let since = socket?.sinceAcknowledgement {
            // The peer has taken bytes since the last check; only the kernel knows when.
            acknowledgedAtIdleCheck = acknowledged
            lastActivity = max(lastActivity, now - since)
        }
        guard lastActivity + timeout.inNanoseconds <= now else { return }
        if case .finishing = phase { watchClosing() } else { beginClosing(.idle) }
    }

    // MARK: Write timeout

    /// Called when answers were written or are waiting.
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

    // MARK: Close timeout

    /// The progress of a client that the server has begun to close outside a drain (contract.md, section 4).
    struct CloseWatch {
        /// Periods with progress that may follow the first.
        static let furtherPeriods: UInt8 = 5

        /// Nanoseconds of the loop's clock.
        var periodEnd: Int64
        var progress: UInt64
        var periodsLeft = Self.furtherPeriods
    }

    /// Called when the server has decided to close this connection outside a drain.
    func watchClosing() {
        guard closeWatch == nil else { return }
        let end = shard.loop.now + shard.configuration.closeTimeout.inNanoseconds
        closeWatch = CloseWatch(periodEnd: end, progress: progress)
        rearmTimer()
    }

    /// Bytes that the peer has acknowledged, and bytes read that count.
    private var progress: UInt64 { sent - UInt64(unacknowledgedBytes) + received - lateDiscarded }

    private func checkClosing(_ now: Int64) {
        guard var watch = closeWatch, watch.periodEnd <= now else { return }
        watch.periodEnd = now + shard.configuration.closeTimeout.inNanoseconds
        // In a drain only its deadline counts.
        if case .none = shard.closing {
            let progress = self.progress
            guard progress != watch.progress, watch.periodsLeft > 0 else { return cutWithLosses(.writeStalled) }
            watch.progress = progress
            watch.periodsLeft -= 1
        }
        closeWatch = watch
    }
}
