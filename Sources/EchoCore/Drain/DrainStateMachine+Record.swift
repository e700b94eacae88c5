package import Basics
package import Wire

/// One drain: what was asked for, what is in force, and how it ended.
package struct DrainRecord: Hashable, Sendable {
    /// Counts from 1.
    package let id: Int
    package internal(set) var intent: DrainIntent
    /// In force: `close` once mode wait has become it.
    package internal(set) var mode: DrainMode
    package let trigger: DrainTrigger
    package let startedAt: MonotonicTime
    /// In force: counted from `startedAt`.
    package internal(set) var delay: Duration
    package internal(set) var deadline: MonotonicTime
    package internal(set) var acceptQueue: AcceptQueueGuarantee
    /// nil until it is over.
    package internal(set) var result: DrainResult?
    /// When it was over; an undrain of a drain that is over does not change it.
    package internal(set) var endedAt: MonotonicTime?

    /// The whole budget in force, delay included.
    package var timeout: Duration { deadline - startedAt }

    package func elapsed(at now: MonotonicTime) -> Duration { (endedAt ?? now) - startedAt }

    /// The time left, zero when it is past; nil once the drain is over.
    package func remaining(at now: MonotonicTime) -> Duration? {
        result == nil ? max(.zero, deadline - now) : nil
    }
}

/// The schedule of contract.md, section 3, "Times". It follows from the deadline in force, so a join that brings the
/// deadline nearer moves every phase that has not happened yet.
extension DrainRecord {
    /// When the lame duck's time is over.
    var drainingDue: MonotonicTime { startedAt + delay }

    /// R: what the deadline leaves for draining.
    var room: Duration { deadline - drainingDue }

    /// When the last connection is marked: mode wait becomes close, and a spread that began late ends.
    var closingDue: MonotonicTime { deadline - min(.seconds(5), room / 4) }

    /// How long the accept queue is served, and a connection's first line waited for.
    func acceptLinger(_ wanted: Duration) -> Duration { min(wanted, room / 4) }

    /// When an accept linger that began at `start` ends; not before `now`.
    func acceptLingerEnd(_ wanted: Duration, from start: MonotonicTime, now: MonotonicTime) -> MonotonicTime {
        max(now, min(start + acceptLinger(wanted), closingDue))
    }

    /// When a spread that began at `start` ends; not before `now`. One that began with the end of the accept linger
    /// fits by R/4 + R/2; `closingDue` bounds one that began later, when a request joined with mode close.
    func spreadEnd(_ wanted: Duration, from start: MonotonicTime, now: MonotonicTime) -> MonotonicTime {
        max(now, min(start + min(wanted, room / 2), closingDue))
    }
}

/// Joining: only what a request names is changed, and only one way.
extension DrainRecord {
    /// Of a drain that is over only the intent can change.
    mutating func join(_ request: DrainRequest, at now: MonotonicTime) {
        switch request.intent {
        case .hold: break
        case .exit: intent = .exit
        }
        guard result == nil else { return }
        if let named = request.mode { mode = max(mode, named) }
        if let named = request.timeout { deadline = min(deadline, now + named) }
    }

    /// Before draining began the delay can be joined as well. Returns a warning when it had to give way to the
    /// deadline: half of the time left then belongs to draining, for a drain without any would only cut.
    mutating func joinDelay(_ request: DrainRequest, at now: MonotonicTime) -> DrainWarning? {
        if let named = request.delay { delay = min(delay, now + named - startedAt) }
        guard drainingDue >= deadline else { return nil }
        delay = now - startedAt + (deadline - now) / 2
        return .delayShortened(to: delay)
    }

    /// A drain that is over keeps the instant of its end.
    mutating func end(_ result: DrainResult, at now: MonotonicTime) {
        self.result = result
        endedAt = endedAt ?? now
    }
}
